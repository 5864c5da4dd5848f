import { afterAll, expect, test } from 'vitest';
import type { SampleSource } from '../../../../engine/data/samples/dataset';
import { WorkerPool } from '../../../../engine/runtime/workerPool';
import { channelRanges } from '../../../../engine/search/remedies/channelRanges';
import { float, runModel } from '../../runTiny';
import { node, noise, noisy, tinyModel } from '../../tinyModel';

const pool = new WorkerPool(2);
afterAll(() => pool.dispose());

const feeds = (i: number) => {
  const dims = [1 + (i % 2), 3, 4 + i, 5];
  return {
    x: float(
      dims,
      noise(
        dims.reduce((a, b) => a * b),
        i + 1,
      ).map((v) => v * (1 + i)),
    ),
  };
};
const samples: SampleSource = {
  length: 4,
  load: (i) => Promise.resolve({ name: `#${i}`, feeds: feeds(i), truth: null }),
};

test.each([17, 18])('each channel’s smallest and largest value over all samples, opset %d', async (opset) => {
  const model = tinyModel({
    inputs: { x: ['n', 3, 'h', 5] },
    outputs: ['y', 'p'],
    constants: { w: noisy([6, 3, 3, 3]) },
    nodes: [
      node('Conv', ['x', 'w'], 'y'),
      node('GlobalAveragePool', ['y'], 'g'),
      node('Flatten', ['g'], 'p'),
    ],
    opset,
  });
  const tensors = new Map([
    ['x', 3],
    ['y', 6],
    ['p', 6],
    ['missing', 2],
  ]);
  const found = await channelRanges(pool, model, tensors, samples);
  expect([...found.keys()].sort()).toEqual(['p', 'x', 'y']);
  for (const name of ['x', 'y', 'p']) {
    const channels = tensors.get(name) ?? 1;
    const values: number[][] = Array.from({ length: channels }, () => []);
    for (let i = 0; i < samples.length; i++) {
      const tensor = name === 'x' ? feeds(i).x : (await runModel(model, feeds(i)))[name];
      const inner = (tensor?.dims ?? []).slice(2).reduce((a, b) => a * b, 1);
      Array.from(tensor?.data ?? [], Number).forEach((v, k) =>
        values[Math.floor(k / inner) % channels]?.push(v),
      );
    }
    values.forEach((list, c) => {
      expect(found.get(name)?.min[c]).toBeCloseTo(Math.min(...list), 5);
      expect(found.get(name)?.max[c]).toBeCloseTo(Math.max(...list), 5);
    });
  }
});

test('of no samples nothing is known', async () => {
  const model = tinyModel({ inputs: { x: [1, 3, 4, 5] }, outputs: ['y'], nodes: [node('Relu', ['x'], 'y')] });
  expect(await channelRanges(pool, model, new Map([['y', 3]]), { ...samples, length: 0 })).toEqual(new Map());
});
