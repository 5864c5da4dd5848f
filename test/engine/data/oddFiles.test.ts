// Files that are none, folders without end: each is refused at once, and none is waited for.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { InputSpec } from '../../../engine/data/samples/dataset';
import { dataStamp } from '../../../engine/data/samples/dataStamp';
import { dataFiles, openDataset } from '../../../engine/data/openDataset';
import { readModelFile } from '../../../engine/onnx/file/readModel';
import { openParts } from '../../../engine/sharding/openShards';
import { readRecipe } from '../../../engine/recipe/parseRecipe';
import { readReport } from '../../../engine/report/cache/reportCache';
import { readCalibration } from '../../../engine/calibrate/calibrationFile';
import { dataFolder } from './dataFolder';
import { countingNpy } from './npyBytes';

vi.setConfig({ testTimeout: 30_000 });
const x: InputSpec = { name: 'x', type: 'float32', dims: [null, 2] };
const one = countingNpy([1, 2]);
const manifest = { version: 1, samples: { folder: '.' } };

function pipe(folder: string, name: string): string {
  const path = join(folder, name);
  execFileSync('mkfifo', [path]);
  return path;
}

async function messageOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'it worked',
    (thrown: unknown) => (thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : 'no error'),
  );
}

test('a folder with links to itself is as large as without them, for listing and for its stamp', async () => {
  const folder = dataFolder({ 'a.npy': one, 'b/c.npy': one });
  const before = await dataStamp(folder);
  for (const name of ['p', 'q', 'b/r', 'circle.npy']) symlinkSync(folder, join(folder, name));
  expect(await dataStamp(folder)).toBe(before);
  expect((await openDataset(folder, [x])).calibration.length).toBe(2);
});

test('a whole disk is refused, in a message', async () => {
  expect(await messageOf(openDataset('/', [x]))).toMatch(
    /^EngineError: \/.*(holds more than|cannot be listed|no samples)/,
  );
  expect(await dataStamp('/')).toBe('0 0 0');
});

test('a folder of more than 100,000 files is refused, but for a manifest that names some', async () => {
  const folder = dataFolder({ 'a.npy': one });
  execFileSync('sh', ['-c', 'seq 100001 | xargs touch'], { cwd: folder });
  expect(await messageOf(openDataset(folder, [x]))).toContain('holds more than 100000 files');
  writeFileSync(
    join(folder, 'quantscope.json'),
    JSON.stringify({ version: 1, samples: [{ file: 'a.npy' }] }),
  );
  expect((await openDataset(folder, [x])).calibration.length).toBe(1);
  expect(await dataStamp(folder)).toMatch(/^2 /);
});

test('pipes in a folder are no samples, and one that is named is refused', async () => {
  const folder = dataFolder({ 'a.npy': one });
  pipe(folder, 'x.npy');
  symlinkSync('x.npy', join(folder, 'y.npy'));
  expect((await openDataset(folder, [x])).calibration.length).toBe(1);
  writeFileSync(join(folder, 'quantscope.json'), JSON.stringify(manifest));
  expect((await openDataset(folder, [x])).calibration.length).toBe(1);
  writeFileSync(
    join(folder, 'quantscope.json'),
    JSON.stringify({ version: 1, samples: [{ file: 'x.npy' }] }),
  );
  const { calibration } = await openDataset(folder, [x]);
  expect(await messageOf(calibration.load(0))).toBe('EngineError: x.npy is not a file.');
});

test.each(['npz', 'jsonl', 'csv', 'txt', 'mjs'])('a pipe as .%s is refused', async (ending) => {
  const path = pipe(dataFolder({}), `data.${ending}`);
  expect(await messageOf(openDataset(path, [x]))).toBe(`EngineError: ${path} is not a file.`);
  expect(await dataStamp(path)).toBe('0 0 0');
});

test.each([
  ['quantscope.json', { 'a.npy': one }, ''],
  [
    'alphabet.txt',
    { 'a.npy': one, 'quantscope.json': { ...manifest, alphabet: { file: 'alphabet.txt' } } },
    '',
  ],
  ['tokenizer.json', { 'a.txt': 'a text' }, 'a.txt'],
  ['test_data_set_0/input_0.pb', { 'test_data_set_0/output_0.pb': one }, ''],
] as const)('a pipe as %s is refused', async (name, files, data) => {
  const folder = dataFolder(files);
  pipe(folder, name);
  const opened = openDataset(join(folder, data), [{ ...x, name: 'input_ids' }]);
  expect(await messageOf(opened.then(({ calibration }) => calibration.load(0)))).toContain('is not a file');
  await dataStamp(join(folder, data));
});

const readers: [string, (path: string) => Promise<unknown>][] = [
  ['model', readModelFile],
  ['recipe', readRecipe],
  ['report', readReport],
  ['calibration', readCalibration],
  ['part', (path) => openParts([path])],
];
test.each(readers)('a pipe, a device or a folder as %s is refused', async (_, read) => {
  const folder = dataFolder({});
  for (const path of [pipe(folder, 'x'), '/dev/zero', '/dev/full', folder])
    expect(await messageOf(read(path))).toMatch(/^EngineError: .*is not a file/);
});

test('a recipe or a sample that is huge and sparse is refused by its size', async () => {
  const folder = dataFolder({ 'a.npy': '', 'recipe.json': '' });
  for (const name of ['a.npy', 'recipe.json']) truncateSync(join(folder, name), 2 ** 40);
  expect(await messageOf(readRecipe(join(folder, 'recipe.json')))).toContain('has 1099511627776 bytes');
  const { calibration } = await openDataset(folder, [x]);
  expect(await messageOf(calibration.load(0))).toContain('has 1099511627776 bytes');
});

test('names that are no UTF-8 are told of', async () => {
  const folder = dataFolder({ 'a.npy': one });
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/b`), Buffer.from([0xff]), Buffer.from('.npy')]), one);
  expect(await messageOf(openDataset(folder, [x]))).toContain('holds a file whose name is no UTF-8');
  const other = dataFolder({ 'a.npy': one });
  mkdirSync(Buffer.concat([Buffer.from(`${other}/b`), Buffer.from([0xff])]));
  expect(await messageOf(openDataset(other, [x]))).toContain('holds a folder whose name is no UTF-8');
});

test('a closed subfolder is named', async () => {
  const folder = dataFolder({ 'a.npy': one, 'closed/b.npy': one });
  chmodSync(folder, 0o755);
  chmodSync(join(folder, 'closed'), 0);
  // Root may read it all the same.
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65534);
  const said = await messageOf(openDataset(folder, [x]));
  if (isRoot) process.seteuid?.(0);
  chmodSync(join(folder, 'closed'), 0o700);
  expect(said).toBe(`EngineError: ${folder} holds closed/, which cannot be listed: permission denied.`);
});

test('the stamp is of the files that are read', async () => {
  const folder = dataFolder({
    'quantscope.json': { version: 1, samples: [{ file: 'deep/1/2/3/4/5/a.npy' }] },
    'deep/1/2/3/4/5/a.npy': one,
    'notes.txt': 'notes',
    'texts/a.txt': 'a text',
    'texts/tokenizer.json': {},
    'sets/test_data_set_0/input_0.pb': one,
  });
  const named = ['quantscope.json', 'deep/1/2/3/4/5/a.npy'];
  expect(await dataFiles(folder)).toEqual(named.map((name) => join(folder, name)));
  const changes: [string, string][] = [
    ['', 'quantscope.json'],
    ['', 'deep/1/2/3/4/5/a.npy'],
    ['texts/a.txt', 'texts/a.txt'],
    ['texts/a.txt', 'texts/tokenizer.json'],
    ['sets', 'sets/test_data_set_0/input_0.pb'],
    ['sets/test_data_set_0', 'sets/test_data_set_0/input_0.pb'],
  ];
  for (const [data, file] of changes) {
    const before = await dataStamp(join(folder, data));
    writeFileSync(join(folder, file), `${readFileSync(join(folder, file), 'latin1')}\n`);
    expect(await dataStamp(join(folder, data)), file).not.toBe(before);
  }
  const before = await dataStamp(folder);
  writeFileSync(join(folder, 'notes.txt'), 'other notes');
  expect(await dataStamp(folder)).toBe(before);
});
