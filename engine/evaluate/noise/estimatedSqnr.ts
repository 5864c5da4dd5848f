import { floatValues } from '../../onnx/tensors/elements';
import type { Layer } from '../../onnx/layers/layers';
import { writesInteger, type QuantPlan } from '../../quantize/plan';
import { outputChannels } from '../../quantize/weightChannels';
import { weightBits } from '../../quantize/weightBits';
import type { HistogramState } from '../../stats/histogram';
import { decibels } from '../../stats/sqnr';
import { gridNoise } from './gridNoise';
import { ownValue } from '../../shared/ownValue';

const matrices = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/**
 * Signal to quantization noise at a layer's own output in dB, as histograms and weights foretell it without running anything: the
 * shares of noise that the grids of what it reads, of its weight and of what it makes add, summed. Exact where inputs are independent
 * and centred at zero; a mean that they share makes the signal larger than that, and the noise at the output smaller.
 */
export function predictedSqnr(
  layer: Layer,
  plan: QuantPlan,
  histograms: Readonly<Record<string, HistogramState>>,
): number {
  const tensors = [...layer.activations, ...(writesInteger(layer) ? [layer.output] : [])];
  const shares = tensors.map((tensor) => {
    const [state, grid] = [ownValue(histograms, tensor), plan.activations.get(tensor)];
    return state === undefined || grid === undefined ? 0 : gridNoise(state, grid);
  });
  return decibels(
    1,
    [...shares, weightNoise(layer, plan)].reduce((a, b) => a + b, 0),
  );
}

/** A twelfth of a squared step for each weight, as a share of the weights' power. */
export function weightNoise(
  { node, opType, weight }: Layer,
  { weights, profile }: Pick<QuantPlan, 'weights' | 'profile'>,
): number {
  if (weight === null) return 0;
  const { count, of } =
    weights === 'per-channel' && matrices.has(opType)
      ? outputChannels(node, weight.dims.map(Number))
      : { count: 1, of: () => 0 };
  const [largest, sizes] = [new Float64Array(count), new Float64Array(count)];
  let power = 0;
  floatValues(weight).forEach((w, i) => {
    const c = of(i);
    largest[c] = Math.max(largest[c] ?? 0, Math.abs(w));
    sizes[c] = (sizes[c] ?? 0) + 1;
    power += w * w;
  });
  const steps = 2 ** (weightBits({ opType }, 'int8', profile) - 1) - 1;
  const noise = largest.reduce((sum, reach, c) => sum + ((sizes[c] ?? 0) * (reach / steps) ** 2) / 12, 0);
  return power === 0 ? 0 : noise / power;
}
