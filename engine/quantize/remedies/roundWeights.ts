import { intAttribute } from '../../onnx/attributes';
import { elementCount, floatValues, isFloat } from '../../onnx/elements';
import { findLayers, type Layer } from '../../onnx/layers';
import type { Model } from '../../onnx/model';
import type { WeightGranularity } from '../../protocol';
import { roundRows } from '../../stats/roundRows';
import { storableScale } from '../affine';
import { ModelEditor, type Remedied } from './modelEditor';

/** Larger layers would take minutes and gigabytes. */
const MOST_INPUTS = 1500;

/** H = X·Xᵀ over what a layer multiplies its weights with: for each group a matrix of [size, size]. */
export interface InputGram {
  size: number;
  groups: number;
  values: Float64Array;
}

/** The grid that the weights will be rounded to again. */
export interface WeightGrid {
  weights: WeightGranularity;
  bits: number;
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

/**
 * The layer's weights on their grid, rounded by {@link roundRows}. Scales stay those of the max calibrator, so that
 * quantizing the result gives the same whole numbers.
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

  const most = new Float64Array(count);
  weights.forEach((w, k) => {
    const row = Math.floor(k / size);
    most[row] = Math.max(most[row] ?? 0, Math.abs(w));
  });
  if (grid.weights === 'per-tensor') most.fill(most.reduce((a, b) => Math.max(a, b), 0));
  const high = 2 ** (grid.bits - 1) - 1;
  // Ranges too narrow for a scale are as good as zero.
  const steps = most.map((m) => (storableScale(m / high) < m ? storableScale(m / high) : 0));
  const fixed = most.map((m, row) =>
    weights.subarray(row * size, (row + 1) * size).findIndex((w) => Math.abs(w) === m),
  );

  const values = new Float32Array(source.length);
  const perGroup = count / groups;
  let [nearest, rounded, signal] = [0, 0, 0];
  for (let g = 0; g < groups; g++) {
    const [from, to] = [g * perGroup, (g + 1) * perGroup];
    const own = gram.values.subarray(g * size * size, (g + 1) * size * size);
    const rows = weights.subarray(from * size, to * size);
    const given = {
      weights: rows,
      size,
      steps: steps.subarray(from, to),
      high,
      fixed: fixed.subarray(from, to),
    };
    const result = roundRows(given, own);
    nearest += result.nearest;
    rounded += result.rounded;
    signal += energy(rows, own, size);
    result.integers.forEach((q, k) => {
      const row = from + Math.floor(k / size);
      const [step, m] = [steps[row] ?? 0, most[row] ?? 0];
      const onGrid = Math.abs(q) === high ? Math.sign(q) * m : q * step;
      values[place(row, k % size)] = step === 0 ? (rows[k] ?? 0) : onGrid;
    });
  }
  const relative = (noise: number) => (signal > 0 ? noise / signal : 0);
  return {
    values,
    change: { layer: name, nearest: relative(nearest), rounded: relative(rounded), left: null },
  };
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
 * @returns null when no layer was rounded
 */
export function roundWeights(
  original: Model,
  rounded: ReadonlyMap<string, { values: Float32Array; change: RoundedLayer } | string>,
): Remedied<RoundedLayer> | null {
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
  return changes.some((c) => c.left === null) ? { model: editor.model, changes } : null;
}
