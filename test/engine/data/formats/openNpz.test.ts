import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump } from 'npyjs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { InputSpec } from '../../../../engine/data/samples/dataset';
import { openDataset } from '../../../../engine/data/openDataset';
import { dataFolder, npzBytes, npzFile } from '../dataFolder';
import { countingNpy, npyBytes } from '../npyBytes';

const x: InputSpec = { name: 'x', type: 'float32', dims: [null, 2, 3] };
const state: InputSpec = { name: 'state', type: 'float32', dims: [2, null, 4] };
const sr: InputSpec = { name: 'sr', type: 'int64', dims: [] };

test('cuts an array of the input’s rank along its first axis', async () => {
  const dataset = await openDataset(npzFile({ x: countingNpy([3, 2, 3]) }), [x]);
  expect(dataset).toMatchObject({ shared: true, metric: 'agreement', alphabet: [] });
  expect(dataset.evaluation.length).toBe(3);
  expect(await dataset.evaluation.load(1)).toEqual({
    name: '#1',
    feeds: { x: { type: 'float32', dims: [1, 2, 3], data: Float32Array.of(6, 7, 8, 9, 10, 11) } },
    truth: null,
  });
});

test('takes whole inputs one after another, and a scalar input as a list', async () => {
  const rates = npyBytes({ descr: '<i4', shape: [3], data: Int32Array.of(8000, 16000, 24000) });
  const path = npzFile({ x: countingNpy([3, 2, 3]), state: countingNpy([3, 2, 1, 4]), sr: rates });
  const { feeds } = await (await openDataset(path, [x, state, sr])).calibration.load(2);
  expect(feeds['state']).toEqual({
    type: 'float32',
    dims: [2, 1, 4],
    data: Float32Array.of(16, 17, 18, 19, 20, 21, 22, 23),
  });
  expect(feeds['sr']).toEqual({ type: 'int64', dims: [], data: BigInt64Array.of(24000n) });
});

test('lets a sample be sent away without the others', async () => {
  const dataset = await openDataset(npzFile({ x: countingNpy([3, 2, 3]) }), [x]);
  const { feeds } = await dataset.calibration.load(0);
  expect(feeds['x']?.data.buffer.byteLength).toBe(24);
});

test('reads an array of any rank for an input of unknown rank', async () => {
  const dataset = await openDataset(npzFile({ x: countingNpy([2, 5]) }), [{ ...x, dims: null }]);
  expect((await dataset.calibration.load(1)).feeds['x']?.dims).toEqual([1, 5]);
});

test.each(['truth', 'labels'])('scores with the classes in an array %s', async (name) => {
  const labels = npyBytes({ descr: '<i8', shape: [3], data: BigInt64Array.of(4n, 0n, 9n) });
  const dataset = await openDataset(npzFile({ x: countingNpy([3, 2, 3]), [name]: labels }), [x]);
  expect(dataset.metric).toBe('top1');
  expect((await dataset.evaluation.load(2)).truth).toBe(9);
});

test('calibrates on even samples and evaluates on odd ones from 16 on', async () => {
  const dataset = await openDataset(npzFile({ x: countingNpy([17, 2, 3]) }), [x]);
  expect([dataset.calibration.length, dataset.evaluation.length, dataset.shared]).toEqual([9, 8, false]);
  expect((await dataset.calibration.load(8)).name).toBe('#16');
  expect((await dataset.evaluation.load(7)).name).toBe('#15');
});

test('shares fewer than 16 samples between the parts', async () => {
  const dataset = await openDataset(npzFile({ x: countingNpy([15, 2, 3]) }), [x]);
  expect([dataset.calibration.length, dataset.evaluation.length, dataset.shared]).toEqual([15, 15, true]);
});

test('gives back what was stored', async () => {
  const values = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), {
    minLength: 6,
    maxLength: 60,
  });
  await fc.assert(
    fc.asyncProperty(values, async (list) => {
      const count = Math.floor(list.length / 6);
      const data = Float32Array.from(list.slice(0, count * 6));
      const path = npzFile({ x: new Uint8Array(dump(data, [count, 2, 3])) });
      const { evaluation } = await openDataset(path, [x]);
      for (let i = 0; i < evaluation.length; i++)
        expect((await evaluation.load(i)).feeds['x']?.data).toEqual(data.slice(6 * i, 6 * i + 6));
    }),
    { numRuns: 30 },
  );
});

const withNaN = Float32Array.from({ length: 18 }, (_, i) => (i === 10 ? NaN : i));
const labelled = (data: Int32Array, shape: number[]) => ({
  x: countingNpy([3, 2, 3]),
  truth: npyBytes({ descr: '<i4', shape, data }),
});

test.each<[string, Record<string, Uint8Array>, InputSpec[], string]>([
  [
    'a missing array',
    { y: countingNpy([3, 2, 3]), z: countingNpy([1]) },
    [x],
    'no array "x"; it holds "y", "z"',
  ],
  ['no arrays at all', {}, [x], 'no array "x"; it holds no arrays'],
  [
    'the wrong shape',
    { x: countingNpy([3, 2, 4]) },
    [x],
    'the shape [1,2,4], and the model\'s input "x" takes [?,2,3]',
  ],
  [
    'the wrong rank',
    { x: countingNpy([3, 2]) },
    [x],
    'array "x" has the shape [3,2], and the model\'s input takes [?,2,3]',
  ],
  ['a lone scalar', { sr: countingNpy([]) }, [sr], 'Give it the shape [samples]'],
  ['no samples', { x: countingNpy([0, 2, 3]) }, [x], 'array "x" holds no samples'],
  [
    'numbers of samples that differ',
    { x: countingNpy([3, 2, 3]), state: countingNpy([2, 2, 1, 4]) },
    [x, state],
    '"x" holds 3 samples and "state" 2',
  ],
  [
    'a batch that is not met',
    { x: countingNpy([16, 2, 3]) },
    [{ ...x, dims: [8, 2, 3] }],
    'The model takes 8 at a time: store whole batches, in the shape [?,8,2,3]',
  ],
  [
    'NaN',
    { x: npyBytes({ descr: '<f4', shape: [3, 2, 3], data: withNaN }) },
    [x],
    'array "x" has NaN in sample 1 at [1,1]',
  ],
  [
    'infinity',
    { x: npyBytes({ descr: '<f8', shape: [1, 2, 3], data: Float64Array.of(0, 0, -Infinity, 0, 0, 0) }) },
    [x],
    'has -Infinity in sample 0 at [0,2]',
  ],
  [
    'too few truths',
    labelled(Int32Array.of(1, 2), [2]),
    [x],
    '"truth" has the shape [2], and there are 3 samples',
  ],
  ['truths in two axes', labelled(Int32Array.of(1, 2, 3), [3, 1]), [x], '"truth" has the shape [3,1]'],
  ['a negative truth', labelled(Int32Array.of(1, -2, 3), [3]), [x], '"truth" has -2 for sample 1'],
])('refuses %s', async (_, arrays, inputs, text) => {
  const error: unknown = await openDataset(npzFile(arrays), inputs).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'bad-data' });
  expect((error as { toLine(): string }).toLine()).toContain(text);
});

test('refuses values that the input’s type cannot hold, naming the sample', async () => {
  const data = npyBytes({ descr: '<f4', shape: [2], data: Float32Array.of(8000, 0.5) });
  const dataset = await openDataset(npzFile({ sr: data }), [sr]);
  await expect(dataset.calibration.load(1)).rejects.toThrow(
    'Array "sr", sample #1 is float32, the model takes int64',
  );
});

test('refuses a file that is no zip, is cut off, or claims too much', async () => {
  const packed = npzBytes({ x: countingNpy([3, 2, 3]) });
  const bomb = packed.slice();
  // The size that the central directory claims: 24 bytes into its record, 22 bytes of end record behind it.
  const view = new DataView(bomb.buffer);
  view.setUint32(view.getUint32(bomb.length - 6, true) + 24, 4e9, true);
  const folder = dataFolder({
    'text.npz': 'not a zip',
    'empty.npz': '',
    'cut.npz': packed.subarray(0, 200),
    'bomb.npz': bomb,
    'array.npy': countingNpy([1]),
  });
  for (const name of ['text.npz', 'empty.npz', 'cut.npz'])
    await expect(openDataset(join(folder, name), [x])).rejects.toThrow(
      `${name} cannot be read as an npz file`,
    );
  await expect(openDataset(join(folder, 'bomb.npz'), [x])).rejects.toThrow(
    '"x" claims to hold 4000000000 bytes',
  );
  await expect(openDataset(join(folder, 'array.npy'), [x])).rejects.toThrow(
    'array.npy is no data that can be read',
  );
  await expect(openDataset(join(folder, 'none.npz'), [x])).rejects.toMatchObject({ code: 'not-found' });
});

test('reports damage inside an array', async () => {
  const packed = npzBytes({ x: countingNpy([300, 2, 3]) });
  const path = join(dataFolder({}), 'damaged.npz');
  writeFileSync(path, packed.fill(0xff, 60, 200));
  await expect(openDataset(path, [x])).rejects.toMatchObject({ code: 'bad-data' });
});

test('refuses a model without inputs', async () => {
  await expect(openDataset(npzFile({}), [])).rejects.toThrow('The model has no inputs.');
});
