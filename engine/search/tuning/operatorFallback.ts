import { StageProgress, type OnProgress } from '../../common/progress';
import { computes, type Operator } from '../../onnx/layers/operators';
import { formatPlural } from '../../shared/format';
import type { BlamedOperators } from '../../shared/protocol/report';
import { freeOperators, withFreeOperators } from '../candidate/candidate';
import type { Judge, Judged } from '../candidate/candidateTrials';

/** Models scored at the most while operators of a blamed type are let back in. */
const MOST_READMISSIONS = 24;

export interface Blame {
  judged: Judged;
  /** Types of operators that cost accuracy in int8, worst first; those of their nodes that stay in float. */
  blamed: BlamedOperators[];
}

/**
 * Finds out whether what stands between the layers is to blame for a score, and which of it. With all of it in float for
 * comparison, the type whose leaving gains most leaves, again and again, until the target is met or the layers alone are as
 * bad; then its nodes come back by halves where they do no harm.
 */
export async function blameOperators(
  whole: Judged,
  judge: Judge,
  onProgress: OnProgress | undefined,
): Promise<Blame> {
  const present = freeOperators(whole.candidate);
  if (present.length === 0 || judge.aims(whole)) return { judged: whole, blamed: [] };
  const types = [...new Set(present.filter(computes).map((o) => o.opType))];
  const most = 1 + (types.length * (types.length + 1)) / 2 + MOST_READMISSIONS;
  const progress = new StageProgress('choose', 'Finding operators to blame', most, onProgress);
  const attempt = async (tried: string, names: Iterable<string>) => {
    const judged = await judge.attempt('operators', tried, withFreeOperators(whole.candidate, names));
    progress.step();
    return judged;
  };

  const bare = await attempt('Only the layers in int8, what stands between in float', []);
  if (!judge.isClearlyWorse(bare, whole)) {
    progress.end();
    return { judged: whole, blamed: [] };
  }
  let current = whole;
  const left = new Set(types);
  const blamed: BlamedOperators[] = [];
  const namesOf = (keep: (o: Operator) => boolean) => present.filter(keep).map((o) => o.name);
  while (left.size > 0 && !judge.aims(current) && judge.isClearlyWorse(bare, current)) {
    const tries: (Judged & { type: string })[] = [];
    for (const type of left) {
      const names = namesOf((o) => !computes(o) || (left.has(o.opType) && o.opType !== type));
      tries.push({
        ...(await attempt(
          `Without ${[...types].filter((t) => !left.has(t) || t === type).join(', ')}`,
          names,
        )),
        type,
      });
    }
    const best = tries.reduce((a, b) => (judge.isBetter(a, b) ? b : a));
    // Nothing gains on its own: then they leave together.
    if (!judge.isBetter(current, best)) break;
    best.entry.kept = true;
    left.delete(best.type);
    const gain = best.verdict.score - current.verdict.score;
    blamed.push({ opType: best.type, nodes: namesOf((o) => o.opType === best.type), gain });
    current = best;
  }
  if (!judge.aims(current) && !judge.isClearlyWorse(current, bare) && judge.isBetter(current, bare)) {
    bare.entry.kept = true;
    for (const type of left) blamed.push({ opType: type, nodes: namesOf((o) => o.opType === type), gain: 0 });
    current = bare;
  }
  const result = await readmit(current, blamed, judge, attempt);
  progress.end();
  return result;
}

/** Lets nodes of the blamed types back into int8, half by half, where the score does not clearly suffer. */
async function readmit(
  start: Judged,
  blamed: BlamedOperators[],
  judge: Judge,
  attempt: (tried: string, names: Iterable<string>) => Promise<Judged>,
): Promise<Blame> {
  let current = start;
  let left = MOST_READMISSIONS;
  const kept: BlamedOperators[] = [];
  for (const { opType, nodes, gain } of blamed) {
    const culprits: string[] = [];
    // The whole type was tried already.
    const queue = nodes.length === 1 ? [] : halves(nodes);
    if (nodes.length === 1) culprits.push(...nodes);
    for (let group = queue.shift(); group !== undefined; group = queue.shift()) {
      if (left-- <= 0) {
        culprits.push(...group);
        continue;
      }
      const names = [...current.candidate.operators, ...group];
      const tried = await attempt(`${formatPlural(group.length, opType)} back in int8`, names);
      const isHarmless = judge.aims(tried) || (!judge.aims(current) && !judge.isClearlyWorse(current, tried));
      if (isHarmless) {
        tried.entry.kept = true;
        current = tried;
      } else if (group.length === 1) culprits.push(...group);
      else queue.push(...halves(group));
    }
    if (culprits.length > 0) kept.push({ opType, nodes: culprits, gain });
  }
  return { judged: current, blamed: kept };
}

function halves<T>(list: readonly T[]): T[][] {
  const middle = Math.ceil(list.length / 2);
  return [list.slice(0, middle), list.slice(middle)].filter((half) => half.length > 0);
}
