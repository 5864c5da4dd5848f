import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { InputSpec } from '../../../../engine/data/samples/dataset';
import { openDataset } from '../../../../engine/data/openDataset';
import { dataFolder, npzBytes } from '../dataFolder';
import { countingNpy } from '../npyBytes';

const x: InputSpec = { name: 'x', type: 'float32', dims: [null, 2] };
const one = countingNpy([1, 2]);

test('takes every array file as one sample', async () => {
  const folder = dataFolder({ 'b.npz': npzBytes({ x: one }), 'a.npy': one, 'notes.txt': '', '.c.npy': '' });
  const { calibration, metric } = await openDataset(folder, [x]);
  expect({ metric, length: calibration.length }).toEqual({ metric: 'agreement', length: 2 });
  for (const [index, name] of ['a.npy', 'b.npz'].entries())
    expect(await calibration.load(index)).toEqual({
      name,
      feeds: { x: { type: 'float32', dims: [1, 2], data: Float32Array.of(0, 1) } },
      truth: null,
    });
});

test('takes subfolders in turns, two files each', async () => {
  const names = ['0/a', '0/b', '0/c', '1/a', '1/b', '1/c', '1/d', '2/deep/a', '.git/a', '1/2/3/4/5/a'];
  const folder = dataFolder(Object.fromEntries(names.map((name) => [`${name}.npy`, one])));
  const { calibration } = await openDataset(folder, [x]);
  const found = await Promise.all(
    Array.from({ length: calibration.length }, async (_, i) => (await calibration.load(i)).name),
  );
  expect(found.map((name) => name.replace('.npy', ''))).toEqual([
    '0/a',
    '0/b',
    '1/a',
    '1/b',
    '2/deep/a',
    '0/c',
    '1/c',
    '1/d',
  ]);
});

test('reads links to files inside, and no others', async () => {
  const outside = dataFolder({ 'secret.npy': one });
  const folder = dataFolder({ 'a.npy': one });
  symlinkSync('a.npy', join(folder, 'b.npy'));
  symlinkSync('.', join(folder, 'circle'));
  expect((await openDataset(folder, [x])).calibration.length).toBe(2);
  symlinkSync(join(outside, 'secret.npy'), join(folder, 'c.npy'));
  await expect(openDataset(folder, [x])).rejects.toThrow('"c.npy", a link that leads out of its folder');
});

test('names a folder without samples, and the sample that does not fit', async () => {
  const empty = dataFolder({ 'notes.txt': '' });
  await expect(openDataset(empty, [x])).rejects.toMatchObject({
    code: 'bad-data',
    message: `${empty} has no quantscope.json, and no samples.`,
    hint: expect.stringContaining('"samples": {"folder": "."}') as unknown,
  });
  const { calibration } = await openDataset(dataFolder({ 'a.npy': countingNpy([2]) }), [x]);
  await expect(calibration.load(0)).rejects.toMatchObject({
    message: 'a.npy gives one sample the shape [2], and the model\'s input "x" takes [?,2].',
    hint: 'Store the input whole, with its batch axis.',
  });
});
