import type { Layer } from '../onnx/layers';
import type { Operator } from '../onnx/operators';
import { writesInteger, type QuantPlan } from './plan';

/**
 * The operators of a plan that are worth integers: those that read what an integer layer or another of them made. One
 * that would only read and answer floats stays what it is, so that a layer in float frees its neighbours.
 * @param layers those that become integer
 * @param operators all of the model, in the order of the nodes
 */
export function reachedOperators(
  { operators: planned, activations }: QuantPlan,
  layers: readonly Layer[],
  operators: readonly Operator[],
): Operator[] {
  const integer = new Set(layers.filter(writesInteger).map((l) => l.output));
  // A product answers integers as soon as somebody wants them, which what stands behind it does.
  const products = new Set(layers.filter((l) => !writesInteger(l)).map((l) => l.output));
  return operators.filter(({ name, inputs, outputs, form }) => {
    if (!planned.has(name) || ![...inputs, ...outputs].every((tensor) => activations.has(tensor)))
      return false;
    const isReached = inputs.some(
      (tensor) => integer.has(tensor) || (form !== 'same' && products.has(tensor)),
    );
    if (isReached) for (const output of outputs) integer.add(output);
    return isReached;
  });
}
