import type { Measured, Run } from '../preparation';
import { StageProgress } from '../progress';
import type { Interactions, LayerPair } from '../protocol';
import type { WorkerPool } from '../runtime/workerPool';
import { judgeVariants, type JudgedVariant } from '../sensitivity/judgeVariants';
import { rankLayers } from '../sensitivity/selectFloatLayers';
import { NORMAL_95, NORMAL_97_5, pairedDifference, type WeightedValue } from '../stats/pairedDifference';
import { buildModel, layersAlone, withChoices, type Candidate } from './candidate';
import type { LayerScore } from './measureLayers';

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
  const isPartial = scores.some(({ values }) => values.size < float.length);
  // Asked twice, there are two chances to be wrong.
  const errors = isPartial ? NORMAL_97_5 : NORMAL_95;
  const ifOff = (sum: Sum | null) =>
    sum !== null && Math.abs(sum.jointDrop - sum.sumOfDrops) > errors * sum.standardError ? sum : null;
  const [joint] = await judge([names], 'Trying all layers together');
  const ofAll = scores.map((s) => s.values);
  let sum = ifOff(heldAgainstSum(float, ofAll, joint));
  let alone: (JudgedVariant | undefined)[] | undefined;
  const eachOfTop = top.map((name) => [name]);
  if (sum === null && isPartial) {
    const [together, ...each] = await judge([top, ...eachOfTop], 'Trying the layers that cost most together');
    const onAll = each.map((verdict) => new Map(verdict?.samples.map(({ value }, i) => [i, value])));
    sum = ifOff(heldAgainstSum(float, onAll, together));
    alone = each;
  }
  if (sum === null) return null;

  const pairs = top.flatMap((a, i) => top.slice(i + 1).map((b): [string, string] => [a, b]));
  const found = await judge([...pairs, ...(alone === undefined ? eachOfTop : [])], 'Trying pairs of layers');
  const singles = alone ?? found.slice(pairs.length);
  const byName = new Map(top.map((name, i) => [name, singles[i]]));
  return {
    ...sum,
    layers: alone === undefined || top.length === scores.length ? null : top.length,
    pairs: pairs.flatMap((layers, i): LayerPair[] => {
      const both = found[i];
      const [a, b] = layers.map((name) => byName.get(name));
      return both === undefined || a === undefined || b === undefined
        ? []
        : [{ layers, ...pairOf(float, a, b, both) }];
    }),
  };
}

type Sum = Omit<Interactions, 'pairs' | 'layers'>;

/**
 * What layers score together and in sum, on the samples that all of them were run on; `null` where these tell nothing.
 * @param alone by layer, what it scores on samples by their index
 */
function heldAgainstSum(
  float: readonly WeightedValue[],
  alone: readonly ReadonlyMap<number, number>[],
  joint: JudgedVariant | undefined,
): Sum | null {
  const common = [...float.keys()].filter((i) => alone.every((values) => values.has(i)));
  if (joint === undefined || common.length < 2) return null;
  const floats = common.flatMap((i) => float[i] ?? []);
  const added = common.map((i) => {
    const { value, weight } = float[i] ?? { value: 0, weight: 0 };
    const changes = alone.reduce((n, values) => n + (values.get(i) ?? value) - value, 0);
    return { value: value + changes, weight };
  });
  const together = common.flatMap((i) => joint.samples[i] ?? []);
  return {
    samples: common.length,
    jointDrop: 0 - pairedDifference(floats, together).difference,
    sumOfDrops: 0 - pairedDifference(floats, added).difference,
    standardError: pairedDifference(added, together).standardError,
  };
}

function pairOf(
  float: readonly WeightedValue[],
  a: JudgedVariant,
  b: JudgedVariant,
  both: JudgedVariant,
): Omit<LayerPair, 'layers'> {
  const added = float.map(({ value, weight }, s) => ({
    value: (a.samples[s]?.value ?? value) + (b.samples[s]?.value ?? value) - value,
    weight,
  }));
  const { difference, standardError } = pairedDifference(added, both.samples);
  return {
    drop: 0 - pairedDifference(float, both.samples).difference,
    sum: 0 - pairedDifference(float, added).difference,
    standardError,
    isBeyondNoise: Math.abs(difference) > PAIR_ERRORS * standardError,
  };
}
