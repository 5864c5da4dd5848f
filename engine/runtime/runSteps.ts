import type { Tensor } from '../onnx/tensors/tensor';
import { ownValue } from '../shared/ownValue';
import type { Feeds, Sequence } from './workerProtocol';

/** Every step's feeds and answers, in turn. `run` takes the feeds of a step. */
export async function* runSteps<Answers extends Record<string, { data: unknown }>>(
  feeds: Feeds,
  sequence: Sequence | undefined,
  run: (feeds: Feeds) => Promise<Answers>,
  toTensor: (answer: Answers[string]) => Tensor,
): AsyncGenerator<{ feeds: Feeds; answers: Answers }> {
  let fed = feeds;
  for (const step of [{}, ...(sequence?.steps ?? [])]) {
    fed = { ...fed, ...step };
    const answers = await run(fed);
    yield { feeds: fed, answers };
    for (const [input, output] of Object.entries(sequence?.carry ?? {})) {
      const answer = ownValue(answers, output);
      if (answer === undefined) throw new Error(`the model has no output ${output} to feed back to ${input}`);
      fed = { ...fed, [input]: toTensor(answer as Answers[string]) };
    }
  }
}

/** Answers of several steps as one tensor along the first axis; a scalar counts as one row. */
export function concatenate(parts: readonly Tensor[]): Tensor {
  const [first] = parts;
  if (first === undefined || parts.length === 1)
    return first ?? { type: 'float32', dims: [0], data: new Float32Array(0) };
  const total = parts.reduce((sum, part) => sum + part.data.length, 0);
  const data = new (first.data.constructor as new (length: number) => Float32Array)(total);
  let at = 0;
  for (const part of parts) {
    data.set(part.data as Float32Array, at);
    at += part.data.length;
  }
  const rows = parts.reduce((sum, part) => sum + (part.dims[0] ?? 1), 0);
  return { type: first.type, dims: [rows, ...first.dims.slice(1)], data };
}
