import type { Layer } from '../../onnx/layers/layers';
import { keepsGrid, type Operator } from '../../onnx/layers/operators';
import { canWriteInteger, writesInteger, type QuantPlan } from '../plan';

/**
 * The operators of a plan that are worth integers: those that read what an integer layer or another of them made. One
 * that would only read and answer floats stays what it is, so that a layer in float frees its neighbours.
 * @param layers those of the plan
 * @param operators all of the model, in the order of the nodes
 */
export function reachedOperators(
  { operators: planned, activations, grids }: QuantPlan,
  layers: readonly Layer[],
  operators: readonly Operator[],
): Operator[] {
  const outputs = (answers: typeof writesInteger) =>
    new Set(layers.filter((l) => answers(l, grids.get(l.name))).map((l) => l.output));
  const integer = outputs(writesInteger);
  const products = outputs(canWriteInteger);
  return operators.filter(({ name, inputs, outputs, form }) => {
    if (!planned.has(name) || ![...inputs, ...outputs].every((tensor) => activations.has(tensor)))
      return false;
    const isReached = inputs.some(
      (tensor) => integer.has(tensor) || (!keepsGrid(form) && products.has(tensor)),
    );
    if (isReached) for (const output of outputs) integer.add(output);
    return isReached;
  });
}
