import { findBlocks } from '../../onnx/layers/blocks';
import type { Measured } from '../../evaluate/baseline';
import type { Run } from '../../common/run';
import { StageProgress } from '../../common/progress';
import type { OperatorReport } from '../../shared/protocol/report';
import { reachedOperators } from '../../quantize/write/integerOperators';
import { withRoundedTensors } from '../../quantize/roundTensors';
import type { WorkerPool } from '../../runtime/workerPool';
import { gridNoise } from '../../evaluate/noise/gridNoise';
import { judgeVariants, type JudgedVariant } from '../../evaluate/evaluateVariants';
import { pairedDifference } from '../../stats/pairedDifference';
import { decibels } from '../../stats/sqnr';
import { computes } from '../../onnx/layers/operators';
import { buildModel, freeOperators, planOf, withOperators, type Candidate } from '../candidate/candidate';
import { firstSamples } from './earlyStopping';
import { aloneVariants } from './layerSensitivity';
import { ownValue } from '../../shared/ownValue';

/** Of those that nobody blames. */
const FEW = 16;
/** So many of the noisiest are tried on all samples. */
const NOISIEST = 10;

export type MeasuredOperator = Omit<OperatorReport, 'decision'>;

/**
 * What the operators between the layers cost: each alone rounded, the rest in float, on the first few samples; the noisiest on
 * all of them.
 * @param whole everything in int8
 * @param isBlamed whether some cost accuracy: then all are tried, and everything in int8 but each of the noisiest; else those alone
 *   whose grids add most noise, to show that it is little
 */
export async function measureOperators(
  pool: WorkerPool,
  { chooser }: Measured,
  whole: Candidate,
  isBlamed: boolean,
  { onProgress, signal }: Run,
): Promise<MeasuredOperator[]> {
  const { histograms, model } = whole.base;
  const plan = planOf(whole);
  const layers = whole.base.layers.filter((l) => plan.layers.has(l.name));
  // What no integer reaches stays in float, whatever the plan says.
  const operators = reachedOperators(plan, layers, freeOperators(whole)).filter(computes);
  const rounded = operators
    .flatMap((operator) => {
      const grids = new Map(
        operator.outputs.flatMap((tensor) => {
          const grid = plan.activations.get(tensor);
          return grid === undefined ? [] : [[tensor, grid] as const];
        }),
      );
      const shares = [...grids].map(([tensor, grid]) => {
        const state = ownValue(histograms, tensor);
        return state === undefined ? 0 : gridNoise(state, grid);
      });
      const sqnrDb = decibels(1, Math.max(0, ...shares));
      return grids.size === 0 ? [] : [{ name: operator.name, operator, grids, sqnrDb }];
    })
    .sort((a, b) => a.sqnrDb - b.sqnrDb);
  const variants = isBlamed ? rounded : rounded.slice(0, FEW);
  const { base } = aloneVariants(whole);
  const progress = new StageProgress(
    'sensitivity',
    'Trying what stands between the layers',
    variants.length,
    onProgress,
  );
  const noisiest = (verdicts: ReadonlyMap<string, JudgedVariant>) =>
    [...verdicts].sort(([, a], [, b]) => a.sqnrDb - b.sqnrDb).slice(0, NOISIEST);
  const { verdicts } = await judgeVariants(
    pool,
    chooser,
    base,
    variants.map(({ name, grids }) => ({
      name,
      build: () => withRoundedTensors(base, grids, plan.profile),
    })),
    {
      first: firstSamples(chooser.samples.length, variants.length),
      goesOn: (firsts) => new Set(noisiest(firsts).map(([name]) => name)),
      onVerdict: () => progress.step(),
      signal,
    },
  );
  const without = isBlamed
    ? await leftOut(
        pool,
        chooser,
        whole,
        noisiest(verdicts).map(([name]) => name),
        { onProgress, signal },
      )
    : new Map<string, OperatorReport['without']>();
  const blocks = findBlocks(model.graph);
  return variants
    .flatMap(({ name, operator, sqnrDb }): MeasuredOperator[] => {
      const verdict = verdicts.get(name);
      if (verdict === undefined) return [];
      const float = verdict.indices.flatMap((i) => chooser.floatSamples[i] ?? []);
      const { difference, standardError } = pairedDifference(float, verdict.samples);
      const block = blocks.find(({ nodes }) => operator.nodes.some((n) => nodes.includes(n.name)));
      return [
        {
          ...{ name, opType: operator.opType, block: block?.kind ?? null },
          ...{ sqnrDb, outputDb: verdict.sqnrDb },
          // Not −0, which JSON does not know.
          drop: 0 - difference,
          ...{ standardError, samples: verdict.indices.length, without: without.get(name) ?? null },
        },
      ];
    })
    .sort((a, b) => a.outputDb - b.outputDb);
}

/** Everything in int8 but one operator. */
async function leftOut(
  pool: WorkerPool,
  chooser: Measured['chooser'],
  whole: Candidate,
  names: readonly string[],
  { onProgress, signal }: Run,
): Promise<Map<string, OperatorReport['without']>> {
  const title = 'Trying everything in int8 but one operator';
  const progress = new StageProgress('sensitivity', title, names.length, onProgress);
  const variants = names.map((name) => ({
    name,
    build: () =>
      buildModel(
        withOperators(
          whole,
          [...whole.operators].filter((other) => other !== name),
        ),
      ),
  }));
  const { verdicts } = await judgeVariants(pool, chooser, buildModel(whole), variants, {
    onVerdict: () => progress.step(),
    signal,
  });
  return new Map(
    [...verdicts].map(([name, { score, samples: own }]) => {
      const { standardError } = pairedDifference(chooser.floatSamples, own);
      return [name, { score, standardError }];
    }),
  );
}
