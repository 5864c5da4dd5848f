import { formatPlural } from '../../shared/format';
import { StageProgress, type OnProgress } from '../../common/progress';
import type { LayerChoice } from '../../shared/protocol/choices';
import type { NotebookStep } from '../../shared/protocol/report';
import { profiles } from '../../quantize/targets/profiles';
import { selectFloatLayers } from '../diagnosis/rankLayers';
import { NORMAL_95 } from '../../shared/confidence';
import { withChoices } from '../candidate/candidate';
import type { Judge, Judged } from '../candidate/candidateTrials';

/**
 * Partial quantization (paper, section "Partial quantization"): the fewest layers from the top of the ranking that, on a
 * finer grid together, meet the target. Where 8-bit products saturate, weights that do not come before float. What meets the
 * target with all layers in integers gives them away only for a gain beyond noise.
 * @param rank names of all layers, most harmful first; asked for only when the target is missed
 */
export async function refineLayers(
  start: Judged,
  rank: () => Promise<readonly string[]>,
  judge: Judge,
  onProgress: OnProgress | undefined,
): Promise<Judged> {
  let current = start;
  const ways: [LayerChoice, NotebookStep, string][] = [
    ...(profiles[start.candidate.profile].weight.bits < 8
      ? [['uint8', 'grid', 'with unsigned 8-bit weights'] as [LayerChoice, NotebookStep, string]]
      : []),
    ['float', 'float layers', 'in float'],
  ];
  const isEnough = ({ verdict }: Judged) => judge.suffices(verdict.score);
  const ranking = isEnough(current) ? [] : await rank();
  for (const [choice, step, words] of ways) {
    if (isEnough(current) || ranking.length === 0) break;
    const from = current;
    // None, then doubling, then halving.
    const most = 2 * Math.ceil(Math.log2(ranking.length + 1)) + 1;
    const title = choice === 'float' ? 'Choosing layers to keep in float' : 'Choosing layers to refine';
    const progress = new StageProgress('select', title, most, onProgress);
    const tried = new Map<number, Judged>();
    const selection = await selectFloatLayers(
      () => Promise.resolve(ranking),
      async (names) => {
        const candidate = withChoices(from.candidate, names, choice);
        const attempt = await judge.attempt(
          step,
          `${formatPlural(names.length, 'layer')} ${words}`,
          candidate,
        );
        tried.set(names.length, attempt);
        progress.step();
        return attempt.verdict.score;
      },
      (score) => judge.suffices(score),
    );
    progress.end();
    const found = tried.get(selection.keepFloat.length);
    if (found === undefined || selection.keepFloat.length === 0 || !judge.isBetter(from, found)) continue;
    // What is near enough gives no layer away for a gain that may be chance.
    if (choice === 'float' && judge.meets(from) && !judge.isClearlyWorse(found, from, NORMAL_95)) continue;
    found.entry.kept = true;
    current = found;
  }
  return current;
}
