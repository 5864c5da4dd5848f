import { zipSync } from 'fflate';
import { dump } from 'npyjs';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, vi } from 'vitest';
import { runCommand } from '../../../engine/cli/runCommand';
import { pool } from '../../../engine/cli/terminal';
import { encodeModel } from '../../../engine/onnx/file/readModel';
import { node, noise, noisy, tinyModel } from '../tinyModel';

/** What a run of the program came to. */
export interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** A folder with a small model and data for it, and the program to run on them. */
export function useCli() {
  const folder = mkdtempSync(join(tmpdir(), 'quantscope-cli-'));
  const model = join(folder, 'tiny.onnx');
  const cache = { QUANTSCOPE_CACHE: join(folder, 'cache') };

  const npz = (name: string, arrays: Record<string, [number[], Float32Array]>): string => {
    const path = join(folder, name);
    const files = Object.entries(arrays).map(([key, [dims, values]]) => {
      return [`${key}.npy`, new Uint8Array(dump(values, dims))] as const;
    });
    writeFileSync(path, zipSync(Object.fromEntries(files)));
    return path;
  };

  /** As a process of its own, from the build. */
  const spawned = (...parameters: string[]): Ran => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/quantscope.js', ...parameters], {
      encoding: 'utf8',
      env: { ...process.env, ...cache },
    });
    return { status, stdout, stderr };
  };

  /** In this process, which has nothing to start; a run at a time. */
  const quantscope = async (...parameters: string[]): Promise<Ran> => {
    const written = { stdout: '', stderr: '' };
    const spies = (['stdout', 'stderr'] as const).map((stream) =>
      vi.spyOn(process[stream], 'write').mockImplementation((text) => {
        written[stream] += String(text);
        return true;
      }),
    );
    try {
      return { status: await runCommand(parameters), ...written };
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
  };

  /** One line on stderr that holds all of these words, and nothing half-written. */
  const expectFailure = async (code: number, words: string[], ...parameters: string[]): Promise<void> => {
    const { status, stdout, stderr } = await quantscope(...parameters);
    expect(stderr.trimEnd().split('\n'), stderr).toHaveLength(1);
    for (const word of words) expect(stderr).toContain(word);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(stdout).toBe('');
    expect(status).toBe(code);
    expect(readdirSync(folder).filter((f) => f.endsWith('.part'))).toEqual([]);
  };

  beforeAll(() => {
    vi.stubEnv('QUANTSCOPE_CACHE', cache.QUANTSCOPE_CACHE);
    const tiny = tinyModel({
      inputs: { x: ['n', 3, 8, 8] },
      outputs: ['y'],
      constants: { w1: noisy([8, 3, 3, 3]), b1: noisy([8], 2), w2: noisy([512, 10], 3), shape: noisy([1]) },
      nodes: [
        node('Conv', ['x', 'w1', 'b1'], 'c', { pads: [1, 1, 1, 1] }),
        node('Relu', ['c'], 'r'),
        node('Flatten', ['r'], 'f'),
        node('MatMul', ['f', 'w2'], 'y'),
      ],
    });
    writeFileSync(model, encodeModel(tiny));
    npz('data.npz', { x: [[20, 3, 8, 8], noise(20 * 3 * 64, 5)] });
  });
  afterAll(async () => {
    await pool.dispose();
    rmSync(folder, { recursive: true });
  });

  const data = join(folder, 'data.npz');
  const output = join(folder, 'tiny.int8.onnx');
  return { folder, model, data, output, npz, spawned, quantscope, expectFailure };
}
