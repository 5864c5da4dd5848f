import { unzipSync } from 'fflate';
import { EngineError, errorText } from '../engineError';
import { badData } from './badData';
import type { Tensor } from './dataset';
import { parseNpy } from './parseNpy';
import { readBounded } from './readBounded';

/** Node reads no larger file at once. */
const MAX_FILE_BYTES = 2 ** 31 - 1;
const MAX_UNPACKED_BYTES = 2 ** 32;
/** Deflate packs at most 258 bytes into two bits. */
const MAX_RATIO = 1032;

export interface NpzArrays {
  /** The names of all arrays in the file. */
  names: string[];
  /** Those that were wanted and are there. */
  arrays: Map<string, Tensor>;
}

/**
 * Reads the arrays called `wanted` of an `.npz` file; the others stay packed. `label` is what errors call the file.
 * @throws EngineError `not-found` or `bad-data`: no zip, damaged, or more than 4 GiB when unpacked
 */
export async function readNpz(path: string, wanted: readonly string[], label = path): Promise<NpzArrays> {
  const bytes = await readBounded(path, MAX_FILE_BYTES, label);
  const names: string[] = [];
  let unpacked = 0;
  let entries: Record<string, Uint8Array>;
  try {
    entries = unzipSync(bytes, {
      filter: ({ name, size, originalSize }) => {
        if (!name.endsWith('.npy')) return false;
        const arrayName = name.slice(0, -'.npy'.length);
        names.push(arrayName);
        if (!wanted.includes(arrayName)) return false;
        unpacked += originalSize;
        if (unpacked > MAX_UNPACKED_BYTES || originalSize > (size + 64) * MAX_RATIO)
          throw badData(
            `${label}: "${arrayName}" claims to hold ${originalSize} bytes; ${MAX_UNPACKED_BYTES} in all are the limit.`,
            'Use fewer samples: a few hundred are enough.',
          );
        return true;
      },
    });
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw badData(
      `${label} cannot be read as an npz file: ${errorText(error)}.`,
      'Write it with numpy.savez; if it was downloaded or copied, it may be cut off.',
      error,
    );
  }
  const arrays = new Map<string, Tensor>();
  for (const name of wanted) {
    const entry = Object.hasOwn(entries, `${name}.npy`) ? entries[`${name}.npy`] : undefined;
    if (entry !== undefined) arrays.set(name, parseNpy(entry, `${label}: array "${name}"`));
  }
  return { names, arrays };
}
