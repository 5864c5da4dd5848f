import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import type { Sample } from '../../../../engine/data/samples/dataset';
import { WorkerPool } from '../../../../engine/runtime/workerPool';
import { runSamples } from '../../../../engine/evaluate/noise/runSamples';
import { Turns } from '../../../../engine/evaluate/noise/inOrder';
import { float } from '../../runTiny';
import { node, tinyModel } from '../../tinyModel';

const pool = new WorkerPool(2);
afterAll(() => pool.dispose());

test('what samples come to is taken in their order, whichever worker is faster', async () => {
  const model = tinyModel({ inputs: { x: [1] }, outputs: ['y'], nodes: [node('Neg', ['x'], 'y')] });
  const load = async (i: number): Promise<Sample> => {
    // The even ones come late.
    await wait(i % 2 === 0 ? 30 : 0);
    return { name: `#${i}`, feeds: { x: float([1], [i]) }, truth: null };
  };
  const taken: number[] = [];
  await runSamples(pool, model, ['y'], { length: 7, load }, (valuesOf) =>
    taken.push(0 - Number(valuesOf('y')[0])),
  );
  expect(taken).toEqual([0, 1, 2, 3, 4, 5, 6]);
});

test('work that fails keeps nobody waiting', async () => {
  const turns = new Turns();
  const taken: string[] = [];
  const failing = turns.take(
    wait(10).then(() => Promise.reject(new Error('lost'))),
    () => taken.push('lost'),
  );
  const next = turns.take(Promise.resolve('next'), (found) => taken.push(found));
  await expect(failing).rejects.toThrow('lost');
  await next;
  expect(taken).toEqual(['next']);
});
