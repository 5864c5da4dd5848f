import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import { encodeModel } from '../../../engine/onnx/file/readModel';
import type { EngineLimits } from '../../../engine/shared/protocol/settings';
import { WorkerPool } from '../../../engine/runtime/workerPool';
import { Workspace } from '../../../engine/project/workspace';
import { node, tinyModel } from '../tinyModel';

const made = vi.hoisted(() => [] as { size: number; memory: number }[]);
vi.mock('../../../engine/runtime/workerPool', async (load) => {
  const whole = await load<typeof import('../../../engine/runtime/workerPool')>();
  class Noted extends whole.WorkerPool {
    constructor(size?: number, memory?: number) {
      super(size, memory);
      let threads = 0;
      // As many as get work of a hundred pieces.
      void this.forEach(100, {
        prepare: () => Promise.resolve(threads++),
        work: () => Promise.resolve(),
        finish: () => Promise.resolve(),
      });
      made.push({ size: threads, memory: this.memory });
    }
  }
  return { ...whole, WorkerPool: Noted };
});

const folder = mkdtempSync(join(tmpdir(), 'quantscope-limits-'));
const path = join(folder, 'model.onnx');
const model = tinyModel({ inputs: { x: [4] }, outputs: ['y'], nodes: [node('Add', ['x', 'x'], 'y')] });
writeFileSync(path, encodeModel(model));
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => (made.length = 0));

async function poolsOf(limits: EngineLimits | null) {
  const workspace = new Workspace();
  if (limits !== null) workspace.limit(limits);
  await workspace.open(path);
  await workspace.dispose();
  return made;
}

test('models share a pool of as many threads, that keep as much, as the settings say', async () => {
  expect(await poolsOf({ threads: 3, memory: 5e8 })).toEqual([{ size: 3, memory: 5e8 }]);
});

test('what the settings leave open depends on the machine', async () => {
  const [pool] = await poolsOf({ threads: null, memory: null });
  expect(pool?.size).toBe(Math.min(8, availableParallelism()));
  expect(pool?.memory).toBe(new WorkerPool(1).memory);
  expect(pool?.memory).toBeLessThanOrEqual(2 ** 31);
});

test('what one kind of limit says leaves the other', async () => {
  expect(await poolsOf({ threads: 1, memory: null })).toMatchObject([{ size: 1 }]);
  made.length = 0;
  expect(await poolsOf({ threads: null, memory: 1e8 })).toMatchObject([{ memory: 1e8 }]);
});
