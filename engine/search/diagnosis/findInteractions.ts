import type { Measured } from '../../evaluate/baseline';
import type { Run } from '../../common/run';
import { StageProgress } from '../../common/progress';
import type { Interactions, LayerPair } from '../../shared/protocol/report';
import type { WorkerPool } from '../../runtime/workerPool';
import { judgeVariants, type JudgedVariant } from '../../evaluate/evaluateVariants';
import { rankLayers } from './rankLayers';
import { NORMAL_97_5, pairedDifference, type WeightedValue } from '../../stats/pairedDifference';
import { NORMAL_95 } from '../../shared/confidence';
import { buildModel, layersAlone, withChoices, type Candidate } from '../candidate/candidate';
import type { LayerScore } from './layerSensitivity';

/** Layers whose pairs are tried: fifteen pairs. */
const MOST_LAYERS = 6;
/** Of fifteen pairs that do nothing to each other, about one would be beyond two standard errors by chance. */
const PAIR_ERRORS = 3;

/**
 * Whether layers cost together what they cost alone. Everything in int8, with nothing between the layers, is held against the
 * layers alone, sample by sample, since what is hard for one is hard for others too. Of layers that were settled early few samples
 * are known: where nothing shows on these, the layers that cost most are run alone and together on all. Where the joint result is
 * off the sum by more than the samples' noise, pairs of the layers that cost most are measured, and held against their two layers
 * in the same way.
 * @param scores each layer alone in int8
 * @returns `null` where the drops add up, and for scores in decibels, which never do
 */
export async function findInteractions(
  pool: WorkerPool,
  { dataset, chooser }: Measured,
  candidate: Candidate,
  scores: readonly LayerScore[],
  { onProgress, signal }: Run,
): Promise<Interactions | null> {
  if (dataset.metric === 'sqnr' || scores.length < 2) return null;
  const bare = layersAlone(candidate);
  const names = candidate.base.layers.map((l) => l.name);
  /** Only these in int8. */
  const inInt8 = (layers: readonly string[]) =>
    buildModel(
      withChoices(
        bare,
        names.filter((name) => !layers.includes(name)),
        'float',
      ),
    );
  const base = inInt8([]);
  const judge = async (sets: readonly (readonly string[])[], title: string) => {
    const progress = new StageProgress('sensitivity', title, sets.length, onProgress);
    const variants = sets.map((layers, i) => ({ name: String(i), build: () => inInt8(layers) }));
    const onVerdict = () => progress.step();
    const { verdicts } = await judgeVariants(pool, chooser, base, variants, { onVerdict, signal });
    return sets.map((_, i) => verdicts.get(String(i)));
  };
  const float = chooser.floatSamples;
  const top = rankLayers(scores)
    .slice(0, MOST_LAYERS)
    .map((s) => s.name);
  /** By layer, what it scores alone on all samples. */
  const alone = new Map(
    scores.flatMap(({ name, values }) => (values.size === float.length ? [[name, values]] : [])),
  );
  /** Runs sets of layers, and alone what is not known of the layers that cost most. */
  const judgeWithAlone = async (sets: readonly (readonly string[])[], title: string) => {
    const missing = top.filter((name) => !alone.has(name));
    const found = await judge([...sets, ...missing.map((name) => [name])], title);
    missing.forEach((name, i) => alone.set(name, valuesOf(found[sets.length + i])));
    return found.slice(0, sets.length);
  };
  const isPartial = alone.size < scores.length;
  // Asked twice, there are two chances to be wrong.
  const errors = isPartial ? NORMAL_97_5 : NORMAL_95;
  const ifOff = (sum: Sum | null) =>
    sum !== null && Math.abs(sum.jointDrop - sum.sumOfDrops) > errors * sum.standardError ? sum : null;
  const [joint] = await judge([names], 'Trying all layers together');
  const ofAll = scores.map((s) => s.values);
  let sum = ifOff(heldAgainstSum(float, ofAll, valuesOf(joint)));
  let isOfTop = false;
  if (sum === null && isPartial) {
    const [together] = await judgeWithAlone([top], 'Trying the layers that cost most together');
    const each = top.flatMap((name) => alone.get(name) ?? []);
    sum = ifOff(heldAgainstSum(float, each, valuesOf(together)));
    isOfTop = top.length < scores.length;
  }
  if (sum === null) return null;

  const pairs = top.flatMap((a, i) => top.slice(i + 1).map((b): [string, string] => [a, b]));
  const found = await judgeWithAlone(pairs, 'Trying pairs of layers');
  return {
    ...sum,
    layers: isOfTop ? top.length : null,
    pairs: pairs.flatMap((layers, i): LayerPair[] => {
      const each = layers.flatMap((name) => alone.get(name) ?? []);
      const both = heldAgainstSum(float, each, valuesOf(found[i]));
      if (both === null) return [];
      const { jointDrop: drop, sumOfDrops, standardError } = both;
      const isBeyondNoise = Math.abs(drop - sumOfDrops) > PAIR_ERRORS * standardError;
      return [{ layers, drop, sum: sumOfDrops, standardError, isBeyondNoise }];
    }),
  };
}

function valuesOf(verdict: JudgedVariant | undefined): ReadonlyMap<number, number> {
  return new Map(verdict?.samples.map(({ value }, i) => [i, value]));
}

type Sum = Omit<Interactions, 'pairs' | 'layers'>;

/**
 * What layers score together and in sum, on the samples that all of them were run on; `null` where these tell nothing.
 * @param alone by layer, what it scores on samples by their index
 * @param joint the same of all of them together
 */
function heldAgainstSum(
  float: readonly WeightedValue[],
  alone: readonly ReadonlyMap<number, number>[],
  joint: ReadonlyMap<number, number>,
): Sum | null {
  const common = [...float.entries()].filter(([i]) => [joint, ...alone].every((values) => values.has(i)));
  if (common.length < 2) return null;
  const floats = common.map(([, sample]) => sample);
  const added = common.map(([i, { value, weight }]) => {
    const changes = alone.reduce((n, values) => n + (values.get(i) ?? value) - value, 0);
    return { value: value + changes, weight };
  });
  const together = common.map(([i, { value, weight }]) => ({ value: joint.get(i) ?? value, weight }));
  return {
    samples: common.length,
    jointDrop: 0 - pairedDifference(floats, together).difference,
    sumOfDrops: 0 - pairedDifference(floats, added).difference,
    standardError: pairedDifference(added, together).standardError,
  };
}
