import { afterAll, describe, expect, test } from 'vitest';
import { EngineError } from '../../../engine/shared/engineError';
import { encodeModel } from '../../../engine/onnx/file/readModel';
import { encodeWithTaps } from '../../../engine/runtime/inferShapes';
import { RuntimeWorker } from '../../../engine/runtime/runtimeWorker';
import { WorkerPool } from '../../../engine/runtime/workerPool';
import { Histogram } from '../../../engine/stats/histogram';
import { quantizeTiny } from '../quantize/quantizeTiny';
import { float, testWorker } from '../runTiny';
import { node, noise, noisy, tinyModel } from '../tinyModel';
import { runNodes } from './runNodes';
import { x86Here } from '../quantize/here';

const pool = new WorkerPool(3);
afterAll(() => pool.dispose());

const double = tinyModel({
  inputs: { x: [4] },
  outputs: ['y'],
  nodes: [node('Add', ['x', 'x'], 'y')],
});
const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));
const nothing = () => Promise.resolve();

describe('forEach', () => {
  test('hands each index out once, in whatever worker, and finishes each worker once', async () => {
    const seen: number[] = [];
    const [prepared, finished]: RuntimeWorker[][] = [[], []];
    await pool.forEach(40, {
      prepare: (worker) => {
        prepared?.push(worker);
        return Promise.resolve(worker);
      },
      work: async (_, i) => {
        seen.push(i);
        await pause(i % 3);
      },
      finish: (worker) => {
        finished?.push(worker);
        return Promise.resolve();
      },
    });
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i));
    expect(new Set(prepared).size).toBe(3);
    expect(new Set(finished)).toEqual(new Set(prepared));
    expect(finished).toHaveLength(3);
  });

  test('wakes no more workers than there is work, and none for none', async () => {
    let prepared = 0;
    const prepare = () => Promise.resolve(prepared++);
    await pool.forEach(2, { prepare, work: nothing, finish: nothing });
    expect(prepared).toBe(2);
    await pool.forEach(0, { prepare, work: nothing, finish: nothing });
    expect(prepared).toBe(2);
  });

  test('throws what work threw, after the rest came to an end, and hands out no more', async () => {
    let under = 0;
    let started = 0;
    let finished = 0;
    const failing = pool.forEach(100, {
      prepare: () => Promise.resolve(0),
      work: async (_, i) => {
        started++;
        under++;
        await pause(i === 4 ? 1 : 10);
        under--;
        if (i === 4) throw new RangeError('the fifth');
      },
      finish: () => Promise.resolve(finished++).then(nothing),
    });
    await expect(failing).rejects.toThrow('the fifth');
    expect([under, finished]).toEqual([0, 3]);
    expect(started).toBeLessThan(12);
  });

  test('throws what happened first, though cleaning up and other workers fail too', async () => {
    const failing = pool.forEach(10, {
      prepare: () => Promise.resolve(0),
      work: async (_, i) => {
        // Index 1 goes to a later worker than index 0, and fails before it.
        await pause(i === 1 ? 1 : 20);
        throw new RangeError(i === 1 ? 'the cause' : 'a later failure');
      },
      finish: () => Promise.reject(new RangeError('cleaning up')),
    });
    await expect(failing).rejects.toThrow('the cause');
  });

  test('throws what preparing threw', async () => {
    const prepare = () => Promise.reject(new RangeError('not ready'));
    await expect(pool.forEach(5, { prepare, work: nothing, finish: nothing })).rejects.toThrow('not ready');
  });

  test('stops when cancelled, and does not begin when that was before', async () => {
    const abort = new AbortController();
    let started = 0;
    let finished = 0;
    const parts = {
      prepare: () => Promise.resolve(0),
      work: async () => {
        if (++started === 5) abort.abort();
        await pause(1);
      },
      finish: () => Promise.resolve(finished++).then(nothing),
    };
    await expect(pool.forEach(1000, parts, abort.signal)).rejects.toMatchObject({ code: 'cancelled' });
    expect(started).toBeLessThan(10);
    expect(finished).toBe(3);
    await expect(pool.forEach(1000, parts, abort.signal)).rejects.toMatchObject({ code: 'cancelled' });
    expect(started).toBeLessThan(10);
  });
});

describe('a worker', () => {
  test('runs models, several at a time, and tells them apart', async () => {
    const triple = tinyModel({
      inputs: { x: [4] },
      outputs: ['y'],
      nodes: [node('Add', ['x', 'x'], 'z'), node('Add', ['z', 'x'], 'y')],
    });
    const sessions = await Promise.all(
      [double, triple].map((m) => testWorker().load(encodeModel(m), { threads: 1 })),
    );
    const feeds = { x: float([4], [1, 2, 3, 4]) };
    const results = await Promise.all(sessions.map((s) => s.run(feeds, ['y'])));
    expect(results.map((r) => [...(r.outputs['y']?.data ?? [])])).toEqual([
      [2, 4, 6, 8],
      [3, 6, 9, 12],
    ]);
    for (const r of results) expect(r.milliseconds).toBeGreaterThanOrEqual(0);
    // What was fed can be fed again.
    expect(feeds.x.data).toHaveLength(4);
    for (const s of sessions) await s.release();
  });

  test('leaves this thread free while onnxruntime runs', async () => {
    const size = 768;
    const nodes = Array.from({ length: 12 }, (_, i) =>
      node('MatMul', [i === 0 ? 'x' : `t${i - 1}`, 'w'], i === 11 ? 'y' : `t${i}`),
    );
    const constants = { w: noisy([size, size], 1, 0.01) };
    const heavy = tinyModel({ inputs: { x: [size, size] }, outputs: ['y'], nodes, constants });
    const session = await testWorker().load(encodeModel(heavy), { threads: 1 });
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 5);
    const x = float([size, size], noise(size * size));
    last = performance.now();
    let inside = 0;
    for (let i = 0; i < 3; i++) inside += (await session.run({ x }, ['y'])).milliseconds;
    clearInterval(timer);
    await session.release();
    expect(inside).toBeGreaterThan(60);
    expect(longest).toBeLessThan(inside * 0.7);
  });

  test.each([
    ['an operator that does not exist', [node('Frobnicate', ['x'], 'y')], 'Frobnicate'],
    ['a tensor that nothing makes', [node('Relu', ['nowhere'], 'y')], 'nowhere'],
  ])('refuses a model with %s in one sentence', async (_, nodes, says) => {
    const model = tinyModel({ inputs: { x: [4] }, outputs: ['y'], nodes });
    const thrown: unknown = await testWorker()
      .load(encodeModel(model), { threads: 1 })
      .catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(EngineError);
    expect(thrown).toMatchObject({ code: 'runtime' });
    expect((thrown as EngineError).message).toContain(says);
    expect((thrown as EngineError).message).not.toMatch(/\n|\.\.$/);
    expect((thrown as EngineError).hint).not.toBe('');
  });

  test('refuses bytes that are no model, wrong shapes and unknown outputs, and works on', async () => {
    const bytes = Uint8Array.of(1, 2, 3);
    await expect(testWorker().load(bytes, { threads: 1 })).rejects.toMatchObject({ code: 'runtime' });
    const session = await testWorker().load(encodeModel(double), { threads: 1 });
    const wrong = session.run({ x: float([5], [1, 2, 3, 4, 5]) }, ['y']);
    await expect(wrong).rejects.toMatchObject({ code: 'runtime' });
    const unknown = session.run({ x: float([4], [1, 2, 3, 4]) }, ['z']);
    await expect(unknown).rejects.toMatchObject({ code: 'runtime' });
    const { outputs } = await session.run({ x: float([4], [1, 2, 3, 4]) }, ['y']);
    expect([...(outputs['y']?.data ?? [])]).toEqual([2, 4, 6, 8]);
    await session.release();
    await expect(session.run({ x: float([4], [1, 2, 3, 4]) }, ['y'])).rejects.toThrow('not loaded');
    // Twice does no harm.
    await session.release();
  });

  test('answers every call though it is ended', async () => {
    const worker = new RuntimeWorker();
    const session = await worker.load(encodeModel(double), { threads: 1 });
    const under = Array.from({ length: 20 }, () => session.run({ x: float([4], [1, 2, 3, 4]) }, ['y']));
    const settled = Promise.allSettled(under);
    await worker.terminate();
    expect(await settled).toHaveLength(20);
    await expect(session.run({ x: float([4], [1, 2, 3, 4]) }, ['y'])).rejects.toMatchObject({
      code: 'runtime',
    });
  });

  test('counts tensors without handing them out, inputs among them', async () => {
    const tapped = encodeWithTaps(double, ['x', 'y']);
    const session = await testWorker().load(tapped, { threads: 1 });
    for (const values of [
      [1, 2, 3, 4],
      [0, -9, 0.5, NaN],
    ]) {
      await session.observe({ x: float([4], values) }, ['x', 'y'], 0);
    }
    const counted = await session.histograms();
    const expected = (gain: number) => {
      const histogram = new Histogram();
      histogram.add(Float32Array.from([1, 2, 3, 4, 0, -9, 0.5, NaN], (v) => v * gain));
      return histogram.state();
    };
    expect(counted).toEqual({ x: expected(1), y: expected(2) });
    await session.release();
  });

  test('counts inputs alone, where no tensor has to be computed', async () => {
    const session = await testWorker().load(encodeModel(double), { threads: 1 });
    await session.observe({ x: float([4], [1, 2, 3, 4]) }, ['x'], 0);
    expect((await session.histograms())['x']?.finite).toBe(4);
    await session.release();
  });

  test('counts only floats', async () => {
    const nodes = [node('Shape', ['x'], 's'), node('Relu', ['x'], 'y')];
    const model = tinyModel({ inputs: { x: [4] }, outputs: ['y'], nodes });
    const session = await testWorker().load(encodeWithTaps(model, ['s']), { threads: 1 });
    await session.observe({ x: float([4], [1, 2, 3, 4]) }, ['s', 'y'], 0);
    expect(Object.keys(await session.histograms())).toEqual(['y']);
    await session.release();
  });
});

describe('how nodes run', () => {
  const model = tinyModel({
    inputs: { x: [1, 3, 6, 6] },
    outputs: ['y'],
    constants: { v: noisy([4, 3, 3, 3], 1), w: noisy([64, 5], 2) },
    nodes: [
      node('Conv', ['x', 'v'], 'c'),
      node('Relu', ['c'], 'r'),
      node('Flatten', ['r'], 'f'),
      node('MatMul', ['f', 'w'], 'm'),
      node('Softmax', ['m'], 'y'),
    ],
  });
  const feeds = { x: float([1, 3, 6, 6], noise(108)) };
  const x86 = { profile: x86Here, weights: 'per-channel' } as const;
  const counts = async (keepFloat: string[]) => {
    const { int8 } = await quantizeTiny(model, feeds, x86, keepFloat);
    const nodes = await runNodes(int8);
    return (['integer', 'float'] as const).map((kind) => nodes.filter((n) => n.kind === kind).length);
  };

  test('is read from the graph that onnxruntime made', async () => {
    expect(await counts([])).toEqual([2, 1]);
    expect(await counts(['c_node'])).toEqual([1, 2]);
    expect(await counts(['c_node', 'm_node'])).toEqual([0, 3]);
  });

  test('a model that onnxruntime refuses is an EngineError', async () => {
    const broken = tinyModel({ inputs: { x: [4] }, outputs: ['y'], nodes: [node('Nope', ['x'], 'y')] });
    await expect(runNodes(broken)).rejects.toBeInstanceOf(EngineError);
  });
});
