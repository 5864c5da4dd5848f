import { basename, dirname } from 'node:path';
import { errorText } from '../../shared/engineError';
import { parseJson } from '../../shared/parseJson';
import { badData } from '../samples/badData';
import type { Dataset, InputSpec, Sample, Truth } from '../samples/dataset';
import { jsonTensor } from './jsonTensor';
import { readTextLines } from './readTextLines';
import { splitSamples } from '../samples/splitSamples';
import { openTokenizer, type Tokenizer } from './tokenizer';
import { ownValue } from '../../shared/ownValue';

/**
 * Opens a `.jsonl` file: each line is a sample, an object with a member for each input, or the value itself when the
 * model has one input. A member `truth` that is a whole number makes the metric `top1`. An object with a `text` feeds what the
 * `tokenizer.json` beside the file makes of it.
 * @throws EngineError `bad-data` that names the line
 */
export async function openJsonLines(path: string, inputs: readonly InputSpec[]): Promise<Dataset> {
  const lines = await readTextLines(path);
  const name = basename(path);
  const first = parseLine(lines[0]?.text ?? '', `${name}: line ${lines[0]?.number ?? 1}`);
  const isText = typeof first['text'] === 'string' && !inputs.some((spec) => spec.name === 'text');
  const tokenizer = isText ? await openTokenizer(dirname(path), inputs) : null;
  const load = (index: number): Promise<Sample> =>
    new Promise((resolve) => {
      const line = lines[index];
      if (line === undefined) throw new RangeError(`no sample ${index}`);
      resolve(sampleOf(line.text, inputs, tokenizer, `${name}: line ${line.number}`));
    });
  const metric = truthOf(first, name) === null ? 'agreement' : 'top1';
  return { ...splitSamples({ length: lines.length, load }), metric, alphabet: [], warnings: [] };
}

function parseLine(text: string, where: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw badData(`${where} is not JSON: ${errorText(error)}.`, 'Write one JSON value on each line.', error);
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : { '': value };
}

function sampleOf(
  text: string,
  inputs: readonly InputSpec[],
  tokenizer: Tokenizer | null,
  where: string,
): Sample {
  const line = parseLine(text, where);
  const truth = truthOf(line, where);
  if (tokenizer !== null) return { name: where, feeds: tokenizer(line['text'], where), truth };
  const feeds = inputs.map((spec) => {
    const key = inputs.length === 1 && !Object.hasOwn(line, spec.name) ? '' : spec.name;
    if (!Object.hasOwn(line, key))
      throw badData(
        `${where} has no "${spec.name}".`,
        `Give each line a member for each input: ${inputs.map((each) => `"${each.name}"`).join(', ')}.`,
      );
    return [spec.name, jsonTensor(ownValue(line, key), spec, `${where}: "${spec.name}"`)] as const;
  });
  return { name: where, feeds: Object.fromEntries(feeds), truth };
}

function truthOf(line: Record<string, unknown>, where: string): Truth {
  const truth = Object.hasOwn(line, 'truth') ? line['truth'] : null;
  if (truth === null || (typeof truth === 'number' && Number.isInteger(truth) && truth >= 0)) return truth;
  throw badData(`${where} has the truth ${JSON.stringify(truth).slice(0, 40)}.`, 'Write a class index.');
}
