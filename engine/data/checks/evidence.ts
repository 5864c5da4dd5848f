import { shorten } from '../../shared/format';
import type { InputUse } from '../../onnx/summary/inputUses';
import type { SeenTensor } from './inspectSamples';

/** What is known when an input's values are judged. */
export interface Evidence {
  input: string;
  /** The input in every sample that was looked at. */
  tensors: { sample: string; tensor: SeenTensor }[];
  /** What the model's graph tells; `null` when nothing. */
  use: InputUse | null;
  /** What a person does about it, as a request: "set …". */
  remedy: { normalize: string; layout: string };
}

const MOST_NAME = 80;

/** A name from a file, as a sentence quotes it. */
export function quoted(name: string): string {
  return `"${shorten(name, MOST_NAME)}"`;
}
