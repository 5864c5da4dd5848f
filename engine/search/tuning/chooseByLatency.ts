import { type Operator, computes } from '../../onnx/layers/operators';
import type { Evaluator } from '../../evaluate/evaluator';
import { isFaster, measureLatencies, speedup, type Latency } from '../../evaluate/latency';
import { StageProgress, type OnProgress } from '../../common/progress';
import type { RuntimeWorker, Session } from '../../runtime/runtimeWorker';
import { encodeCandidate, freeOperators, withFreeOperators, type Candidate } from '../candidate/candidate';
import type { Judge, Judged } from '../candidate/candidateTrials';

/** Operators that compute nothing and have slow integer forms. */
const slowMoves = new Set(['MaxPool', 'ReduceMax', 'DepthToSpace']);

/** What takes time: not what only moves values, but for a few. */
function takesTime(operator: Operator): boolean {
  return computes(operator) || slowMoves.has(operator.opType);
}

/** A change has to gain this share of the time, or it is within what the machine's noise makes of nothing. */
const LEAST_GAIN = 0.02;

/**
 * Takes operators out of int8 that cost more time there than in float: onnxruntime's integer pooling is slow, and what
 * stands alone among floats pays for two conversions. All variants are timed in turns on the same samples. Among
 * candidates with the same layers in integers, the fastest that scores no worse wins.
 */
export async function chooseByLatency(
  start: Judged,
  judge: Judge,
  worker: RuntimeWorker,
  { samples }: Pick<Evaluator, 'samples'>,
  outputs: string[],
  onProgress: OnProgress | undefined,
  signal: AbortSignal | undefined,
): Promise<Judged> {
  let current = start;
  const refused = new Set<string>();
  const typesIn = (candidate: Candidate) => [
    ...new Set(
      freeOperators(candidate)
        .filter(takesTime)
        .map((o) => o.opType),
    ),
  ];
  const rounds = typesIn(start.candidate).length + 1;
  const progress = new StageProgress('choose', 'Timing operators in int8 and in float', rounds, onProgress);
  for (let round = 0; round < rounds; round++) {
    const { candidate } = current;
    const without = (type: string) =>
      withFreeOperators(
        candidate,
        freeOperators(candidate)
          .filter((o) => o.opType !== type)
          .map((o) => o.name),
      );
    const types = typesIn(candidate).filter((type) => !refused.has(type));
    const variants = [
      { type: null, candidate },
      ...types.map((type) => ({ type, candidate: without(type) })),
      ...(types.length > 1 ? [{ type: 'all', candidate: withFreeOperators(candidate, []) }] : []),
    ];
    if (types.length === 0) break;
    const times = await timeAll(worker, variants, outputs, samples, signal);
    progress.step();
    const [now, ...others] = times;
    const order = others
      .flatMap((latency, i) => {
        const variant = variants[i + 1];
        return now === undefined || variant === undefined
          ? []
          : [{ ...variant, latency, gain: speedup(now, latency).median }];
      })
      .filter(({ latency }) => now !== undefined && isFaster(now, latency, LEAST_GAIN))
      .sort((a, b) => b.gain - a.gain);
    let changed = false;
    for (const { type, candidate: faster, latency } of order) {
      const words = type === 'all' ? 'what stands between layers' : (type ?? '');
      const tried = await judge.attempt('latency', `${words} in float`, faster);
      tried.entry.latencyMs = latency.median;
      const isFine =
        judge.aims(tried) ||
        (!judge.isClearlyWorse(current, tried) && judge.meets(tried) === judge.meets(current));
      if (!isFine) {
        if (type !== null) refused.add(type);
        continue;
      }
      tried.entry.kept = true;
      current = tried;
      changed = true;
      break;
    }
    if (!changed) break;
  }
  progress.end();
  return current;
}

async function timeAll(
  worker: RuntimeWorker,
  variants: readonly { candidate: Candidate }[],
  outputs: string[],
  samples: Evaluator['samples'],
  signal: AbortSignal | undefined,
): Promise<Latency[]> {
  const sessions: Session[] = [];
  try {
    for (const { candidate } of variants)
      sessions.push(await worker.load(encodeCandidate(candidate), { threads: 1 }));
    return await measureLatencies(sessions, outputs, samples, signal);
  } finally {
    for (const session of sessions) await session.release();
  }
}
