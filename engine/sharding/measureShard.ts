import type { Measured, Resolved } from '../evaluate/baseline';
import type { Run } from '../common/run';
import { StageProgress } from '../common/progress';
import type { AnalyzeSettings } from '../shared/protocol/settings';
import type { WorkerPool } from '../runtime/workerPool';
import { judgeVariants, type JudgedVariant } from '../evaluate/evaluateVariants';
import { shareOf, type Shard } from '../common/shards';
import { spread } from '../stats/spread';
import { aloneOptions, jointOf } from '../search/diagnosis/earlyStopping';
import type { FixedChoices } from '../search/candidate/candidate';
import { withoutVariants } from '../search/diagnosis/explainLayers';
import type { Judged } from '../search/candidate/candidateTrials';
import type { Subject, SubjectKind } from '../search/diagnosis/layerVariants';
import type { MeasuredPlaces, Measurement } from './mergedRatings';
import { aloneVariants } from '../search/diagnosis/layerSensitivity';
import { networkKey } from '../search/candidate/candidateKey';
import { beginWorkflow, type Begun } from '../search/tuning/tuneModel';

const titles: Record<SubjectKind, string> = {
  alone: 'Trying layers alone in int8',
  without: 'Trying everything in int8 but one layer',
};

/**
 * Measures one part of all that the workflow will ask of single layers; what it asks is decided as every other machine does.
 * @throws EngineError `runtime`, `cancelled`
 */
export async function measureShare(
  pool: WorkerPool,
  measured: Measured,
  settings: Resolved<AnalyzeSettings>,
  fixed: FixedChoices,
  shard: Shard,
  run: Run,
): Promise<Measurement[]> {
  const { chooser } = measured;
  const begun = await beginWorkflow(pool, measured, settings, { fixed, refine: true, rank: true }, run);
  const measurements: Measurement[] = [];
  for (const { subject, judged } of subjectsOf(begun)) {
    const { kind, candidate, base, variants } = subject;
    const samples = chooser.samples.length;
    const share = shareOf(
      variants.map((v) => v.name),
      samples,
      shard,
    );
    const progress = new StageProgress('sensitivity', titles[kind], share.size, run.onProgress);
    const { verdicts, isWhole } = await judgeVariants(pool, chooser, base, variants, {
      share,
      ...(kind === 'alone'
        ? aloneOptions(chooser, settings.targetDrop, variants.length, jointOf(judged))
        : {}),
      onVerdict: () => progress.step(),
      signal: run.signal,
    });
    const layers = [...share].flatMap(([name, { from }]): MeasuredPlaces[] => {
      const verdict = verdicts.get(name);
      return verdict === undefined ? [] : [{ name, from, ...inOrder(verdict, samples) }];
    });
    measurements.push({ kind, network: networkKey(candidate), samples, isWhole, layers });
  }
  return measurements;
}

/** What the workflow and its explanations will measure of single layers, each once, and what these are the layers of. */
function subjectsOf({ judge, whole, current }: Begun): { subject: Subject; judged: Judged }[] {
  const alone = judge.suffices(current.verdict.score) ? [whole] : [current, whole];
  const subjects = alone.map((judged) => ({ subject: aloneVariants(judged.candidate), judged }));
  const keys = subjects.map(({ subject }) => networkKey(subject.candidate));
  const own = subjects.filter((_, i) => keys.indexOf(keys[i] ?? '') === i);
  return judge.aims(whole) ? own : [...own, { subject: withoutVariants(whole.candidate), judged: whole }];
}

/** What was measured, in the order of the samples. */
export function inOrder(
  { indices, ratings }: JudgedVariant,
  samples: number,
): Pick<MeasuredPlaces, 'values' | 'weights' | 'sqnrDb' | 'cosine'> {
  const byIndex = new Map(indices.map((index, i) => [index, ratings[i]]));
  const ordered = spread(samples).flatMap((index) => byIndex.get(index) ?? []);
  return {
    values: Float64Array.from(ordered, ({ score }) => score.value),
    weights: Float64Array.from(ordered, ({ score }) => score.weight),
    sqnrDb: Float64Array.from(ordered, ({ sqnrDb }) => sqnrDb ?? NaN),
    cosine: Float64Array.from(ordered, ({ cosine }) => cosine ?? NaN),
  };
}
