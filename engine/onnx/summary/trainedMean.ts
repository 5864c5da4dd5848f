import type { NodeProto, TensorProto } from 'onnx-buf';
import { intAttribute } from '../graph/attributes';
import { elementCount } from '../tensors/elements';
import { soleConsumer, type GraphIndex } from '../graph/graphIndex';
import { readFloats } from '../tensors/readFloats';

/** The mean of a model's input in training, as far as its file tells. */
export interface TrainedMean {
  value: number;
  /** Standard error of the estimate. */
  error: number;
}

const FEWEST_CHANNELS = 8;
/** A first layer is small; more would be read for nothing. */
const MOST_WEIGHTS = 1e6;

/**
 * Estimates the mean of what a Conv was trained on from the running mean of the BatchNormalization behind it. Of an
 * input of mean μ, channel c of a convolution has the mean μ·Σw_c + b_c; the running means give one such equation per
 * channel, solved here for μ by least squares.
 * @returns `null` without a batch norm, or where its numbers cannot be read
 */
export function trainedMean(conv: NodeProto, index: GraphIndex): TrainedMean | null {
  const norm = soleConsumer(index, conv.output[0] ?? '');
  if (norm?.opType !== 'BatchNormalization' || norm.input[0] !== conv.output[0]) return null;
  const valuesOf = (name: string | undefined) => smallFloats(index.initializers.get(name ?? ''));
  const weights = valuesOf(conv.input[1]);
  const means = valuesOf(norm.input[3]);
  const biases = valuesOf(conv.input[2]);
  if (weights === null || means === null || ((conv.input[2] ?? '') !== '' && biases === null)) return null;
  const channels = means.length;
  const each = weights.length / channels;
  if (channels < FEWEST_CHANNELS || !Number.isInteger(each) || intAttribute(conv, 'group', 1) !== 1)
    return null;
  const sums = Array.from({ length: channels }, (_, c) =>
    weights.subarray(c * each, (c + 1) * each).reduce((sum, weight) => sum + weight, 0),
  );
  const targets = Array.from(means, (mean, c) => mean - (biases?.[c] ?? 0));
  const power = sums.reduce((sum, s) => sum + s * s, 0);
  const value = sums.reduce((sum, s, c) => sum + s * (targets[c] ?? 0), 0) / power;
  const rest = sums.reduce((sum, s, c) => sum + ((targets[c] ?? 0) - value * s) ** 2, 0);
  const error = Math.sqrt(rest / (channels - 1) / power);
  return Number.isFinite(value) && Number.isFinite(error) ? { value, error } : null;
}

function smallFloats(tensor: TensorProto | undefined): Float32Array | null {
  if (tensor === undefined || elementCount(tensor) > MOST_WEIGHTS) return null;
  return readFloats(tensor) ?? null;
}
