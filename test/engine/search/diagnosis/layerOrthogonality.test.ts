import { afterAll, expect, test } from 'vitest';
import type { Sample } from '../../../../engine/data/samples/dataset';
import { exposeTensors } from '../../../../engine/onnx/graph/addGraphOutputs';
import { findLayers } from '../../../../engine/onnx/layers/layers';
import { WorkerPool } from '../../../../engine/runtime/workerPool';
import { layerAlikeness, orthogonalityOf } from '../../../../engine/search/diagnosis/layerOrthogonality';
import { alikeness, centredGram } from '../../../../engine/stats/orthogonality';
import { float, runModel } from '../../runTiny';
import { node, noise, noisy, tinyModel } from '../../tinyModel';

const pool = new WorkerPool(2);
afterAll(() => pool.dispose());

const COUNT = 6;
const model = tinyModel({
  inputs: { x: [1, 3, 'h', 'w'] },
  outputs: ['y'],
  constants: { a: noisy([8, 3, 3, 3], 1), b: noisy([4, 8, 1, 1], 2), c: noisy([4, 5], 3) },
  nodes: [
    node('Conv', ['x', 'a'], 'k', { pads: [1, 1, 1, 1] }),
    node('Relu', ['k'], 'r'),
    node('Conv', ['r', 'b'], 'l'),
    node('GlobalAveragePool', ['l'], 'g'),
    node('Flatten', ['g'], 'f'),
    node('MatMul', ['f', 'c'], 'y'),
  ],
});
const layers = findLayers(model.graph);

function samplesOf(widths: readonly number[]) {
  const load = (i: number): Promise<Sample> => {
    const dims = [1, 3, 8, widths[i] ?? 8];
    const size = dims.reduce((a, b) => a * b, 1);
    return Promise.resolve({ name: `#${i}`, feeds: { x: float(dims, noise(size, 5 + i)) }, truth: null });
  };
  return { length: widths.length, load };
}

/** γ from the layers' own outputs, with nothing sketched. */
async function exact(
  samples: ReturnType<typeof samplesOf>,
  reduce: (data: number[], channels: number) => number[],
): Promise<number[]> {
  const outputs = layers.map((): number[][] => []);
  const tapped = exposeTensors(
    model,
    layers.map((l) => l.output),
  ).model;
  for (let i = 0; i < samples.length; i++) {
    const { feeds } = await samples.load(i);
    const made = await runModel(tapped, feeds);
    for (const [k, layer] of layers.entries()) {
      const tensor = made[layer.output];
      outputs[k]?.push(reduce(Array.from(tensor?.data ?? [], Number), tensor?.dims[1] ?? 1));
    }
  }
  const grams = outputs.map((features) => centredGram(features));
  return grams.map((own, i) => grams.reduce((n, other, j) => (i === j ? n : n + alikeness(own, other)), 0));
}

test('is what the outputs themselves give where they fit, and near it where they are sketched', async () => {
  for (const [width, digits] of [
    [8, 9],
    [400, 1],
  ] as const) {
    const samples = samplesOf(Array.from({ length: COUNT }, () => width));
    const found = await layerAlikeness(pool, model, layers, samples);
    const wanted = await exact(samples, (data) => data);
    layers.forEach(({ name }, i) => expect(found.get(name)).toBeCloseTo(wanted[i] ?? NaN, digits));
  }
});

test('takes the means of channels where samples differ in width', async () => {
  const samples = samplesOf([8, 12, 9, 20, 11, 8]);
  const found = await layerAlikeness(pool, model, layers, samples);
  const means = (data: number[], channels: number) => {
    const each = data.length / channels;
    return Array.from(
      { length: channels },
      (_, c) => data.slice(c * each, (c + 1) * each).reduce((a, b) => a + b, 0) / each,
    );
  };
  // The last layer has one size for all samples; one value a channel is its own mean.
  const wanted = await exact(samples, means);
  layers.forEach(({ name }, i) => expect(found.get(name)).toBeCloseTo(wanted[i] ?? NaN, 5));
});

test('is a share of the others, and nothing where there are none', () => {
  expect(
    orthogonalityOf(
      new Map([
        ['a', 1.5],
        ['b', 0.5],
        ['c', 1],
      ]),
      'a',
    ),
  ).toBe(0.25);
  expect(orthogonalityOf(new Map([['a', 0]]), 'a')).toBeNull();
  expect(orthogonalityOf(new Map(), 'a')).toBeNull();
});
