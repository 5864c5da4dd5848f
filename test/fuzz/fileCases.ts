import fc from 'fast-check';
import { zipSync } from 'fflate';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { create, toBinary } from '@bufbuild/protobuf';
import { TensorProtoSchema } from 'onnx-buf';
import { dataStamp } from '../../engine/data/samples/dataStamp';
import { recipeTree } from '../../engine/language/recipe/recipeTree';
import { encodeModel } from '../../engine/onnx/file/readModel';
import { loadPlan } from '../../engine/report/cache/planCache';
import type { Report } from '../../engine/shared/protocol/report';
import { dataIn, decideInRecipe } from '../../engine/shared/recipe/recipeEdits';
import { loadPreviousReport, loadReport } from '../../engine/report/cache/reportCache';
import { npyBytes } from '../engine/data/npyBytes';
import { mutated } from '../engine/mutateJson';
import { renderReport } from '../engine/renderReport';
import { node, noise, noisy, tinyModel } from '../engine/tinyModel';
import { byteChanges } from './mutations';
import type { Random } from './random';
import { runCli } from './runCli';

/** What is made once for a process: a model, data of every kind, and what the program writes of them. */
interface Base {
  folder: string;
  model: string;
  report: Report;
}

const SIZE = 3 * 8 * 8;
let base: Promise<Base> | undefined;

function tiny() {
  return tinyModel({
    inputs: { x: ['n', 3, 8, 8] },
    outputs: ['y'],
    constants: { w1: noisy([8, 3, 3, 3]), b1: noisy([8], 2), w2: noisy([512, 10], 3) },
    nodes: [
      node('Conv', ['x', 'w1', 'b1'], 'c', { pads: [1, 1, 1, 1] }),
      node('Relu', ['c'], 'r'),
      node('Flatten', ['r'], 'f'),
      node('MatMul', ['f', 'w2'], 'y'),
    ],
  });
}

async function makeBase(): Promise<Base> {
  const folder = mkdtempSync(join(tmpdir(), 'quantscope-fuzz-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  process.env['QUANTSCOPE_CACHE'] = join(folder, 'cache');
  const write = (name: string, content: string | Uint8Array) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  };
  const array = (count: number, seed: number) =>
    npyBytes({ descr: '<f4', shape: [count, 3, 8, 8], data: noise(count * SIZE, seed) });
  const model = join(folder, 'tiny.onnx');
  write('tiny.onnx', encodeModel(tiny()));
  write(
    'data.npz',
    zipSync({
      'x.npy': array(8, 1),
      'labels.npy': npyBytes({ descr: '<i4', shape: [8], data: new Int32Array(8) }),
    }),
  );
  const values = Array.from(noise(SIZE, 2));
  write('data.jsonl', `${JSON.stringify({ x: values, truth: 1 })}\n`.repeat(3));
  write(
    'data.csv',
    `${values.map((_, i) => `x[${i}]`).join(',')},label\n${`${values.join(',')},2\n`.repeat(3)}`,
  );
  write('arrays/a/1.npy', array(1, 3));
  write('arrays/b/2.npy', array(1, 4));
  write('named/1.npy', array(1, 5));
  write('named/letters.txt', 'a\nb\n');
  const manifest = {
    ...{ version: 1, input: 'x', metric: 'top1', samples: [{ file: '1.npy', truth: 3 }] },
    preprocess: {
      layout: 'NCHW',
      color: 'RGB',
      resize: { mode: 'stretch', width: 8, height: 8 },
      mean: [1, 2, 3],
    },
  };
  write('named/quantscope.json', JSON.stringify(manifest));
  cpSync('sample/lines', join(folder, 'pictures'), { recursive: true });
  const tensor = create(TensorProtoSchema, {
    ...{ name: 'x', dataType: 1, dims: [1n, 3n, 8n, 8n] },
    rawData: new Uint8Array(noise(SIZE, 6).buffer),
  });
  write('sets/test_data_set_0/input_0.pb', toBinary(TensorProtoSchema, tensor));
  const recipe = {
    version: 1,
    samples: 4,
    layers: { c_node: 'float', '*': 'uint8' },
    remedies: ['round'],
    clips: { x: 1.5 },
  };
  write('tiny.recipe.json', JSON.stringify(recipe));
  const data = join(folder, 'data.npz');
  const usual = [model, '--data', data, '--calibration', 'max', '--no-recipe'];
  for (const words of [
    ['calibrate', model, '--data', data, '-o', join(folder, 'x.calibration')],
    ['analyze', ...usual, '--shard', '1/1', '-o', join(folder, 'part.json')],
    ['analyze', ...usual, '--json', join(folder, 'report.json')],
    ['analyze', ...usual],
    ['plan', ...usual, '--budget', 'bytes=60%'],
  ]) {
    const { status, stderr } = await runCli(...words);
    if (status !== 0) throw new Error(`${words.join(' ')}: ${stderr}`);
  }
  return { folder, model, report: JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report };
}

/** A kind of file: where it lies, and what reads it. A string says what is wrong with what it came to. */
interface FileKind {
  file: string | ((base: Base) => string);
  read: (base: Base) => Promise<string | null>;
}

const cli = async (...words: string[]) => (await runCli(...words)).fault;
const asData =
  (data: string, ...more: string[]) =>
  async ({ folder, model }: Base) => {
    await dataStamp(join(folder, data));
    return cli('data', model, '--data', join(folder, data), ...more);
  };
const fromCache = async ({ report }: Base) => {
  for (const load of [loadReport, loadPreviousReport]) {
    const kept = await load(report.model);
    if (kept !== null) await renderReport(kept);
  }
  await loadPlan(report.model);
  return null;
};
const options = ['--samples', '4', '--calibration', 'max'];

const kinds: Record<string, FileKind> = {
  npz: { file: 'data.npz', read: asData('data.npz') },
  'JSON lines': { file: 'data.jsonl', read: asData('data.jsonl') },
  csv: { file: 'data.csv', read: asData('data.csv') },
  npy: { file: 'arrays/a/1.npy', read: asData('arrays') },
  manifest: { file: 'named/quantscope.json', read: asData('named') },
  'manifest of pictures': { file: 'pictures/quantscope.json', read: asData('pictures') },
  picture: { file: 'pictures/calibrate-000.png', read: asData('pictures') },
  'test data': { file: 'sets/test_data_set_0/input_0.pb', read: asData('sets') },
  recipe: {
    file: 'tiny.recipe.json',
    read: async ({ folder, model }) => {
      const file = join(folder, 'tiny.recipe.json');
      const text = readFileSync(file, 'utf8');
      recipeTree(text);
      dataIn(text);
      decideInRecipe(text, { part: 'weights', value: 'per-tensor' });
      const [data, output] = [join(folder, 'data.npz'), join(folder, 'out.onnx')];
      return cli('quantize', model, '--data', data, ...options, '--recipe', file, '-o', output);
    },
  },
  report: {
    file: 'report.json',
    read: ({ folder }) => cli('table', join(folder, 'report.json')),
  },
  part: { file: 'part.json', read: ({ folder }) => cli('merge', join(folder, 'part.json')) },
  calibration: {
    file: 'x.calibration',
    read: ({ folder, model }) => {
      const [data, output] = [join(folder, 'data.npz'), join(folder, 'out.onnx')];
      const calibrated = ['--no-recipe', '--calibrated', join(folder, 'x.calibration')];
      return cli('quantize', model, '--data', data, ...options, ...calibrated, '-o', output);
    },
  },
  'kept report': { file: ({ report }) => `cache/${report.model.hash}.json`, read: fromCache },
  'kept report before': { file: ({ report }) => `cache/${report.model.hash}.previous.json`, read: fromCache },
  'kept plan': { file: ({ report }) => `cache/${report.model.hash}.plan.json`, read: fromCache },
  'kept calibration': {
    file: ({ folder }) => `cache/calibration/${readdirSync(join(folder, 'cache/calibration'))[0] ?? ''}`,
    read: ({ folder, model }) =>
      cli('analyze', model, '--no-recipe', '--data', join(folder, 'data.npz'), ...options),
  },
};

/** The same file, changed: as JSON where it is some, else or sometimes byte by byte. */
function changed(bytes: Uint8Array, random: Random): { how: string; bytes: Uint8Array } {
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const plain = isPacked ? new Uint8Array(gunzipSync(bytes)) : bytes;
  const text = new TextDecoder().decode(plain);
  const pack = (content: Uint8Array | string) =>
    new Uint8Array(isPacked ? gzipSync(content) : Buffer.from(content));
  const kind = random.below(10);
  if (text.startsWith('{') && kind === 0) {
    const deep = ['['.repeat(1e5), '{"a":'.repeat(1e5), '['.repeat(1e5) + ']'.repeat(1e5)];
    const at = random.below(text.length);
    return { how: 'brackets', bytes: pack(text.slice(0, at) + (random.pick(deep) ?? '') + text.slice(at)) };
  }
  if (text.startsWith('{') && kind < 7 && !text.trim().includes('\n')) {
    const json = fc.sample(
      mutated(() => JSON.parse(text) as unknown),
      { seed: random.below(2 ** 31), numRuns: 1 },
    );
    return { how: 'values', bytes: pack(JSON.stringify(json[0])) };
  }
  const [how = '', change] = random.pick(Object.entries(byteChanges)) ?? [];
  const now = change?.(plain.slice(), random) ?? plain;
  return { how, bytes: kind === 9 || !isPacked ? now : pack(now) };
}

/** Changes a file that the program reads, and has it read. */
export async function carryOutFile(random: Random): Promise<{ what: string; fault: string | null }> {
  const made = await (base ??= makeBase());
  const [name = '', kind] = random.pick(Object.entries(kinds)) ?? [];
  if (kind === undefined) throw new RangeError('there are no kinds');
  const path = join(made.folder, typeof kind.file === 'string' ? kind.file : kind.file(made));
  const whole = new Uint8Array(readFileSync(path));
  const { how, bytes } = changed(whole, random);
  const what = `${name} + ${how}`;
  process.send?.({ stage: what });
  try {
    writeFileSync(path, bytes);
    return { what, fault: await kind.read(made) };
  } finally {
    writeFileSync(path, whole);
  }
}

/** Has the program print a model. */
export async function printModel(bytes: Uint8Array): Promise<string | null> {
  const { folder } = await (base ??= makeBase());
  const path = join(folder, 'fuzz.onnx');
  writeFileSync(path, bytes);
  return (await cli('inspect', path)) ?? (await cli('lint', path));
}
