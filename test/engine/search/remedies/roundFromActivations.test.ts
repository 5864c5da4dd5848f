import { afterAll, describe, expect, test } from 'vitest';
import type { SampleSource } from '../../../../engine/data/samples/dataset';
import { floatValues, makeTensor } from '../../../../engine/onnx/tensors/elements';
import { findLayers, type Layer } from '../../../../engine/onnx/layers/layers';
import type { Model } from '../../../../engine/onnx/graph/model';
import { roundLayer, roundWeights, type InputGram } from '../../../../engine/search/remedies/roundWeights';
import { quantizeBlocks } from '../../../../engine/quantize/write/blockWeights';
import { quantizeWeight } from '../../../../engine/quantize/weights';
import { WorkerPool } from '../../../../engine/runtime/workerPool';
import { inputGrams } from '../../../../engine/search/remedies/inputCovariance';
import { roundByInputs } from '../../../../engine/search/remedies/roundFromActivations';
import { float } from '../../runTiny';
import { node, noise, noisy, tinyModel, type AttributeValue } from '../../tinyModel';
import { zooFeeds, zooModel } from '../../zooModels';

const pool = new WorkerPool(2);
afterAll(() => pool.dispose());

function source(dims: number[], length: number): SampleSource {
  const feeds = (i: number) => ({
    x: float(
      dims,
      noise(
        dims.reduce((a, b) => a * b, 1),
        i + 1,
      ),
    ),
  });
  return { length, load: (i) => Promise.resolve({ name: `#${i}`, feeds: feeds(i), truth: null }) };
}

async function gramsOf(model: Model, samples: SampleSource): Promise<Map<string, InputGram>> {
  const found = new Map<string, InputGram>();
  const layers = findLayers(model.graph).filter((l) => l.weight !== null);
  await inputGrams(pool, model, layers, samples, (layer, gram) => void found.set(layer.name, gram));
  return found;
}

/** Σ over output positions of patch · patchᵀ, for each group, from the definition of Conv. */
function naiveGram(
  x: ArrayLike<number>,
  [batch = 1, channels = 1, height = 1, width = 1]: number[],
  kernel: [number, number],
  { group = 1, strides = [1, 1], pads = [0, 0, 0, 0], dilations = [1, 1] },
): Float64Array {
  const [kh, kw] = kernel;
  const per = channels / group;
  const size = per * kh * kw;
  const gram = new Float64Array(group * size * size);
  const [s0 = 1, s1 = 1] = strides;
  const [d0 = 1, d1 = 1] = dilations;
  const [top = 0, left = 0, bottom = 0, right = 0] = pads;
  for (let n = 0; n < batch; n++)
    for (let g = 0; g < group; g++)
      for (let y = 0; y + d0 * (kh - 1) < height + top + bottom; y += s0)
        for (let z = 0; z + d1 * (kw - 1) < width + left + right; z += s1) {
          const patch = Array.from({ length: size }, (_, k) => {
            const c = g * per + Math.floor(k / (kh * kw));
            const row = y - top + d0 * (Math.floor(k / kw) % kh);
            const column = z - left + d1 * (k % kw);
            const inside = row >= 0 && row < height && column >= 0 && column < width;
            return inside ? (x[((n * channels + c) * height + row) * width + column] ?? NaN) : 0;
          });
          patch.forEach((a, i) =>
            patch.forEach((b, j) => {
              const at = (g * size + i) * size + j;
              gram[at] = (gram[at] ?? 0) + a * b;
            }),
          );
        }
  return gram;
}

function expectClose(found: Float64Array | undefined, wanted: Float64Array): void {
  expect(found).toHaveLength(wanted.length);
  wanted.forEach((w, i) => expect(found?.[i]).toBeCloseTo(w, 3));
}

describe('the inputs’ matrix of products', () => {
  test.each<{ weight: number[]; attributes: Record<string, number & AttributeValue> | object }>([
    { weight: [5, 4, 3, 3], attributes: {} },
    { weight: [5, 4, 1, 1], attributes: { strides: [2, 2] } },
    { weight: [4, 1, 3, 2], attributes: { group: 4, pads: [1, 0, 2, 1] } },
    {
      weight: [6, 2, 2, 3],
      attributes: { group: 2, strides: [2, 1], dilations: [1, 2], pads: [1, 1, 1, 1] },
    },
  ])('of a convolution $weight $attributes', async ({ weight, attributes }) => {
    const dims = [2, 4, 6, 7];
    const model = tinyModel({
      inputs: { x: dims },
      outputs: ['y'],
      constants: { w: noisy(weight), b: noisy([weight[0] ?? 1]) },
      nodes: [node('Conv', ['x', 'w', 'b'], 'y', attributes as Record<string, AttributeValue>)],
    });
    const samples = source(dims, 3);
    const found = (await gramsOf(model, samples)).get('y_node');
    const all = await Promise.all([0, 1, 2].map((i) => samples.load(i)));
    const kernel: [number, number] = [weight[2] ?? 1, weight[3] ?? 1];
    const each = all.map(({ feeds }) =>
      naiveGram(feeds['x']?.data as Float32Array, dims, kernel, attributes),
    );
    const [first = new Float64Array(0)] = each;
    expectClose(
      found?.values,
      first.map((_, i) => each.reduce((sum, gram) => sum + (gram[i] ?? NaN), 0)),
    );
  });

  test.each([
    { op: 'MatMul', weight: [5, 3], attributes: {} },
    { op: 'Gemm', weight: [3, 5], attributes: { transB: 1 } },
  ])('of a $op', async ({ op, weight, attributes }) => {
    const dims = op === 'Gemm' ? [4, 5] : [2, 3, 5];
    const model = tinyModel({
      inputs: { x: dims },
      outputs: ['y'],
      constants: { w: noisy(weight) },
      nodes: [node(op, ['x', 'w'], 'y', attributes)],
    });
    const samples = source(dims, 2);
    const wanted = new Float64Array(25);
    for (const i of [0, 1]) {
      const x = Array.from((await samples.load(i)).feeds['x']?.data ?? [], Number);
      x.forEach((a, k) => {
        for (let j = 0; j < 5; j++)
          wanted[(k % 5) * 5 + j] = (wanted[(k % 5) * 5 + j] ?? 0) + a * (x[k - (k % 5) + j] ?? NaN);
      });
    }
    expectClose((await gramsOf(model, samples)).get('y_node')?.values, wanted);
  });

  test('of a large picture takes a part of its positions', async () => {
    const dims = [1, 8, 400, 400];
    const model = tinyModel({
      inputs: { x: dims },
      outputs: ['y'],
      constants: { w: noisy([4, 8, 3, 3]) },
      nodes: [node('Conv', ['x', 'w'], 'y', { pads: [1, 1, 1, 1] })],
    });
    const { values, size } = (await gramsOf(model, source(dims, 1))).get('y_node') ?? {
      values: [],
      size: 72,
    };
    // 400² · 72 values are three times too many: every second position along each axis. E[x²] = ⅓.
    const middle = values[4 * size + 4] ?? NaN;
    expect(middle / (200 * 200)).toBeCloseTo(1 / 3, 1);
  });
});

const granularities = ['per-tensor', 'per-channel'] as const;
const axisOf = (layer: Layer, granularity: (typeof granularities)[number]) =>
  granularity === 'per-channel' ? layer.channelAxis : null;

describe.each(granularities)('%s', (weights) => {
  test('quantizing what was rounded gives the same scales, and its whole numbers exactly', async () => {
    const model = tinyModel({
      inputs: { x: [1, 4, 6, 6] },
      outputs: ['y'],
      constants: {
        v: noisy([6, 4, 3, 3], 1, 3.7),
        d: noisy([6, 1, 3, 3], 2),
        m: noisy([2, 5], 3),
        zero: [[6, 6, 1, 1], new Array(36).fill(0) as number[]],
      },
      nodes: [
        node('Conv', ['x', 'v'], 'c'),
        node('Relu', ['c'], 'r'),
        node('Conv', ['r', 'd'], 'e', { group: 6 }),
        node('Conv', ['e', 'zero'], 'z'),
        node('Add', ['e', 'z'], 'f'),
        node('MatMul', ['f', 'm'], 'y'),
      ],
    });
    const grams = await gramsOf(model, source([1, 4, 6, 6], 8));
    let changed = 0;
    for (const layer of findLayers(model.graph)) {
      const gram = grams.get(layer.name);
      if (gram === undefined || layer.weight === null) continue;
      const { values, change } = roundLayer(layer, gram, { weights, bits: 8 });
      const axis = axisOf(layer, weights);
      const before = quantizeWeight(layer.weight, axis);
      const after = quantizeWeight(makeTensor('w', layer.weight.dims.map(Number), values), axis);
      expect(after.scales).toEqual(before.scales);
      const size = values.length / after.scales.length;
      const scaleOf = (i: number) => {
        if (axis === null) return after.scales[0] ?? NaN;
        return after.scales[axis === 0 ? Math.floor(i / size) : i % after.scales.length] ?? NaN;
      };
      values.forEach((v, i) =>
        expect(Math.abs(v - (after.values[i] ?? NaN) * scaleOf(i))).toBeLessThan(1e-6),
      );
      expect(change.rounded).toBeLessThanOrEqual(change.nearest);
      changed += after.values.filter((q, i) => q !== before.values[i]).length;
    }
    expect(changed).toBeGreaterThan(0);
  });
});

test.each([32, 50])(
  'blocks of %d weights in 4 bits get the same scales again, and their whole numbers exactly',
  async (blockSize) => {
    const model = tinyModel({
      inputs: { x: [3, 50] },
      outputs: ['y'],
      constants: { m: noisy([50, 7], 3, 2.3), g: noisy([6, 7], 4) },
      nodes: [node('MatMul', ['x', 'm'], 'p'), node('Gemm', ['p', 'g'], 'y', { transB: 1 })],
    });
    const grams = await gramsOf(model, source([3, 50], 8));
    const layout = { clip: 'least-squares', zeroPoints: false, blockSize } as const;
    for (const layer of findLayers(model.graph)) {
      const gram = grams.get(layer.name);
      if (gram === undefined || layer.weight === null) throw new Error('no sums');
      const transposed = layer.opType === 'Gemm';
      const { values, change } = roundLayer(layer, gram, { bits: 4, blockSize });
      const before = quantizeBlocks(layer.weight, { ...layout, transposed });
      const after = quantizeBlocks(makeTensor('w', layer.weight.dims.map(Number), values), {
        ...layout,
        transposed,
      });
      const { outputs, inputs, blocks } = after;
      after.scales.forEach((scale, i) => expect(scale / (before.scales[i] ?? NaN)).toBeCloseTo(1, 6));
      /** Σ e·H·eᵀ over the outputs, from the definition. */
      const lost = ({ codes, scales }: typeof after) => {
        let sum = 0;
        for (let o = 0; o < outputs; o++) {
          const errors = Array.from({ length: inputs }, (_, i) => {
            const w = floatValues(layer.weight ?? makeTensor('', [], new Float32Array(0)));
            const block = o * blocks + Math.floor(i / blockSize);
            const was = w[transposed ? o * inputs + i : i * outputs + o] ?? NaN;
            return was - (codes[o * inputs + i] ?? NaN) * (scales[block] ?? NaN);
          });
          errors.forEach((a, i) =>
            errors.forEach((b, j) => (sum += a * b * (gram.values[i * inputs + j] ?? NaN))),
          );
        }
        return sum;
      };
      expect(lost(after)).toBeLessThan(lost(before));
      expect(change.left).toBeNull();
    }
  },
);

test('ocr-rec’s layers lose several times less than rounded to the nearest', async () => {
  const model = zooModel('ocr-rec');
  const layers = findLayers(model.graph);
  const samples: SampleSource = {
    length: 4,
    load: async (i) => ({ name: `#${i}`, feeds: await zooFeeds(model, 'ocr-rec', i), truth: null }),
  };
  const few = layers.filter((l) => l.weight !== null).slice(0, 14);
  const grid = { weights: 'per-tensor', bits: 8 } as const;
  const remedied = await roundByInputs(pool, model, few, () => grid, samples);
  const gains = remedied.changes
    .map(({ nearest, rounded }) => 10 * Math.log10(nearest / rounded))
    .sort((a, b) => a - b);
  expect(gains).toHaveLength(14);
  expect(gains[0]).toBeGreaterThan(0);
  expect(gains[7]).toBeGreaterThan(4);
}, 60_000);

describe('leaves', () => {
  const model = tinyModel({
    inputs: { x: [1, 3, 4, 4] },
    outputs: ['y', 'z', 's', 'o'],
    constants: {
      w: noisy([2, 3, 1, 1]),
      wide: noisy([2, 3, 1, 1]),
      t: noisy([3, 2, 1, 1]),
      v: noisy([2, 3, 1, 1], 4),
    },
    nodes: [
      node('Conv', ['x', 'w'], 'y'),
      node('Conv', ['x', 'w'], 'z'),
      node('ConvTranspose', ['x', 't'], 't1'),
      node('Sub', ['x', 'x'], 'nothing'),
      node('Conv', ['nothing', 'wide'], 't2'),
      node('Add', ['t1', 't2'], 's'),
      node('Conv', ['x', 'v'], 'o'),
    ],
  });

  test('what it cannot or must not round, and says why', async () => {
    const layers = findLayers(model.graph);
    const grid = { weights: 'per-tensor', bits: 8 } as const;
    const remedied = await roundByInputs(pool, model, layers, () => grid, source([1, 3, 4, 4], 2));
    const left = Object.fromEntries(remedied.changes.map((c) => [c.layer, c.left]));
    expect(left).toEqual({
      y_node: 'Other nodes read its weight too.',
      z_node: 'Other nodes read its weight too.',
      t1_node: 'A ConvTranspose like this is only rounded to the nearest.',
      t2_node: 'No sample gives it anything but zeros.',
      o_node: null,
    });
    const weight = remedied.model.graph.initializer.find((t) => t.name === 'w');
    const before = model.graph.initializer.find((t) => t.name === 'w');
    expect(weight && floatValues(weight)).toEqual(before && floatValues(before));
  });

  test('a layer with too many inputs', async () => {
    const wide = tinyModel({
      inputs: { x: [1, 1501] },
      outputs: ['y'],
      constants: { w: noisy([1501, 1]) },
      nodes: [node('MatMul', ['x', 'w'], 'y')],
    });
    const grid = { weights: 'per-tensor', bits: 8 } as const;
    const reason = 'Each output sums up 1501 products, more than 1500.';
    const left = { model: wide, changes: [{ layer: 'y_node', nearest: 0, rounded: 0, left: reason }] };
    const layers = findLayers(wide.graph);
    expect(await roundByInputs(pool, wide, layers, () => grid, source([1, 1501], 1))).toEqual(left);
    expect(roundWeights(wide, new Map([['y_node', reason]]))).toEqual(left);
  });
});
