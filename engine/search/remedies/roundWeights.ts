import { intAttribute } from '../../onnx/graph/attributes';
import { elementCount, floatValues, isFloat } from '../../onnx/tensors/elements';
import { findLayers, type Layer } from '../../onnx/layers/layers';
import type { Model } from '../../onnx/graph/model';
import type { WeightGranularity } from '../../shared/protocol/choices';
import { roundingError, roundRows } from '../../stats/roundRows';
import { quantize, storableScale } from '../../quantize/affine';
import { blockGrid } from '../../quantize/write/blockGrid';
import { ModelEditor, type Remedied } from './modelEditor';

/** Larger layers would take minutes and gigabytes. */
const MOST_INPUTS = 1500;

/** H = X·Xᵀ over what a layer multiplies its weights with: for each group a matrix of [size, size]. */
export interface InputGram {
  size: number;
  groups: number;
  values: Float64Array;
}

/**
 * The grid that the weights will be rounded to again: one scale for each output or for all, by the largest magnitude; or, of 4 bits,
 * one for each block of inputs of each output, by the least squared error ({@link blockGrid}).
 */
export type WeightGrid = { weights: WeightGranularity; bits: number } | { bits: 4; blockSize: number };

/** Steps of the blocks of each row, and which element of each must stay so that quantizing finds the same steps again. */
interface RowGrids {
  high: number;
  blockSize: number;
  steps: Float64Array;
  fixed: Int32Array;
  /** What a whole number at the grid's end stands for. */
  ends: Float64Array;
  /** What quantizing makes of a row that is left as it is, where that is not the nearest number of −high … high. */
  nearest: ((row: Float32Array) => Float64Array) | null;
}

/** A layer whose weights were rounded with regard to its inputs, or why not. */
export interface RoundedLayer {
  layer: string;
  /** ‖(W − Ŵ)·X‖² over ‖W·X‖², with each weight rounded to the nearest and so. */
  nearest: number;
  rounded: number;
  /** `null` when it was rounded. */
  left: string | null;
}

/** What each output of a layer sums up: inputs of one group, times the kernel's positions. */
export function inputsPerOutput({ node, opType, weight }: Layer): { size: number; groups: number } {
  const dims = (weight?.dims ?? []).map(Number);
  if (opType === 'Conv') {
    return { size: dims.slice(1).reduce((a, b) => a * b, 1), groups: intAttribute(node, 'group', 1) };
  }
  return { size: dims[isTransposed(node) ? 1 : 0] ?? 1, groups: 1 };
}

/** Why the layer's weights can only be rounded to the nearest; `null` where more can be done. */
export function whyNotRounded(layer: Layer): string | null {
  const { opType, node, weight } = layer;
  if (weight === null || !isFloat(weight) || elementCount(weight) === 0)
    return 'It has no weight of its own.';
  const isProduct = (opType === 'MatMul' || opType === 'Gemm') && weight.dims.length === 2;
  if (opType !== 'Conv' && !isProduct) return `A ${opType} like this is only rounded to the nearest.`;
  if (intAttribute(node, 'transA', 0) === 1) return 'Its input is transposed.';
  const { size, groups } = inputsPerOutput(layer);
  if (size > MOST_INPUTS) return `Each output sums up ${size} products, more than ${MOST_INPUTS}.`;
  if (groups < 1 || Number(weight.dims[0]) % groups !== 0) return 'Its groups do not divide its channels.';
  return null;
}

function isTransposed(node: Layer['node']): boolean {
  return node.opType === 'Gemm' && intAttribute(node, 'transB', 0) === 1;
}

/** One scale for each row or for all of them. */
function byteGrids(
  weights: Float32Array,
  size: number,
  { weights: granularity, bits }: { weights: WeightGranularity; bits: number },
): RowGrids {
  const most = new Float64Array(weights.length / size);
  weights.forEach((w, k) => {
    const row = Math.floor(k / size);
    most[row] = Math.max(most[row] ?? 0, Math.abs(w));
  });
  if (granularity === 'per-tensor') most.fill(most.reduce((a, b) => Math.max(a, b), 0));
  const high = 2 ** (bits - 1) - 1;
  // Ranges too narrow for a scale are as good as zero.
  const steps = most.map((m) => (storableScale(m / high) < m ? storableScale(m / high) : 0));
  const fixed = Int32Array.from(most, (m, row) =>
    weights.subarray(row * size, (row + 1) * size).findIndex((w) => Math.abs(w) === m),
  );
  return { high, blockSize: size, steps, fixed, ends: most, nearest: null };
}

/** −7 … 7 only: with −8 in it a block would be given another scale when it is quantized again. */
function blockGrids(weights: Float32Array, size: number, blockSize: number): RowGrids {
  const settings = { clip: 'least-squares', zeroPoints: false } as const;
  const high = 7;
  const gridsOf = (row: Float32Array) =>
    Array.from({ length: Math.ceil(size / blockSize) }, (_, b) => {
      const block = row.subarray(b * blockSize, (b + 1) * blockSize);
      const most = block.reduce((m, w) => Math.max(m, Math.abs(w)), 0);
      const fixed = most === 0 ? -1 : b * blockSize + block.findIndex((w) => Math.abs(w) === most);
      return { block, grid: blockGrid(block, settings), fixed };
    });
  const all = Array.from({ length: weights.length / size }, (_, r) =>
    gridsOf(weights.subarray(r * size, (r + 1) * size)),
  ).flat();
  const steps = Float64Array.from(all, ({ grid }) => grid.scale);
  const nearest = (row: Float32Array) =>
    Float64Array.from(
      gridsOf(row).flatMap(({ block, grid }) => Array.from(block, (w) => quantize(w, grid) * grid.scale)),
    );
  return {
    ...{ high, blockSize: Math.min(blockSize, size), steps, nearest },
    fixed: Int32Array.from(all, (b) => b.fixed),
    ends: steps.map((step) => high * step),
  };
}

/**
 * The layer's weights on their grid, rounded by {@link roundRows}. Scales stay those that quantizing finds, so that quantizing the
 * result gives the same whole numbers.
 * @returns float32 values in the weight's own order
 */
export function roundLayer(
  layer: Layer,
  gram: InputGram,
  grid: WeightGrid,
): { values: Float32Array; change: RoundedLayer } {
  const { weight, node, name } = layer;
  const source = weight === null ? new Float32Array(0) : floatValues(weight);
  const { size, groups } = gram;
  const count = source.length / size;
  const isRowMajor = layer.opType === 'Conv' || isTransposed(node);
  const place = (row: number, i: number) => (isRowMajor ? row * size + i : i * count + row);
  const weights = Float32Array.from(source, (_, k) => source[place(Math.floor(k / size), k % size)] ?? 0);
  const grids =
    'blockSize' in grid ? blockGrids(weights, size, grid.blockSize) : byteGrids(weights, size, grid);
  const { high, blockSize, steps, ends } = grids;
  const blocks = Math.ceil(size / blockSize);
  const blockOf = (row: number, i: number) => row * blocks + Math.floor(i / blockSize);

  const values = new Float32Array(source.length);
  const perGroup = count / groups;
  let [nearest, rounded, signal] = [0, 0, 0];
  for (let g = 0; g < groups; g++) {
    const [from, to] = [g * perGroup, (g + 1) * perGroup];
    const own = gram.values.subarray(g * size * size, (g + 1) * size * size);
    const rows = weights.subarray(from * size, to * size);
    const given = {
      ...{ weights: rows, size, high, blockSize },
      steps: steps.subarray(from * blocks, to * blocks),
      fixed: grids.fixed.subarray(from * blocks, to * blocks),
    };
    const result = roundRows(given, own);
    nearest += result.nearest;
    rounded += result.rounded;
    signal += energy(rows, own, size);
    for (let r = 0; r < perGroup; r++) {
      const row = rows.subarray(r * size, (r + 1) * size);
      const onGrid = Float32Array.from(row, (w, i) => {
        const q = result.integers[r * size + i] ?? 0;
        const block = blockOf(from + r, i);
        const [step, end] = [steps[block] ?? 0, ends[block] ?? 0];
        return step === 0 ? w : Math.abs(q) === high ? Math.sign(q) * end : q * step;
      });
      const kept = grids.nearest !== null && isNoBetter(row, onGrid, grids.nearest(row), own) ? row : onGrid;
      kept.forEach((w, i) => (values[place(from + r, i)] = w));
    }
  }
  const relative = (noise: number) => (signal > 0 ? noise / signal : 0);
  return {
    values,
    change: { layer: name, nearest: relative(nearest), rounded: relative(rounded), left: null },
  };
}

/** Whether a row as it is quantized by itself is as near to what it was, by what it is multiplied with. */
function isNoBetter(
  row: Float32Array,
  rounded: Float32Array,
  nearest: Float64Array,
  gram: Float64Array,
): boolean {
  const error = (values: ArrayLike<number>) =>
    roundingError(
      Float64Array.from(row, (w, i) => w - (values[i] ?? 0)),
      gram,
    );
  return error(nearest) <= error(rounded);
}

/** Σ w·H·wᵀ over the rows. */
function energy(rows: Float32Array, gram: Float64Array, size: number): number {
  const product = new Float64Array(size);
  let sum = 0;
  for (let r = 0; r < rows.length; r += size) {
    product.fill(0);
    for (let i = 0; i < size; i++) {
      const w = rows[r + i] ?? 0;
      for (let j = 0; j < size; j++) product[j] = (product[j] ?? 0) + w * (gram[i * size + j] ?? 0);
    }
    for (let j = 0; j < size; j++) sum += (product[j] ?? 0) * (rows[r + j] ?? 0);
  }
  return sum;
}

/**
 * Writes rounded weights into a copy of the model. A weight that other nodes read too is left as it is: rounded for
 * one of them it would have to be stored twice.
 * @param rounded by layer: what {@link roundLayer} answered, or why there is nothing
 * @returns the model itself when no layer was rounded
 */
export function roundWeights(
  original: Model,
  rounded: ReadonlyMap<string, { values: Float32Array; change: RoundedLayer } | string>,
): Remedied<RoundedLayer> {
  const editor = new ModelEditor(original);
  const changes = findLayers(editor.model.graph).flatMap((layer): RoundedLayer[] => {
    const found = rounded.get(layer.name);
    if (found === undefined) return [];
    const leave = (left: string) => [{ layer: layer.name, nearest: 0, rounded: 0, left }];
    if (typeof found === 'string') return leave(found);
    if (!editor.isReadOnce(layer.node.input[1] ?? '')) return leave('Other nodes read its weight too.');
    editor.setConstant(layer.node, 1, found.values);
    return [found.change];
  });
  return { model: changes.some((c) => c.left === null) ? editor.model : original, changes };
}
