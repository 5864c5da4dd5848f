import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { EngineError } from '../../../engine/shared/engineError';
import { checkTempFolder, inTempFolder } from '../../../engine/common/tempFolder';

const folder = mkdtempSync(join(tmpdir(), 'quantscope-temp-'));
afterEach(() => vi.unstubAllEnvs());
afterAll(() => rmSync(folder, { recursive: true }));

test('a folder is there for the work, and gone after it, whatever comes of it', async () => {
  vi.stubEnv('TMPDIR', folder);
  let seen = '';
  const work = (thrown?: Error) => (path: string) => {
    seen = path;
    writeFileSync(join(path, 'file'), 'text');
    return thrown === undefined ? Promise.resolve(1) : Promise.reject(thrown);
  };
  expect(await inTempFolder(work())).toBe(1);
  expect([seen.startsWith(folder), existsSync(seen)]).toEqual([true, false]);
  await expect(inTempFolder(work(new Error('its own')))).rejects.toThrow('its own');
  expect(readdirSync(folder)).toEqual([]);
});

test('one that is not there, is no folder or is too small is told by its variable', async () => {
  await checkTempFolder(2 ** 20);
  writeFileSync(join(folder, 'file'), '');
  for (const [path, why] of [
    [join(folder, 'gone'), 'no such file or directory'],
    [join(folder, 'file'), 'not a directory'],
  ] as const) {
    vi.stubEnv('TMPDIR', path);
    for (const work of [checkTempFolder(1), inTempFolder(() => Promise.resolve())])
      await expect(work).rejects.toMatchObject({
        code: 'write-failed',
        message: `The temporary folder ${path} (TMPDIR) cannot be used: ${why}.`,
        hint: 'Set TMPDIR to a folder that exists, is writable and has room.',
      });
  }
  vi.stubEnv('TMPDIR', folder);
  await expect(checkTempFolder(1e18)).rejects.toThrow(/are free, and at least .* are needed/);
  rmSync(join(folder, 'file'));
});

/** A folder on a file system of one megabyte; `null` where nothing can be mounted. */
function smallFolder(): string | null {
  const path = join(folder, 'small');
  mkdirSync(path, { recursive: true });
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path]);
  return status === 0 ? path : null;
}

test('what goes wrong because it is full is told as that, and not in the words of who wrote', async () => {
  const small = smallFolder();
  if (small === null) return;
  try {
    vi.stubEnv('TMPDIR', small);
    const failing = inTempFolder((path) => {
      const filled = spawnSync('dd', ['if=/dev/zero', `of=${join(path, 'big')}`, 'bs=4096']);
      expect(filled.status).not.toBe(0);
      return Promise.reject(new EngineError('runtime', 'Protobuf serialization failed.', ''));
    });
    await expect(failing).rejects.toThrow(
      `The temporary folder ${small} (TMPDIR) cannot be used: no space left`,
    );
    spawnSync('dd', ['if=/dev/zero', `of=${join(small, 'big')}`, 'bs=4096']);
    await expect(checkTempFolder(1)).rejects.toThrow('are free, and at least');
  } finally {
    spawnSync('umount', [small]);
  }
});
