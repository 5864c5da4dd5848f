import { mkdtemp, mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dataStamp } from '../../../../engine/data/samples/dataStamp';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stamp-'));
  await mkdir(join(folder, 'x'));
  await writeFile(join(folder, 'x', '0.npy'), 'before');
});
afterEach(() => rm(folder, { recursive: true }));

test('stays the same while nothing changes', async () => {
  expect(await dataStamp(folder)).toBe(await dataStamp(folder));
});

test('changes when a sample deep in the folder is overwritten in place', async () => {
  const before = await dataStamp(folder);
  await writeFile(join(folder, 'x', '0.npy'), 'behind');
  await utimes(join(folder, 'x', '0.npy'), 4e9, 4e9);
  expect(await dataStamp(folder)).not.toBe(before);
});

test('changes when an older sample comes in with its own time', async () => {
  const before = await dataStamp(folder);
  await writeFile(join(folder, 'x', '1.npy'), 'old');
  await utimes(join(folder, 'x', '1.npy'), 1, 1);
  expect(await dataStamp(folder)).not.toBe(before);
});

test('is that of nothing for words that name no file', async () => {
  expect(await dataStamp('synthetic:4')).toBe('0 0 0');
});
