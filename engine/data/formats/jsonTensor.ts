import { badData } from '../samples/badData';
import { castTensor } from '../samples/castTensor';
import type { InputSpec, Tensor } from '../samples/dataset';
import { shapeText } from '../samples/elementTypes';
import { fitInput } from '../samples/fitInput';

/**
 * A number or nested lists of numbers as one input of a sample. Lists one rank short of the input's get a batch axis of 1.
 * @throws EngineError `bad-data` for ragged lists, anything but finite numbers, or another shape
 */
export function jsonTensor(value: unknown, spec: InputSpec, where: string): Tensor {
  const dims: number[] = [];
  for (let inner = value; Array.isArray(inner); inner = inner[0] as unknown) dims.push(inner.length);
  const numbers: number[] = [];
  collect(value, dims, 0, numbers, where);
  const isShort = spec.dims !== null && dims.length === spec.dims.length - 1;
  const shape = isShort ? [1, ...dims] : dims;
  const tensor: Tensor = { type: 'float64', dims: shape, data: Float64Array.from(numbers) };
  const isWhole = spec.type !== 'float32' && spec.type !== 'float64' && spec.type !== 'float16';
  const typed = isWhole ? castTensor(tensor, spec.type, where) : tensor;
  return fitInput(typed, spec, where, `Write lists of the shape ${shapeText(spec.dims ?? [])}.`);
}

function collect(value: unknown, dims: readonly number[], depth: number, to: number[], where: string): void {
  if (depth < dims.length) {
    if (!Array.isArray(value) || value.length !== dims[depth])
      throw badData(`${where} has lists of different lengths.`, 'Write lists of one length on each level.');
    for (const item of value as unknown[]) collect(item, dims, depth + 1, to, where);
  } else if (typeof value === 'number' && Number.isFinite(value)) to.push(value);
  else if (typeof value === 'boolean') to.push(Number(value));
  else throw badData(`${where} holds ${shown(value)}.`, 'Write numbers, or lists of numbers.');
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 40);
}
