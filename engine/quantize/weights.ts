import type { TensorProto } from 'onnx-buf';
import { EngineError } from '../shared/engineError';
import { elementCount, floatValues } from '../onnx/tensors/elements';
import type { Layer } from '../onnx/layers/layers';
import { roundHalfEven, symmetricGrid } from './affine';

export interface QuantizedWeight {
  name: string;
  dims: number[];
  values: Int8Array<ArrayBuffer>;
  /** One scale, or one per index of `axis`. */
  scales: Float32Array<ArrayBuffer>;
  /** `null` when one scale serves the whole tensor. */
  axis: number | null;
}

/** Values of one channel: those from `start` to `end`, `step` apart. */
interface Run {
  start: number;
  end: number;
  step: number;
}

/** Calls `visit` for runs of values that lie in one channel each: one index along `axis`, or 0 for all. */
function forEachRun(
  length: number,
  dims: readonly number[],
  axis: number | null,
  visit: (run: Run, channel: number) => void,
): void {
  const channels = axis === null ? 1 : (dims[axis] ?? 1);
  const inner = axis === null ? length : dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  if (inner === 1) {
    for (let channel = 0; channel < channels; channel++)
      visit({ start: channel, end: length, step: channels }, channel);
    return;
  }
  for (let start = 0, channel = 0; start < length; start += inner) {
    visit({ start, end: start + inner, step: 1 }, channel);
    channel = channel + 1 === channels ? 0 : channel + 1;
  }
}

// Functions of their own, since the compiler keeps what closures capture out of registers.

function largestIn(values: Float32Array, { start, end, step }: Run): number {
  let most = 0;
  for (let i = start; i < end; i += step) most = Math.max(most, Math.abs(values[i] ?? 0));
  return most;
}

function roundRun(
  source: Float32Array,
  rounded: Int8Array,
  { start, end, step }: Run,
  scale: number,
  high: number,
): void {
  for (let i = start; i < end; i += step) {
    const q = roundHalfEven((source[i] ?? 0) / scale);
    // Math.min and Math.max take twice as long as all else here.
    rounded[i] = q > high ? high : q < -high ? -high : q;
  }
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
  forEachRun(source.length, dims, axis, (run, c) => {
    amax[c] = Math.max(amax[c] ?? 0, largestIn(source, run));
  });
  if (!amax.every(Number.isFinite))
    throw new EngineError(
      'bad-model',
      `Weight ${weight.name} holds NaN or infinities, which no integers stand for.`,
      'Keep the layers that read it in float (--keep-float), or export the model again.',
    );
  const grids = Array.from(amax, (a, c) => symmetricGrid(Math.max(a, leastScale(c) * high), bits));
  const values = new Int8Array(source.length);
  forEachRun(source.length, dims, axis, (run, c) =>
    roundRun(source, values, run, grids[c]?.scale ?? 1, high),
  );
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
