import { basename } from 'node:path';
import { badData } from '../samples/badData';
import { readBounded } from '../samples/readBounded';

/** The longest text that Node has. */
const MAX_FILE_BYTES = 2 ** 29 - 24;

/**
 * Lines of a text file that hold something, with their numbers from 1.
 * @throws EngineError `bad-data` when the file is too large or has none
 */
export async function readTextLines(path: string): Promise<{ number: number; text: string }[]> {
  const text = new TextDecoder().decode(await readBounded(path, MAX_FILE_BYTES, basename(path)));
  const lines = text
    .split(/\r?\n/)
    .map((line, i) => ({ number: i + 1, text: line }))
    .filter((line) => line.text.trim() !== '');
  if (lines.length > 0) return lines;
  throw badData(`${basename(path)} holds no samples.`, 'Write one on each line.');
}
