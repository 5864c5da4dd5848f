import { floatValues } from '../../onnx/tensors/elements';
import type { Layer } from '../../onnx/layers/layers';
import type { Cause } from '../../shared/protocol/report';
import type { QuantPlan } from '../../quantize/plan';
import { channelMagnitudes, outputChannels } from '../../quantize/weightChannels';
import { weightBits } from '../../quantize/weightBits';
import { stableRank } from '../../stats/stableRank';
import { bits, gainOf } from './noiseShares';
import { weightNoise } from '../../evaluate/noise/estimatedSqnr';

/** Ranges that differ so many times waste three bits of eight. */
export const UNLIKE = 8;
/** Noise that is so many times what is foretold for inputs of any direction comes from their directions. */
const DIRECTED = 4;
/** A weight that acts along no more than this share of the directions it could. */
const FEW_DIRECTIONS = 1 / 4;

/** Noise at a layer's output as shares of its signal: all of it, and that of its weights. */
interface Noise {
  total: number;
  own: number;
}

/**
 * What one scale for all output channels of a weight costs, where their ranges differ much: most channels coarse
 * (`weight-channels`), or most fine and some without any code but 0 (`lost-channels`).
 * @returns with how many times as far the widest reaches as the middle one
 */
export function unlikeChannels(
  layer: Layer,
  { weights, profile }: Pick<QuantPlan, 'weights' | 'profile'>,
  { total, own }: Noise,
): { cause: Cause; times: number } | null {
  const { node, weight } = layer;
  if (weight === null || weights === 'per-channel') return null;
  const channels = outputChannels(node, weight.dims.map(Number));
  // What is zero already loses nothing.
  const sorted = channelMagnitudes(floatValues(weight), channels)
    .filter((r) => r > 0)
    .sort();
  const [least = 0, middle = 0, most = 0] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)];
  const times = most / (middle || 1);
  if (times < UNLIKE && most / (least || 1) < UNLIKE * UNLIKE) return null;
  // Half a step of the scale that all share.
  const lost = sorted.filter(
    (r) => r < most / (2 ** (weightBits(layer, 'int8', profile) - 1) - 1) / 2,
  ).length;
  const shared = {
    remedy: 'Give each channel its own scale (weights per channel), or equalize it with the layer before.',
    gainDb: gainOf(total, own, weightNoise(layer, { weights: 'per-channel', profile })),
  };
  if (times < UNLIKE && lost > 0) {
    const reason = `With one scale for all, ${lost} of ${channels.count} channels of its weight round to nothing: they reach less than half a step of the widest one's scale.`;
    return { cause: { kind: 'lost-channels', reason, ...shared }, times };
  }
  const nothing = lost === 0 ? '' : `, and ${lost} of ${channels.count} round to nothing`;
  const reason = `With one scale for all, half the channels of its weight have no more than ${bits(8 - Math.log2(times))} of 8 bits: the widest reaches ${times.toFixed(0)} times as far as the middle one${nothing}.`;
  return { cause: { kind: 'weight-channels', reason, ...shared }, times };
}

/**
 * A weight of low rank lets little of its input through, and its rounding, which has no such directions, lets all of it: where the
 * noise of the weights at the output is many times what inputs without a direction would make, that is where it comes from.
 * @param own measured noise of the weights at the output, as a share of the signal
 */
export function fewDirections(
  layer: Layer,
  plan: Pick<QuantPlan, 'weights' | 'profile'>,
  own: number,
): Cause | null {
  const { weight, node } = layer;
  const foretold = weightNoise(layer, plan);
  if (weight === null || foretold === 0 || own < DIRECTED * foretold) return null;
  const { count, of } = outputChannels(node, weight.dims.map(Number));
  const values = floatValues(weight);
  const inputs = values.length / count;
  const directions = Math.min(count, inputs);
  const rows = new Float64Array(values.length);
  const filled = new Int32Array(count);
  values.forEach((w, i) => {
    const row = of(i);
    rows[row * inputs + (filled[row] ?? 0)] = w;
    filled[row] = (filled[row] ?? 0) + 1;
  });
  const rank = stableRank(rows, count, inputs);
  if (rank > FEW_DIRECTIONS * directions) return null;
  return {
    kind: 'low-rank',
    reason: `Its weight acts along about ${rank.toFixed(1)} of ${directions} directions (stable rank), and what it reads lies mostly along others: rounding lets ${(10 * Math.log10(own / foretold)).toFixed(1)} dB more noise through than it would for inputs of any direction.`,
    remedy: 'Round its weights with regard to its inputs, so that what they cancel stays cancelled.',
    gainDb: null,
  };
}
