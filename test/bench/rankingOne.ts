// The measuring half of test/bench/rankingBench.mjs, for one model: MODEL DATA COUNT WEIGHTS. Prints JSON.
import { ascending, rank } from 'd3-array';
import { isNoise } from '../../engine/shared/format';
import type { MeasuredLayer } from '../../engine/shared/protocol/report';
import type { WeightGranularity } from '../../engine/shared/protocol/choices';
import { WorkerPool } from '../../engine/runtime/workerPool';
import { judgeVariants } from '../../engine/evaluate/evaluateVariants';
import { pairedDifference } from '../../engine/stats/pairedDifference';
import { aloneVariants, foretellLayers, measureLayers } from '../../engine/search/diagnosis/layerSensitivity';
import { rankLayers } from '../../engine/search/diagnosis/rankLayers';
import { encodeCandidate, layersAlone, planOf } from '../../engine/search/candidate/candidate';
import { layersOf } from '../engine/layersOf';

const [path = '', data = '', count = '', weights = 'per-channel'] = process.argv.slice(2);
const pool = new WorkerPool(2);

/** Pearson's correlation of the ranks; equal values share theirs. */
function spearman(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [a, b].map((values) => shared(values));
  const mean = (a.length - 1) / 2;
  const sum = (f: (i: number) => number) => a.reduce((total, _, i) => total + f(i), 0);
  const of = (values: readonly number[] | undefined, i: number) => (values?.[i] ?? 0) - mean;
  return sum((i) => of(x, i) * of(y, i)) / Math.sqrt(sum((i) => of(x, i) ** 2) * sum((i) => of(y, i) ** 2));
}

function shared(values: readonly number[]): number[] {
  const ranks = Array.from(rank(values, ascending));
  return values.map((value) => {
    const equal = ranks.filter((_, i) => values[i] === value);
    return Math.min(...equal) + (equal.length - 1) / 2;
  });
}

async function main(): Promise<unknown> {
  const granularity = weights as WeightGranularity;
  const { measured, candidate } = await layersOf(pool, path, data, Number(count), granularity);
  const foretold = foretellLayers(candidate, planOf(layersAlone(candidate)));
  const early = new Map<string, NonNullable<MeasuredLayer['alone']>>();
  const onMeasured = (layers: readonly MeasuredLayer[]) => {
    for (const { name, alone } of layers) if (alone !== null && !early.has(name)) early.set(name, alone);
  };
  const { chooser } = measured;
  const verdict = await chooser.judge(encodeCandidate(candidate));
  const settled = await measureLayers(pool, measured, { candidate, verdict }, 0.01, { onMeasured });
  // An analysis ends layers early; what it is held against is of all samples.
  const { base, variants } = aloneVariants(candidate);
  const { verdicts } = await judgeVariants(pool, chooser, base, variants);
  const scores = settled.map((score) => {
    const { samples, sqnrDb: outputDb } = verdicts.get(score.name) ?? verdict;
    const { difference, standardError } = pairedDifference(chooser.floatSamples, samples);
    return { ...score, drop: -difference, standardError, outputDb };
  });
  const few = rankLayers([...early].map(([name, alone]) => ({ name, ...alone })));
  const depths = {
    foretold: new Map(foretold.map(({ name, sqnrDb }) => [name, sqnrDb])),
    local: new Map(scores.map(({ name, sqnrDb }) => [name, sqnrDb])),
    'early ends': new Map(rankLayers(settled).map(({ name }, place) => [name, place])),
    'few samples': new Map(few.map(({ name }, place) => [name, place])),
    'few, noise': new Map([...early].map(([name, { outputDb }]) => [name, outputDb])),
  };
  // Where the metric cannot tell, noise at the outputs on all samples takes its place.
  const clear = scores.filter((s) => s.drop > 0 && !isNoise(s));
  const worst = scores.reduce((a, b) => (b.drop > a.drop ? b : a));
  const hasWorst = clear.includes(worst);
  return Object.fromEntries([
    ['layers', scores.length],
    ['clear', clear.length],
    ...Object.entries(depths).map(([depth, db]) => {
      const of = (name: string) => -(db.get(name) ?? Infinity);
      const first = scores.toSorted((a, b) => of(b.name) - of(a.name)).findIndex((s) => s === worst);
      return [
        depth,
        {
          byDrop:
            clear.length < 3
              ? null
              : spearman(
                  clear.map((s) => s.drop),
                  clear.map((s) => of(s.name)),
                ),
          byNoise: spearman(
            scores.map((s) => -s.outputDb),
            scores.map((s) => of(s.name)),
          ),
          placeOfWorst: hasWorst ? first + 1 : null,
        },
      ];
    }),
  ]);
}

void main()
  .then((result) => console.log(JSON.stringify(result)))
  .finally(() => pool.dispose());
