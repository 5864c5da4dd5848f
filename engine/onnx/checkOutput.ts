import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EngineError } from '../engineError';

/** Where a model written to `path` keeps its weights when they do not fit into it. */
export function dataPathOf(path: string): string {
  return `${path}.data`;
}

/** The path by which the system knows a file that may not exist yet. */
async function realName(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return join(await realpath(dirname(path)).catch(() => dirname(path)), basename(path));
  }
}

/**
 * Refuses a model's output that is, by whatever name or link, one of the files that are being read: weights stay in their
 * files until they are asked for, and would be gone.
 * @param inputs the model's file and those that hold its weights
 * @throws EngineError `bad-option`
 */
export async function checkOutput(output: string, inputs: readonly string[]): Promise<void> {
  await checkNotRead([output, dataPathOf(output)], inputs);
}

/**
 * The same for files of any kind.
 * @param why what the inputs are, as the end of a sentence about the output
 * @throws EngineError `bad-option`
 */
export async function checkNotRead(
  outputs: readonly string[],
  inputs: readonly string[],
  why = 'the model that is read is kept there',
): Promise<void> {
  const read = new Set(await Promise.all(inputs.map(realName)));
  for (const path of outputs) {
    if (!read.has(await realName(path))) continue;
    throw new EngineError(
      'bad-option',
      `${path} would be written over, but ${why}.`,
      'Choose another output file.',
    );
  }
}
