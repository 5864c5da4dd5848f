import type { TensorProto } from 'onnx-buf';
import { EngineError } from '../engineError';
import { elementCount, floatValues } from '../onnx/elements';
import type { Layer } from '../onnx/layers';
import { quantize, symmetricGrid } from './affine';

export interface QuantizedWeight {
  name: string;
  dims: number[];
  values: Int8Array<ArrayBuffer>;
  /** One scale, or one per index of `axis`. */
  scales: Float32Array<ArrayBuffer>;
  /** `null` when one scale serves the whole tensor. */
  axis: number | null;
}

/** Calls `visit(value, index, channel)` for each element; the channel is its index along `axis`, or 0. */
function forEachChannel(
  values: Float32Array,
  dims: readonly number[],
  axis: number | null,
  visit: (value: number, index: number, channel: number) => void,
): void {
  const channels = axis === null ? 1 : (dims[axis] ?? 1);
  const inner = axis === null ? values.length : dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  values.forEach((value, i) => visit(value, i, Math.floor(i / inner) % channels));
}

/**
 * Bits of a weight's grid: 8 for [−127, 127]; 7 for [−63, 63], which x86 without VNNI adds up in pairs of products
 * without saturation; 4 for [−7, 7].
 */
export type WeightBits = 4 | 7 | 8;

/**
 * Symmetric weights with the max calibrator (the paper's recommendation for weights), one to a byte whatever their
 * bits.
 * @param axis of the output channels, or `null` for one scale
 * @param leastScale smallest scale allowed per channel; keeps int32 biases from overflowing
 * @param bits that the whole numbers take; 7 for processors whose products of 8 bits saturate in pairs
 * @throws EngineError `bad-model` where it is not finite
 */
export function quantizeWeight(
  weight: TensorProto,
  axis: number | null,
  leastScale: (channel: number) => number = () => 0,
  bits: WeightBits = 8,
): QuantizedWeight {
  const high = 2 ** (bits - 1) - 1;
  const dims = weight.dims.map(Number);
  const source = floatValues(weight);
  const channels = axis === null ? 1 : (dims[axis] ?? 1);
  const amax = new Float64Array(channels);
  forEachChannel(source, dims, axis, (w, _, c) => {
    amax[c] = Math.max(amax[c] ?? 0, Math.abs(w));
  });
  if (!amax.every(Number.isFinite))
    throw new EngineError(
      'bad-model',
      `Weight ${weight.name} holds NaN or infinities, which no integers stand for.`,
      'Keep the layers that read it in float (--keep-float), or export the model again.',
    );
  const grids = Array.from(amax, (a, c) => symmetricGrid(Math.max(a, leastScale(c) * high), bits));
  const values = new Int8Array(source.length);
  forEachChannel(source, dims, axis, (w, i, c) => {
    const grid = grids[c];
    if (grid !== undefined) values[i] = quantize(w, grid);
  });
  return { name: weight.name, dims, values, scales: Float32Array.from(grids, (g) => g.scale), axis };
}

/** Zero point of {@link unsignedCodes}. */
export const UNSIGNED_ZERO = 128;

/**
 * The same symmetric weights as uint8 with zero point 128: on x86 without VNNI onnxruntime's kernels for them are slower,
 * but widen before they add and so never saturate.
 */
export function unsignedCodes(values: Int8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(values, (q) => q + UNSIGNED_ZERO);
}

/**
 * Whether a bias has one value for each output channel, along its last axis. Any other (Gemm broadcasts) cannot share the
 * weight's scales and stays float.
 * @param dims of the weight
 */
export function isPerChannel(
  bias: TensorProto,
  dims: readonly number[],
  { channelAxis }: Pick<Layer, 'channelAxis'>,
): boolean {
  const channels = channelAxis === null ? -1 : (dims[channelAxis] ?? -1);
  return elementCount(bias) === channels && Number(bias.dims.at(-1)) === channels;
}
