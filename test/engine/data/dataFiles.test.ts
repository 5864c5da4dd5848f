import { readdirSync, rmSync } from 'node:fs';
import { mkdtemp, cp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { zipSync } from 'fflate';
import { dump } from 'npyjs';
import { expect, test } from 'vitest';
import type { InputSpec } from '../../../engine/data/samples/dataset';
import { dataFiles, openDataset } from '../../../engine/data/openDataset';
import { sourceDigest } from '../../../engine/data/samples/sampleDigest';
import { dataFolder } from './dataFolder';

const inputs: InputSpec[] = [{ name: 'x', type: 'float32', dims: [null, 2] }];
const npy = (value: number) => new Uint8Array(dump(new Float32Array([value, 1]), [1, 2]));
const npz = (value: number) => zipSync({ 'x.npy': npy(value) });
const note = { 'note.md': 'not read', 'sub/report.json': '{}' };
const tokens: InputSpec[] = [{ name: 'input_ids', type: 'int64', dims: [null, 4] }];
const tokenizer = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: 'Whitespace' },
  post_processor: null,
  decoder: null,
  model: { type: 'WordLevel', vocab: { a: 0, b: 1, '[UNK]': 2 }, unk_token: '[UNK]' },
};
const tensor = Uint8Array.from([8, 1, 8, 2, 16, 1, 74, 8, 0, 0, 128, 63, 0, 0, 0, 64]);

/** Kinds of data: what lies in its folder, and what is opened. */
const kinds: [string, Record<string, Uint8Array | string | object>, string, InputSpec[]][] = [
  ['an npz file', { 'd.npz': npz(1), 'e.npz': npz(2) }, 'd.npz', inputs],
  ['JSON lines', { 'd.jsonl': '[1,2]\n[3,4]\n', 'e.jsonl': '[1,2]\n' }, 'd.jsonl', inputs],
  ['a table', { 'd.csv': 'a,b\n1,2\n3,4\n' }, 'd.csv', inputs],
  ['texts', { 'd.txt': 'a b\nb a\n', 'e.txt': 'a\n', 'tokenizer.json': tokenizer }, 'd.txt', tokens],
  [
    'lines with texts',
    { 'd.jsonl': '{"text":"a b"}\n{"text":"b"}\n', 'tokenizer.json': tokenizer },
    'd.jsonl',
    tokens,
  ],
  ['a folder of samples', { 'a.npy': npy(1), 'sub/deep/b.npy': npy(2), 'c.npz': npz(3) }, '.', inputs],
  [
    'a folder with a manifest',
    {
      'quantscope.json': { version: 1, samples: [{ file: 'a.npy' }, { file: 'sub/b.npy' }] },
      'a.npy': npy(1),
      'sub/b.npy': npy(2),
      'unlisted.npy': npy(3),
    },
    '.',
    inputs,
  ],
  [
    'a manifest with folders and an alphabet',
    {
      'quantscope.json': {
        version: 1,
        calibration: { folder: 'c' },
        evaluation: [{ file: 'e/a.npy' }],
        metric: 'agreement',
        alphabet: { file: 'letters.txt' },
      },
      'c/a.npy': npy(1),
      'c/b.npy': npy(2),
      'e/a.npy': npy(3),
      'e/b.npy': npy(4),
      'letters.txt': 'x\ny\n',
    },
    '.',
    inputs,
  ],
  [
    'ONNX test data',
    {
      'test_data_set_0/input_0.pb': tensor,
      'test_data_set_0/output_0.pb': tensor,
      'test_data_set_1/input_0.pb': tensor,
    },
    '.',
    inputs,
  ],
];

/** What opening the data and loading every sample comes to. */
async function outcomeOf(path: string, specs: readonly InputSpec[]): Promise<string> {
  try {
    const { calibration, evaluation, alphabet } = await openDataset(path, specs);
    const parts = [calibration.length, await sourceDigest(calibration), await sourceDigest(evaluation)];
    return JSON.stringify([parts, evaluation.length, alphabet]);
  } catch (thrown) {
    return String(thrown);
  }
}

test.each(kinds)(
  '%s tells exactly the files without which it is other data',
  async (_, files, name, specs) => {
    const folder = dataFolder({ ...files, ...note });
    const path = join(folder, name);
    const whole = await outcomeOf(path, specs);
    expect(whole).toMatch(/^\[/);
    const told = new Set((await dataFiles(path)).map((file) => relative(folder, file)));
    const all = readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
      entry.isFile() ? [relative(folder, join(entry.parentPath, entry.name))] : [],
    );
    const copy = await mkdtemp(join(tmpdir(), 'quantscope-feeds-'));
    try {
      for (const file of all) {
        await cp(folder, copy, { recursive: true });
        rmSync(join(copy, file));
        const isOther = (await outcomeOf(join(copy, name), specs)) !== whole;
        expect(told.has(file), file).toBe(isOther);
      }
    } finally {
      await rm(copy, { recursive: true });
    }
  },
);

test('made-up samples are in no file, and data that cannot be read is refused as it is opened', async () => {
  expect(await dataFiles('synthetic:4')).toEqual([]);
  await expect(dataFiles('/nowhere/at/all.npz')).rejects.toMatchObject({ code: 'not-found' });
});
