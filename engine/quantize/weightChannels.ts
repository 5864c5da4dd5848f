import type { NodeProto } from 'onnx-buf';
import { intAttribute } from '../onnx/graph/attributes';

/** Which channel each element of a weight belongs to, by its place in row-major order. */
export interface Channels {
  count: number;
  of: (index: number) => number;
}

type Shape = readonly number[];

function innerSize(dims: Shape): number {
  return dims.slice(2).reduce((a, b) => a * b, 1);
}

/** Channels on the second axis, counted on from one group of the first axis to the next. */
function groupedChannels(node: NodeProto, dims: Shape): Channels {
  const [first = 1, second = 1] = dims;
  const inner = innerSize(dims);
  const group = intAttribute(node, 'group', 1);
  const groupSize = (first / group) * second * inner;
  return {
    count: second * group,
    of: (i) => Math.floor(i / groupSize) * second + (Math.floor(i / inner) % second),
  };
}

/** The two axes of a matrix: its rows, or its columns. */
function alongAxis([rows = 1, columns = 1]: Shape, axis: 0 | 1): Channels {
  return axis === 0
    ? { count: rows, of: (i) => Math.floor(i / columns) }
    : { count: columns, of: (i) => i % columns };
}

/**
 * Output channels of a layer's weight (ONNX operators): Conv [O, C/g, …], ConvTranspose [C, O/g, …], Gemm [K, N] or
 * [N, K] with transB, MatMul [K, N].
 */
export function outputChannels(node: NodeProto, dims: Shape): Channels {
  const [first = 1, second = 1] = dims;
  const inner = innerSize(dims);
  switch (node.opType) {
    case 'Conv':
      return { count: first, of: (i) => Math.floor(i / (second * inner)) };
    case 'ConvTranspose':
      return groupedChannels(node, dims);
    default:
      return alongAxis(dims, node.opType === 'Gemm' && intAttribute(node, 'transB', 0) === 1 ? 0 : 1);
  }
}

/** Input channels of a layer's weight, in the shapes of {@link outputChannels}. */
export function inputChannels(node: NodeProto, dims: Shape): Channels {
  const [first = 1, second = 1] = dims;
  const inner = innerSize(dims);
  switch (node.opType) {
    case 'Conv':
      return groupedChannels(node, dims);
    case 'ConvTranspose':
      return { count: first, of: (i) => Math.floor(i / (second * inner)) };
    default:
      return alongAxis(dims, node.opType === 'Gemm' && intAttribute(node, 'transB', 0) === 1 ? 1 : 0);
  }
}

/** Largest magnitude of the values in each channel. */
export function channelMagnitudes(values: ArrayLike<number>, { count, of }: Channels): Float64Array {
  const most = new Float64Array(count);
  for (let i = 0; i < values.length; i++) {
    const channel = of(i);
    most[channel] = Math.max(most[channel] ?? 0, Math.abs(values[i] ?? 0));
  }
  return most;
}
