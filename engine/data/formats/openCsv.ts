import { basename } from 'node:path';
import Papa from 'papaparse';
import { badData } from '../samples/badData';
import type { Dataset, InputSpec, Sample } from '../samples/dataset';
import { sizeOf } from '../samples/elementTypes';
import { jsonTensor } from './jsonTensor';
import { readBounded } from '../samples/readBounded';
import { splitSamples } from '../samples/splitSamples';

/** The longest text that Node has. */
const MAX_FILE_BYTES = 2 ** 29 - 24;
const TRUTHS = ['truth', 'label', 'labels'];

/**
 * Opens a `.csv` file with a header: each row is a sample. Columns are named after an input, or `input[0]`, `input[1]`, …; a
 * model with one input takes all columns in their order. A column `truth` or `label` of whole numbers makes the metric `top1`.
 * @throws EngineError `bad-data` that names the row
 */
export async function openCsv(path: string, inputs: readonly InputSpec[]): Promise<Dataset> {
  const name = basename(path);
  const text = new TextDecoder().decode(await readBounded(path, MAX_FILE_BYTES, name));
  const { data, errors } = Papa.parse<string[]>(text, { skipEmptyLines: 'greedy' });
  const [broken] = errors.filter((error) => error.type === 'Quotes');
  if (broken !== undefined)
    throw badData(`${name}: row ${broken.row ?? 0}: ${broken.message}.`, 'Correct the row.');
  const [header = [], ...rows] = data;
  const columns = header.map((column) => column.trim());
  if (rows.length === 0) throw badData(`${name} holds no samples.`, 'Write a header and one row a sample.');
  const truthColumn = columns.findIndex((column) => TRUTHS.includes(column.toLowerCase()));
  const isInput = (spec: InputSpec, column: string) =>
    column === spec.name || (column.startsWith(`${spec.name}[`) && column.endsWith(']'));
  const own = inputs.map((spec) => {
    const named = columns.flatMap((column, i) => (i !== truthColumn && isInput(spec, column) ? [i] : []));
    const all = columns.flatMap((_, i) => (i === truthColumn ? [] : [i]));
    const places = named.length === 0 && inputs.length === 1 ? all : named;
    if (places.length > 0) return { spec, places };
    throw badData(
      `${name} has no column for the input "${spec.name}".`,
      `Name columns after the inputs: ${inputs.map((each) => `"${each.name}"`).join(', ')}.`,
    );
  });
  const load = (index: number): Promise<Sample> =>
    new Promise((resolve) => {
      const row = rows[index] ?? [];
      const where = `${name}: row ${index + 2}`;
      const feeds = own.map(({ spec, places }) => {
        const values = places.map((i) => numberIn(row[i], `${where}, column "${columns[i] ?? ''}"`));
        return [spec.name, jsonTensor(shaped(values, spec), spec, `${where}: "${spec.name}"`)] as const;
      });
      resolve({ name: where, feeds: Object.fromEntries(feeds), truth: truths?.[index] ?? null });
    });
  const truths =
    truthColumn < 0 ? null : rows.map((row, i) => truthIn(row[truthColumn], `${name}: row ${i + 2}`));
  const metric = truths === null ? 'agreement' : 'top1';
  return { ...splitSamples({ length: rows.length, load }), metric, alphabet: [], warnings: [] };
}

function numberIn(text: string | undefined, where: string): number {
  const value = Number(text);
  if (text !== undefined && text.trim() !== '' && Number.isFinite(value)) return value;
  throw badData(`${where} holds ${JSON.stringify(text ?? '').slice(0, 40)}.`, 'Write a number.');
}

function truthIn(text: string | undefined, where: string): number {
  const value = numberIn(text, where);
  if (Number.isInteger(value) && value >= 0) return value;
  throw badData(`${where} has the truth ${value}.`, 'Write a class index.');
}

/** A row's values as lists of the input's shape, where their number is that of one sample; else as they are. */
function shaped(values: readonly number[], { dims }: InputSpec): unknown {
  const shape = (dims ?? [null]).map((dim) => dim ?? 1);
  if (sizeOf(shape) !== values.length) return values;
  return shape.reduceRight<unknown[]>(
    (items, size) =>
      Array.from({ length: items.length / size }, (_, i) => items.slice(i * size, (i + 1) * size)),
    [...values],
  )[0];
}
