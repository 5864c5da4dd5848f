import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeFolder } from '../../../engine/common/makeFolder';

const folder = mkdtempSync(join(tmpdir(), 'quantscope-folder-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('makes a folder and those above it, which may be there', async () => {
  const deep = join(folder, 'a/b/c');
  await Promise.all([makeFolder(deep), makeFolder(deep), makeFolder(join(folder, 'a/d'))]);
  await makeFolder(deep);
  expect([deep, join(folder, 'a/d')].every(existsSync)).toBe(true);
});

// Node's own recursive way makes no end of it.
test.runIf(process.platform === 'linux')(
  'says so where none can be made (in /proc, which Linux has)',
  async () => {
    await expect(makeFolder('/proc/none/of/these')).rejects.toThrow();
  },
  30_000,
);

test('says so below a file', async () => {
  writeFileSync(join(folder, 'file'), '');
  await expect(makeFolder(join(folder, 'file/inside'))).rejects.toThrow();
});
