import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { InputSpec } from '../../../../engine/data/samples/dataset';
import { openDataset } from '../../../../engine/data/openDataset';
import { dataFolder, npzBytes } from '../dataFolder';
import { countingNpy, npyBytes } from '../npyBytes';
import { grayPng } from '../picture';

const x: InputSpec = { name: 'x', type: 'float32', dims: [null, 1, 2, 2] };
const preprocess = { color: 'gray', resize: { mode: 'stretch', width: 2, height: 2 } };

function folderWith(manifest: object, files: Record<string, Uint8Array | string> = {}): string {
  return dataFolder({
    'quantscope.json': { version: 1, preprocess, ...manifest },
    'a.png': grayPng(2, 2, 5),
    'b.png': grayPng(4, 4, 6),
    ...files,
  });
}

test('opens two lists of pictures with classes', async () => {
  const folder = folderWith({
    calibration: [{ file: 'a.png', truth: 1 }],
    evaluation: [
      { file: './b.png', truth: 2 },
      { file: 'a.png', truth: 0 },
    ],
  });
  const dataset = await openDataset(folder, [x]);
  expect(dataset).toMatchObject({ shared: false, metric: 'top1', alphabet: [] });
  expect([dataset.calibration.length, dataset.evaluation.length]).toEqual([1, 2]);
  expect(await dataset.evaluation.load(0)).toEqual({
    name: './b.png',
    feeds: { x: { type: 'float32', dims: [1, 1, 2, 2], data: Float32Array.of(6, 6, 6, 6) } },
    truth: 2,
  });
});

test('opens a folder without truth, in the order of the names', async () => {
  const files = {
    'more/2.png': grayPng(1, 1),
    'more/1.png': grayPng(1, 1),
    'more/notes.txt': '',
    'more/.3.png': '',
  };
  const dataset = await openDataset(folderWith({ samples: { folder: 'more' } }, files), [x]);
  expect(dataset).toMatchObject({ metric: 'agreement', shared: true });
  expect(dataset.calibration.length).toBe(2);
  expect(await dataset.calibration.load(0)).toMatchObject({ name: '1.png', truth: null });
});

test('splits one list of 16', async () => {
  const samples = Array.from({ length: 16 }, (_, i) => ({ file: i % 2 === 0 ? 'a.png' : 'b.png' }));
  const dataset = await openDataset(folderWith({ samples }), [x]);
  expect(dataset.shared).toBe(false);
  expect((await dataset.calibration.load(7)).name).toBe('a.png');
  expect((await dataset.evaluation.load(7)).name).toBe('b.png');
});

test('reads an alphabet, with the space last', async () => {
  const alphabet = { file: 'abc.txt', space: true };
  const manifest = { samples: [{ file: 'a.png', truth: 'ab' }], alphabet };
  const dataset = await openDataset(folderWith(manifest, { 'abc.txt': 'a\r\n𠮷\nc\n' }), [x]);
  expect(dataset).toMatchObject({ metric: 'ctc', alphabet: ['a', '𠮷', 'c', ' '] });
});

test('feeds raw arrays as they are', async () => {
  const half = npyBytes({ descr: '<f2', shape: [1, 1, 2, 2], data: Uint16Array.of(0x3c00, 0, 0, 0) });
  const state: InputSpec = { name: 'state', type: 'int64', dims: [2] };
  const files = {
    'x.npy': half,
    'both.npz': npzBytes({
      x: countingNpy([1, 1, 2, 2]),
      state: npyBytes({ descr: '|u1', shape: [2], data: Uint8Array.of(3, 4) }),
    }),
  };
  const single = await openDataset(folderWith({ samples: [{ file: 'x.npy' }], input: 'x' }, files), [x]);
  expect((await single.evaluation.load(0)).feeds['x']?.data).toEqual(Float32Array.of(1, 0, 0, 0));
  const several = await openDataset(folderWith({ samples: [{ file: 'both.npz' }] }, files), [x, state]);
  expect((await several.evaluation.load(0)).feeds).toEqual({
    x: { type: 'float32', dims: [1, 1, 2, 2], data: Float32Array.of(0, 1, 2, 3) },
    state: { type: 'int64', dims: [2], data: BigInt64Array.of(3n, 4n) },
  });
});

test.each<[string, object, string]>([
  ['a path that goes up', { samples: [{ file: '../a.png' }] }, '"../a.png", outside its folder'],
  ['a path that goes up inside', { samples: [{ file: 'more/..\\\\a.png' }] }, 'outside its folder'],
  ['an absolute path', { samples: [{ file: '/etc/passwd' }] }, '"/etc/passwd", outside its folder'],
  ['a drive', { samples: [{ file: 'C:a.png' }] }, '"C:a.png", outside its folder'],
  ['a folder that goes up', { samples: { folder: '..' } }, '"..", outside its folder'],
  ['a missing file', { samples: [{ file: 'c.png' }] }, '"c.png", which cannot be found'],
  ['a file as a folder', { samples: { folder: 'a.png' } }, '"a.png" is not a folder'],
  ['an empty folder', { samples: { folder: 'empty' } }, 'the folder "empty" holds no samples'],
  ['another kind of file', { samples: [{ file: 'abc.txt' }] }, '"abc.txt" is no kind of sample'],
  [
    'an input that is not there',
    { input: 'y', samples: [{ file: 'a.png' }] },
    'input is "y". The model\'s inputs are "x"',
  ],
  [
    'ctc without alphabet',
    { metric: 'ctc', samples: [{ file: 'a.png', truth: 'a' }] },
    'metric "ctc" needs an alphabet',
  ],
  [
    'top1 without truth',
    { metric: 'top1', samples: [{ file: 'a.png' }] },
    '"a.png" has no truth, and metric "top1"',
  ],
  [
    'truths of two kinds',
    {
      samples: [
        { file: 'a.png', truth: 1 },
        { file: 'b.png', truth: 'b' },
      ],
    },
    '"b.png" has the truth "b", and metric "top1" needs a class index',
  ],
  [
    'an alphabet with words',
    { alphabet: { file: 'abc.txt' }, samples: [{ file: 'a.png', truth: 'a' }] },
    'line 2 of abc.txt is "bc"',
  ],
])('refuses %s', async (_, manifest, text) => {
  const folder = folderWith(manifest, { 'abc.txt': 'a\nbc' });
  mkdirSync(join(folder, 'empty'));
  const error: unknown = await openDataset(folder, [x]).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'bad-data' });
  expect((error as { toLine(): string }).toLine()).toContain(text);
});

test('follows no link out of the folder', async () => {
  const outside = dataFolder({ 'secret.png': grayPng(2, 2) });
  const folder = folderWith({ samples: [{ file: 'link.png' }] });
  symlinkSync(join(outside, 'secret.png'), join(folder, 'link.png'));
  await expect(openDataset(folder, [x])).rejects.toThrow('"link.png", a link that leads out of its folder');
  const linked = folderWith({ samples: { folder: 'link' } });
  symlinkSync(outside, join(linked, 'link'));
  await expect(openDataset(linked, [x])).rejects.toThrow('"link", a link that leads out');
  const inside = folderWith({ samples: [{ file: 'link.png' }] });
  symlinkSync('a.png', join(inside, 'link.png'));
  expect((await openDataset(inside, [x])).evaluation.length).toBe(1);
});

test('refuses pictures for a model with several inputs', async () => {
  const folder = folderWith({ samples: [{ file: 'a.png' }] });
  await expect(openDataset(folder, [x, { ...x, name: 'y' }])).rejects.toThrow(
    '"a.png" feeds one input, and the model has 2: "x", "y"',
  );
});

test.each<[string, Record<string, Uint8Array | string>, object, string]>([
  ['no picture', { 'c.png': 'text' }, {}, 'c.png is not a picture that can be read'],
  [
    'no preprocessing',
    { 'c.png': grayPng(2, 2) },
    { preprocess: undefined },
    'does not say how it becomes a tensor',
  ],
  ['another size', { 'c.png': grayPng(3, 2) }, { preprocess: { color: 'gray' } }, 'the shape [1,1,2,3]'],
  [
    'NaN',
    { 'c.npy': npyBytes({ descr: '<f4', shape: [2], data: Float32Array.of(0, NaN) }) },
    {},
    'c.npy has NaN at [1]',
  ],
  [
    'another rank',
    { 'c.npy': countingNpy([2, 2]) },
    {},
    'the shape [2,2], and the model\'s input "x" takes [?,1,2,2]',
  ],
  [
    'a missing array',
    { 'c.npz': npzBytes({ y: countingNpy([2]) }) },
    {},
    'c.npz has no array "x"; it holds "y"',
  ],
])('names the sample with %s', async (_, files, manifest, message) => {
  const [file = ''] = Object.keys(files);
  const dataset = await openDataset(folderWith({ samples: [{ file }], ...manifest }, files), [x]);
  await expect(dataset.evaluation.load(0)).rejects.toMatchObject({
    code: 'bad-data',
    message: expect.stringContaining(message) as unknown,
  });
});
