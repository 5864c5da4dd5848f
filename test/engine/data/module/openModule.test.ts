import { expect, test } from 'vitest';
import { join } from 'node:path';
import { openDataset } from '../../../../engine/data/openDataset';
import type { InputSpec, OpenOptions } from '../../../../engine/data/samples/dataset';
import { dataFolder } from '../dataFolder';

const x: InputSpec = { name: 'x', type: 'float32', dims: [null, 2] };
const ids: InputSpec = { name: 'ids', type: 'int64', dims: [1, 3] };

function open(
  source: string,
  inputs: InputSpec[] = [x],
  options: Partial<OpenOptions> = {},
  file = 'feeds.mjs',
) {
  return openDataset(join(dataFolder({ [file]: source }), file), inputs, { preset: null, ...options });
}

const values = async (
  source: { load: (i: number) => Promise<{ feeds: Record<string, { data: ArrayLike<unknown> }> }> },
  i: number,
) => Array.from((await source.load(i)).feeds['x']?.data ?? []);

test('a generator’s samples can be read in any order, again and again', async () => {
  const { calibration, metric, shared } = await open(
    'export default function* () { for (let i = 0; i < 4; i++) yield { x: new Float32Array([i, -i]) }; }',
  );
  expect([calibration.length, metric, shared]).toEqual([4, 'agreement', true]);
  expect(await values(calibration, 3)).toEqual([3, -3]);
  expect(await values(calibration, 0)).toEqual([0, -0]);
  expect((await calibration.load(3)).feeds['x']).toMatchObject({ type: 'float32', dims: [1, 2] });
});

test('an async generator knows the inputs that it is to feed, and may name samples and tell their classes', async () => {
  const { calibration, evaluation, metric } = await open(
    `export default async function* ({ inputs }) {
      for (let i = 0; i < 20; i++)
        yield { [inputs[0].name]: { dims: [1, 2], data: [i, inputs[0].dims[1]] }, truth: i, name: 'photo ' + i };
    }`,
  );
  expect([calibration.length, evaluation.length, metric]).toEqual([10, 10, 'top1']);
  expect(await evaluation.load(4)).toMatchObject({ name: 'photo 9', truth: 9 });
  expect(await values(evaluation, 4)).toEqual([9, 2]);
});

test('samples by number are made once, however random they are', async () => {
  const { calibration } = await open(
    'export const length = 3; export function load(i) { return [[i, Math.random()]]; }',
  );
  const [first, again] = [await values(calibration, 2), await values(calibration, 2)];
  expect(first).toEqual(again);
  expect(first[0]).toBe(2);
  const [both, same] = await Promise.all([values(calibration, 1), values(calibration, 1)]);
  expect(both).toEqual(same);
});

test('a CommonJS module and a plain list do as well', async () => {
  const { calibration } = await open(
    'exports.length = () => 2; exports.load = async (i) => ({ x: [i, 1] });',
    [x],
    {},
    'feeds.cjs',
  );
  expect(await values(calibration, 1)).toEqual([1, 1]);
  const { calibration: listed } = await open('export default [[[1, 2]], [[3, 4]]];');
  expect(await values(listed, 1)).toEqual([3, 4]);
});

test('tensors of other libraries, views of larger buffers and 64-bit integers are taken', async () => {
  const { calibration } = await open(
    `class Tensor { #data = BigInt64Array.of(7n, 8n, 9n); get dims() { return [1, 3]; } get data() { return this.#data; } }
     export default function* () { yield { x: new Float32Array(1e6).fill(5).subarray(0, 2), ids: new Tensor() }; }`,
    [x, ids],
  );
  const { feeds } = await calibration.load(0);
  expect(feeds['x']?.data.buffer.byteLength).toBeLessThan(10_000);
  expect([...(feeds['ids']?.data ?? [])]).toEqual([7n, 8n, 9n]);
});

test('a stream without end is read as far as the samples asked for', async () => {
  const { calibration, evaluation, isCut } = await open(
    'export default function* () { for (let i = 0; ; i++) yield { x: [i, i] }; }',
    [x],
    { samples: 20 },
  );
  expect([calibration.length, evaluation.length, isCut]).toEqual([20, 20, true]);
});

test('a metric with an alphabet is taken from the module', async () => {
  const { metric, alphabet } = await open(
    `export const metric = 'ctc'; export const alphabet = ['a', 'b'];
     export default function* () { yield { x: [1, 2], truth: 'ab' }; }`,
  );
  expect([metric, alphabet]).toEqual(['ctc', ['a', 'b']]);
});

test('lists are truths of a module too, and so is the threshold', async () => {
  const frames = await open('export default function* () { yield { x: [1, 2], truth: [0, 1] }; }');
  expect([frames.metric, frames.threshold]).toEqual(['frames', undefined]);
  const segments = await open(
    `export const metric = 'segments', threshold = 0.3;
     export default function* () { yield { x: [1, 2], truth: [[0, 0.5, 1, 0.5]] }; }`,
  );
  expect([segments.metric, segments.threshold]).toEqual(['segments', 0.3]);
  expect((await segments.evaluation.load(0)).truth).toEqual([[0, 0.5, 1, 0.5]]);
});

test.each([
  ['export default function* () {}', 'feeds.mjs yields no samples.'],
  ['export default 7;', 'feeds.mjs cannot be used: it exports neither a generator as its default nor'],
  ['export const load = () => 1;', 'its "length" is undefined'],
  ['import "./missing.mjs";', 'feeds.mjs cannot be used: Cannot find module'],
  ['this is no program', 'feeds.mjs cannot be used:'],
  [
    'export default function* () { yield { x: [1, 2] }; throw new Error("disk gone"); }',
    'feeds.mjs: sample 1: disk gone.',
  ],
  ['export default function* () { yield { x: [1, 2, 3] }; }', 'gives one sample the shape [1,3]'],
  [
    'export default function* () { yield { x: new Float32Array(3) }; }',
    '"x" has 3 values, and the model\'s input takes [?,2]',
  ],
  [
    'export default function* () { yield { x: { dims: [1, 3], data: [1, 2] } }; }',
    '"x" has 2 values for the shape [1,3]',
  ],
  ['export default function* () { yield { x: [1, NaN] }; }', 'feeds.mjs: sample 0: "x" holds null'],
  ['export default function* () { yield { x: new Float32Array([1, NaN]) }; }', 'has NaN at [0,1]'],
  ['export default function* () { yield { y: [1, 2] }; }', 'feeds.mjs: sample 0 has "y"'],
  ['export default function* () { yield { name: "a" }; }', 'a has no "x"'],
  ['export default function* () { yield { x: () => 1 }; }', 'could not be cloned'],
  ['export default function* () { yield; }', 'sample 0 is nothing'],
  ['export default function* () { yield { x: [1, 2], truth: -1 }; }', 'a truth that is neither'],
  ['export default function* () { yield { x: [1, 2], truth: "a" }; }', 'exports no metric'],
  ['export default function* () { yield { x: [1, 2], truth: [[1, 2, 3, 4]] }; }', 'yields lists as truth'],
  ['export default function* () { yield { x: [1, 2], truth: [0, 1n] }; }', 'sample 0: truth[1] is "1".'],
  ['export default function* () { yield { x: [1, 2], truth: [0, undefined] }; }', 'truth[1] is undefined.'],
  ['export const threshold = 1; export default [[1, 2]];', 'metric "agreement" has none'],
  ['export const metric = "best"; export default [[1, 2]];', 'feeds.mjs: metric is "best"'],
  ['export default function* () { process.exit(0); }', 'feeds.mjs ended its thread'],
  [
    'export default async function* () { setTimeout(() => { throw new Error("late"); }); await new Promise(() => {}); }',
    'feeds.mjs failed: late',
  ],
])('%s says what is wrong', async (source, message) => {
  await expect(open(source)).rejects.toMatchObject({
    code: 'bad-data',
    message: expect.stringContaining(message) as string,
  });
});

test.each([
  ['a loop without end', 'export default function* () { for (;;); }'],
  ['a promise that never settles', 'export default async function* () { await new Promise(() => {}); }'],
  ['an import that never ends', 'await new Promise(() => {});'],
])('%s can be cancelled', async (_, source) => {
  const abort = new AbortController();
  const opening = open(source, [x], { signal: abort.signal });
  setTimeout(() => abort.abort(), 300);
  await expect(opening).rejects.toMatchObject({ code: 'cancelled' });
});
