import type { Worker } from 'node:worker_threads';
import { expect, test, vi } from 'vitest';
import { encodeModel } from '../../../engine/onnx/file/readModel';
import { WorkerPool } from '../../../engine/runtime/workerPool';
import { float } from '../runTiny';
import { node, tinyModel } from '../tinyModel';

const threads = vi.hoisted(() => [] as Worker[]);
vi.mock('node:worker_threads', async (load) => {
  const whole = await load<typeof import('node:worker_threads')>();
  class Noted extends whole.Worker {
    constructor(...made: ConstructorParameters<typeof Worker>) {
      super(...made);
      threads.push(this);
    }
  }
  return { ...whole, Worker: Noted };
});

const double = encodeModel(
  tinyModel({ inputs: { x: [4] }, outputs: ['y'], nodes: [node('Add', ['x', 'x'], 'y')] }),
);
const feeds = { x: float([4], [1, 2, 3, 4]) };

test('a thread that dies fails what it was at, and the next call begins another one', async () => {
  const pool = new WorkerPool(1);
  try {
    const lost = await pool.first.load(double, { threads: 1 });
    expect(threads).toHaveLength(1);
    const under = Array.from({ length: 50 }, () => lost.run(feeds, ['y']));
    // Its port closes. Ended by force in the midst of a run, onnxruntime aborts the whole process.
    threads[0]?.postMessage(null);
    const settled = Promise.allSettled([...under, lost.run(feeds, ['y'])]);
    const last = (await settled).at(-1);
    expect(last).toMatchObject({
      status: 'rejected',
      reason: { code: 'runtime', message: 'onnxruntime failed: its thread ended.' },
    });
    const session = await pool.first.load(double, { threads: 1 });
    expect(threads).toHaveLength(2);
    const { outputs } = await session.run(feeds, ['y']);
    expect([...(outputs['y']?.data ?? [])]).toEqual([2, 4, 6, 8]);
    // What the dead one held is gone with it, and is told so.
    await expect(lost.run(feeds, ['y'])).rejects.toThrow('not loaded');
    let done = 0;
    await pool.forEach(3, {
      prepare: (worker) => worker.load(double, { threads: 1 }),
      work: async (own) => {
        await own.run(feeds, ['y']);
        done++;
      },
      finish: (own) => own.release(),
    });
    expect(done).toBe(3);
    expect(threads).toHaveLength(2);
  } finally {
    await pool.dispose();
  }
});
