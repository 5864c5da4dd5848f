import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { zipSync } from 'fflate';
import { onTestFinished } from 'vitest';

/** A folder with these files that is gone when the test ends. Objects are written as JSON. */
export function dataFolder(files: Record<string, Uint8Array | string | object>): string {
  const folder = mkdtempSync(join(tmpdir(), 'quantscope-feeds-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    const plain = content instanceof Uint8Array || typeof content === 'string';
    writeFileSync(join(folder, name), plain ? content : JSON.stringify(content));
  }
  return folder;
}

/** The bytes of an `.npz` file with these arrays. */
export function npzBytes(arrays: Record<string, Uint8Array>): Uint8Array {
  return zipSync(Object.fromEntries(Object.entries(arrays).map(([name, bytes]) => [`${name}.npy`, bytes])));
}

/** Path of a file `data.npz` that is gone when the test ends. */
export function npzFile(arrays: Record<string, Uint8Array>): string {
  return join(dataFolder({ 'data.npz': npzBytes(arrays) }), 'data.npz');
}
