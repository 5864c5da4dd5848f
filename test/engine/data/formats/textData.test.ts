import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { InputSpec, Tensor } from '../../../../engine/data/samples/dataset';
import { openDataset } from '../../../../engine/data/openDataset';
import { dataFolder } from '../dataFolder';

const x: InputSpec = { name: 'x', type: 'float32', dims: [null, 3] };
const k: InputSpec = { name: 'k', type: 'int64', dims: [null] };
const bytes = (text: string) => new TextEncoder().encode(text);

async function samplesOf(
  file: string,
  text: string,
  inputs: InputSpec[],
  more: Record<string, Uint8Array> = {},
) {
  const folder = dataFolder({ [file]: bytes(text), ...more });
  const { calibration, metric } = await openDataset(join(folder, file), inputs);
  const all = await Promise.all(Array.from({ length: calibration.length }, (_, i) => calibration.load(i)));
  return {
    metric,
    all,
    feeds: all.map((s) =>
      Object.fromEntries(Object.entries(s.feeds).map(([n, t]) => [n, [t.type, t.dims, [...t.data]]])),
    ),
  };
}

describe('JSON lines', () => {
  test('feed objects by input, with truth', async () => {
    const text = '{"x":[1,2,3],"k":4,"truth":1}\n\n{"x":[[0.5,-1,0]],"k":[5],"truth":0}\n';
    const { feeds, all, metric } = await samplesOf('a.jsonl', text, [x, k]);
    expect(feeds).toEqual([
      { x: ['float32', [1, 3], [1, 2, 3]], k: ['int64', [1], [4n]] },
      { x: ['float32', [1, 3], [0.5, -1, 0]], k: ['int64', [1], [5n]] },
    ]);
    expect(metric).toBe('top1');
    expect(all.map((s) => [s.name, s.truth])).toEqual([
      ['a.jsonl: line 1', 1],
      ['a.jsonl: line 3', 0],
    ]);
  });

  test('feed plain lists to the one input', async () => {
    const { feeds, metric } = await samplesOf('a.ndjson', '[1,2,3]\n[4,5,6]', [x]);
    expect(feeds.map((f) => f['x']?.[2])).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(metric).toBe('agreement');
  });

  test.each([
    ['{"x":', 'a.jsonl: line 1 is not JSON'],
    ['{"y":1}', 'a.jsonl: line 1 has no "x"'],
    ['[1,2]', 'a.jsonl: line 1: "x" gives one sample the shape [1,2]'],
    ['[[1,2,3],[4]]', 'lists of different lengths'],
    ['["1",2,3]', 'a.jsonl: line 1: "x" holds "1"'],
    ['{"x":[1,2,3],"truth":-1}', 'the truth -1'],
    ['{"__proto__":[1,2,3]}', 'a.jsonl: line 1 has no "x"'],
    ['\n \n', 'a.jsonl holds no samples'],
  ])('of %j are refused by name', async (text, message) => {
    await expect(samplesOf('a.jsonl', text, [x])).rejects.toMatchObject({
      code: 'bad-data',
      message: expect.stringContaining(message) as string,
    });
  });
});

describe('CSV', () => {
  test('feeds all columns to the one input, in order', async () => {
    const { feeds, all, metric } = await samplesOf('a.csv', 'a,b,c,label\r\n1,2,3,7\r\n"4",5e-1,-6,8\r\n', [
      x,
    ]);
    expect(feeds.map((f) => f['x'])).toEqual([
      ['float32', [1, 3], [1, 2, 3]],
      ['float32', [1, 3], [4, 0.5, -6]],
    ]);
    expect([metric, ...all.map((s) => s.truth)]).toEqual(['top1', 7, 8]);
  });

  test('feeds columns by input', async () => {
    const { feeds } = await samplesOf('a.csv', 'k,x[0],x[1],x[2]\n9,1,2,3\n', [x, k]);
    expect(feeds).toEqual([{ x: ['float32', [1, 3], [1, 2, 3]], k: ['int64', [1], [9n]] }]);
  });

  test.each([
    ['a,b,c\n1,,3\n', 'a.csv: row 2, column "b" holds ""'],
    ['a,b,c\n1,x,3\n', 'row 2, column "b" holds "x"'],
    ['a,b\n1,2\n', '"x" gives one sample the shape [1,2]'],
    ['a,b,c\n', 'a.csv holds no samples'],
    ['a,b,c,truth\n1,2,3,no\n', 'a.csv: row 2 holds "no"'],
  ])('of %j is refused by name', async (text, message) => {
    await expect(samplesOf('a.csv', text, [x])).rejects.toMatchObject({
      message: expect.stringContaining(message) as string,
    });
  });
});

describe('texts', () => {
  const ids: InputSpec = { name: 'input_ids', type: 'int64', dims: [null, 6] };
  const mask: InputSpec = { name: 'attention_mask', type: 'int64', dims: [null, 6] };
  const vocabulary = { '[UNK]': 0, '[CLS]': 1, '[SEP]': 2, good: 3, morn: 4, '##ing': 5 };
  const tokenizer = {
    version: '1.0',
    added_tokens: [],
    normalizer: {
      type: 'BertNormalizer',
      lowercase: true,
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
      ],
      pair: [],
      special_tokens: {
        '[CLS]': { id: '[CLS]', ids: [1], tokens: ['[CLS]'] },
        '[SEP]': { id: '[SEP]', ids: [2], tokens: ['[SEP]'] },
      },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: vocabulary,
    },
  };
  const beside = { 'tokenizer.json': bytes(JSON.stringify(tokenizer)) };
  // By hand, from the vocabulary.
  const expected = [
    {
      input_ids: ['int64', [1, 6], [1n, 3n, 4n, 5n, 2n, 0n]],
      attention_mask: ['int64', [1, 6], [1n, 1n, 1n, 1n, 1n, 0n]],
    },
    {
      input_ids: ['int64', [1, 6], [1n, 0n, 2n, 0n, 0n, 0n]],
      attention_mask: ['int64', [1, 6], [1n, 1n, 1n, 0n, 0n, 0n]],
    },
  ];

  test('go through the tokenizer beside them', async () => {
    expect((await samplesOf('a.txt', 'Good morning\nevening\n', [ids, mask], beside)).feeds).toEqual(
      expected,
    );
    const lines = '{"text":"Good morning"}\n{"text":"evening"}';
    expect((await samplesOf('a.jsonl', lines, [ids, mask], beside)).feeds).toEqual(expected);
  });

  test('without a tokenizer, or with a broken one, are refused', async () => {
    await expect(samplesOf('a.txt', 'x', [ids])).rejects.toMatchObject({
      message: 'There is no tokenizer.json beside the text.',
    });
    for (const broken of ['{', '{}', '[]', 'null', '{"model":{"type":"Odd"}}'])
      await expect(samplesOf('a.txt', 'x', [ids], { 'tokenizer.json': bytes(broken) })).rejects.toMatchObject(
        { code: 'bad-data' },
      );
    await expect(samplesOf('a.txt', 'x', [{ ...ids, name: 'pixels' }], beside)).rejects.toMatchObject({
      message: 'No tokens can feed the input "pixels".',
    });
  });
});

describe('synthetic samples', () => {
  const inputs: InputSpec[] = [
    { name: 'image', type: 'float32', dims: [null, 3, 8, null] },
    { name: 'wave', type: 'float32', dims: [1, null] },
    { name: 'input_ids', type: 'int64', dims: [null, 5] },
    { name: 'attention_mask', type: 'int64', dims: [null, 5] },
    { name: 'half', type: 'float16', dims: [2] },
  ];

  test('fit the inputs, are the same each time, and say what they are', async () => {
    const open = async () => {
      const { calibration, warnings } = await openDataset('synthetic:4', inputs);
      return { samples: await Promise.all([0, 1, 2, 3].map((i) => calibration.load(i))), warnings };
    };
    const { samples, warnings } = await open();
    expect(await open()).toEqual({ samples, warnings });
    expect(samples[0]?.feeds).not.toEqual(samples[1]?.feeds);
    expect(warnings[0]).toContain('not to be trusted');
    const feeds: Record<string, Tensor> = samples[0]?.feeds ?? {};
    expect(Object.fromEntries(Object.entries(feeds).map(([n, t]) => [n, t.dims]))).toEqual({
      image: [1, 3, 8, 224],
      wave: [1, 16_000],
      input_ids: [1, 5],
      attention_mask: [1, 5],
      half: [2],
    });
    expect([...(feeds['attention_mask']?.data ?? [])]).toEqual([1n, 1n, 1n, 1n, 1n]);
    const pixels = Array.from(feeds['image']?.data ?? [], Number);
    const mean = pixels.reduce((a, b) => a + b, 0) / pixels.length;
    const spread = Math.sqrt(pixels.reduce((sum, v) => sum + (v - mean) ** 2, 0) / pixels.length);
    expect(Math.abs(mean)).toBeLessThan(1);
    expect(spread).toBeGreaterThan(0.2);
    expect(spread).toBeLessThan(3);
    // Neighbours are alike: it is no white noise.
    const steps = pixels.slice(1).map((v, i) => Math.abs(v - (pixels[i] ?? 0)));
    expect(steps.reduce((a, b) => a + b, 0) / steps.length).toBeLessThan(0.5 * spread);
  });

  test('that are none are refused', async () => {
    await expect(openDataset('synthetic:0', inputs)).rejects.toMatchObject({
      message: 'synthetic:0 asks for no samples.',
    });
  });
});
