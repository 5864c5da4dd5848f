import { basename, dirname } from 'node:path';
import type { Dataset, InputSpec, Sample } from '../samples/dataset';
import { readTextLines } from './readTextLines';
import { splitSamples } from '../samples/splitSamples';
import { openTokenizer } from './tokenizer';

/**
 * Opens a `.txt` file: each line is a text, which the `tokenizer.json` beside the file turns into tokens.
 * @throws EngineError `bad-data`
 */
export async function openTextLines(path: string, inputs: readonly InputSpec[]): Promise<Dataset> {
  const lines = await readTextLines(path);
  const tokenize = await openTokenizer(dirname(path), inputs);
  const load = (index: number): Promise<Sample> =>
    new Promise((resolve) => {
      const line = lines[index];
      const name = `${basename(path)}: line ${line?.number ?? 0}`;
      resolve({ name, feeds: tokenize(line?.text, name), truth: null });
    });
  return { ...splitSamples({ length: lines.length, load }), metric: 'agreement', alphabet: [], warnings: [] };
}
