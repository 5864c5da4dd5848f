import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  newPart,
  PART_NAME_LENGTH,
  removeLeftParts,
  removeUnfinishedParts,
} from '../../../../engine/shared/node/partFile';
import { writeFileAtomically, writeOutput } from '../../../../engine/shared/node/writeFile';

let folder = '';
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'quantscope-write-')));
});
afterEach(() => rmSync(folder, { recursive: true }));
const at = (...names: string[]) => join(folder, ...names);

/** A process that has begun to write a file, and never ends it. */
async function writerOf(
  path: string,
): Promise<{ pid: number; kill: (signal: NodeJS.Signals) => Promise<void> }> {
  const script = at('writer.mjs');
  await build({
    stdin: {
      contents: `
        import { writeFileSync } from 'node:fs';
        import { newPart, removeUnfinishedParts } from './engine/shared/node/partFile';
        process.once('SIGTERM', () => { removeUnfinishedParts(); process.exit(143); });
        writeFileSync(newPart(${JSON.stringify(path)}), 'half of');
        console.log('begun');
        setInterval(() => undefined, 1000);`,
      resolveDir: process.cwd(),
    },
    outfile: script,
    ...{ bundle: true, platform: 'node', format: 'esm', logLevel: 'silent' },
  });
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  rmSync(script);
  return {
    pid: child.pid ?? 0,
    kill: async (signal) => {
      child.kill(signal);
      await ended;
    },
  };
}

const parts = () => readdirSync(folder).filter((name) => name.endsWith('.part'));

describe('a part', () => {
  test('that a killed process left is cleared by the next run of the same output, and by no other', async () => {
    const { kill } = await writerOf(at('out.onnx'));
    expect(parts()).toHaveLength(1);
    await writeFileAtomically(at('out.onnx'), 'another');
    // Its process lives.
    expect(parts()).toHaveLength(1);
    await kill('SIGKILL');
    await writeFileAtomically(at('out.onnx.json'), 'another file');
    expect(parts()).toHaveLength(1);
    await writeFileAtomically(at('out.onnx'), 'whole');
    expect(readdirSync(folder).sort()).toEqual(['out.onnx', 'out.onnx.json']);
    expect(readFileSync(at('out.onnx'), 'utf8')).toBe('whole');
  });

  test('goes with its process where that is asked to end', async () => {
    const { kill } = await writerOf(at('out.onnx'));
    expect(parts()).toHaveLength(1);
    await kill('SIGTERM');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('of this process is left alone while it is written, and gone when asked for', async () => {
    const part = newPart(at('out'));
    writeFileSync(part, 'half');
    await removeLeftParts(at('out'));
    expect(existsSync(part)).toBe(true);
    removeUnfinishedParts();
    expect(existsSync(part)).toBe(false);
  });

  test('of another machine, or of a process whose number is taken again, goes when it is a day old', async () => {
    const name = basename(newPart(at('out')));
    removeUnfinishedParts();
    const elsewhere = name.replace(/-[0-9a-f]{10}-(\d+)-/, '-0123456789-$1-');
    const reused = name.replace(/-\d+-/, `-${process.ppid}-`);
    for (const [hours, left] of [
      [23, 2],
      [25, 0],
    ] as const) {
      for (const each of [elsewhere, reused]) {
        writeFileSync(at(each), 'half');
        const time = Date.now() / 1000 - hours * 3600;
        utimesSync(at(each), time, time);
      }
      await removeLeftParts(at('out'));
      expect(parts()).toHaveLength(left);
    }
  });

  test('has a name that fits wherever its file has one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }), (text) => {
        const name = text.replaceAll(/[/\0]/g, '_');
        const part = basename(newPart(at(name)));
        expect(Buffer.byteLength(part)).toBeLessThanOrEqual(PART_NAME_LENGTH);
        expect(part).toMatch(/^\.quantscope-[0-9a-f-]+\.part$/);
      }),
    );
    removeUnfinishedParts();
  });
});

describe('a file that is written whole', () => {
  test('takes the longest names that the system has', async () => {
    const name = at('ä'.repeat(125) + '.json');
    await writeFileAtomically(name, 'text');
    expect(readFileSync(name, 'utf8')).toBe('text');
    await expect(writeFileAtomically(at('x'.repeat(256)), '')).rejects.toMatchObject({
      code: 'write-failed',
      hint: 'Choose a shorter name.',
    });
  });

  test('keeps mode and owner of the one that was there, and has the usual mode where none was', async () => {
    for (const mode of [0o600, 0o644, 0o664, 0o755, 0o444, 0o400]) {
      writeFileSync(at('file'), 'before');
      chmodSync(at('file'), mode);
      if (process.getuid?.() === 0) chownSync(at('file'), 12345, 54321);
      await writeFileAtomically(at('file'), 'after');
      const { mode: now, uid, gid } = statSync(at('file'));
      expect(now & 0o7777).toBe(mode);
      if (process.getuid?.() === 0) expect([uid, gid]).toEqual([12345, 54321]);
      rmSync(at('file'));
    }
    await writeFileAtomically(at('new'), '');
    writeFileSync(at('usual'), '');
    expect(statSync(at('new')).mode).toBe(statSync(at('usual')).mode);
  });

  test('goes through any chain of links, which all stay', async () => {
    mkdirSync(at('a', 'b'), { recursive: true });
    mkdirSync(at('c'));
    symlinkSync(at('c'), at('a', 'b', 'door'));
    symlinkSync('../c/target', at('a', 'second'));
    // Relative to where the folder really is, not to how it is called.
    symlinkSync('../a/second', at('c', 'first'));
    for (const text of ['new', 'newer']) {
      await writeFileAtomically(at('a', 'b', 'door', 'first'), text);
      expect(readFileSync(at('c', 'target'), 'utf8')).toBe(text);
      for (const link of [at('c', 'first'), at('a', 'second')])
        expect(lstatSync(link).isSymbolicLink()).toBe(true);
    }
    symlinkSync('round', at('round'));
    await expect(writeFileAtomically(at('round'), '')).rejects.toMatchObject({ code: 'write-failed' });
    symlinkSync(at('gone', 'file'), at('lost'));
    await expect(writeFileAtomically(at('lost'), '')).rejects.toThrow('no such file or directory');
  });

  test.skipIf(process.platform === 'win32')('takes the place of no device, pipe or socket', async () => {
    spawnSync('mkfifo', [at('fifo')]);
    for (const path of ['/dev/null', '/dev/stdout', at('fifo')])
      await expect(writeFileAtomically(path, '')).rejects.toThrow('it is a device or a pipe');
    await writeOutput('/dev/null', 'text');
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
    await expect(writeOutput('/dev/full', 'text')).rejects.toThrow('Cannot write /dev/full: no space left');
    await expect(writeOutput(folder, '')).rejects.toThrow('it is a folder');
  });
});
