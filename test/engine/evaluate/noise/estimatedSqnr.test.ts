import { afterAll, expect, test } from 'vitest';
import { findLayers } from '../../../../engine/onnx/layers/layers';
import { WorkerPool } from '../../../../engine/runtime/workerPool';
import { localSqnr } from '../../../../engine/evaluate/noise/localError';
import { predictedSqnr } from '../../../../engine/evaluate/noise/estimatedSqnr';
import { x86Here } from '../../quantize/here';
import { quantizeTiny } from '../../quantize/quantizeTiny';
import { float } from '../../runTiny';
import { node, noise, noisy, tinyModel } from '../../tinyModel';

const pool = new WorkerPool(1);
afterAll(() => pool.dispose());

const SIDE = 24;
const image = [1, 8, SIDE, SIDE];

/** One convolution; what its histograms foretell of it, and what is measured, in dB. */
async function both(values: ArrayLike<number>, gains = [1]) {
  const weight = noise(16 * 8 * 9, 5).map((w, i) => w * (gains[Math.floor(i / 72) % gains.length] ?? 1));
  const model = tinyModel({
    inputs: { x: image },
    outputs: ['y'],
    constants: { w: [[16, 8, 3, 3], weight], b: noisy([16], 6) },
    nodes: [node('Conv', ['x', 'w', 'b'], 'y')],
  });
  const feeds = { x: float(image, values) };
  const settings = { profile: x86Here, weights: gains.length > 1 ? 'per-tensor' : 'per-channel' } as const;
  const { float: normalized, plan, histograms } = await quantizeTiny(model, feeds, settings);
  const layers = findLayers(normalized.graph);
  const samples = { length: 1, load: () => Promise.resolve({ name: 'one', feeds, truth: null }) };
  const measured = await localSqnr(pool, normalized, layers, plan, samples);
  const [layer] = layers;
  if (layer === undefined) throw new RangeError('no layer');
  return { foretold: predictedSqnr(layer, plan, histograms), measured: measured.get(layer.name) ?? NaN };
}

const centred = noise(8 * SIDE * SIDE, 3);

test('foretells what is measured where inputs are centred and independent', async () => {
  const { foretold, measured } = await both(centred);
  expect(Math.abs(foretold - measured)).toBeLessThan(1.5);
});

test('sees outliers, which make steps coarse, and weights with one scale for unlike channels', async () => {
  const plain = await both(centred);
  const outlier = await both(centred.map((v, i) => (i === 77 ? 40 : v)));
  expect(outlier.foretold).toBeLessThan(plain.foretold - 10);
  expect(Math.abs(outlier.foretold - outlier.measured)).toBeLessThan(2);
  const gains = [20, ...new Array<number>(15).fill(0.2)];
  const unlike = await both(centred, gains);
  expect(Math.abs(unlike.foretold - unlike.measured)).toBeLessThan(2);
});

test('is never above what is measured by much where inputs share a mean', async () => {
  const { foretold, measured } = await both(centred.map((v) => v + 3));
  expect(foretold).toBeLessThan(measured + 6);
});
