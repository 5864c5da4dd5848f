import type { ValueInfoProto } from 'onnx-buf';
import { EngineError } from '../../shared/engineError';
import type { Model } from './model';
import { graphsWithin } from './scopes';

/** Size by symbol (`batch`), or by an input and its axis where the dimension has no symbol (`x[0]`). */
export type Dimensions = Readonly<Record<string, number>>;

function dimensionsOf({ type }: ValueInfoProto) {
  return type?.value.case === 'tensorType' ? (type.value.value.shape?.dim ?? []) : [];
}

/** What can be bound: symbols of the inputs, and axes without one. */
export function freeDimensions(model: Model): string[] {
  const initializers = new Set(model.graph.initializer.map((t) => t.name));
  const names = model.graph.input
    .filter((input) => !initializers.has(input.name))
    .flatMap((input) =>
      dimensionsOf(input).flatMap(({ value }, axis) => {
        if (value.case === 'dimValue') return [];
        return value.value === undefined || value.value === '' ? [`${input.name}[${axis}]`] : [value.value];
      }),
    );
  return [...new Set(names)];
}

/**
 * Fixes dimensions that the model leaves open, in place: in its inputs, and wherever else their symbols stand.
 * Declared sizes that were worked out for open dimensions stay; onnxruntime infers the rest when it loads the model.
 * @throws EngineError `bad-option` for a name that is no open dimension of an input
 */
export function bindDimensions(model: Model, dimensions: Dimensions): void {
  const free = freeDimensions(model);
  for (const name of Object.keys(dimensions)) {
    if (free.includes(name)) continue;
    throw new EngineError(
      'bad-option',
      `The model has no open dimension ${name}.`,
      free.length === 0 ? 'All dimensions of its inputs are fixed.' : `It has ${free.join(', ')}.`,
    );
  }
  const sizes = new Map(Object.entries(dimensions).map(([name, size]) => [name, BigInt(size)]));
  for (const input of model.graph.input) bind(input, input.name);
  for (const graph of graphsWithin(model.graph)) {
    for (const info of [...graph.input, ...graph.output, ...graph.valueInfo]) bind(info);
  }

  function bind(info: ValueInfoProto, input?: string): void {
    dimensionsOf(info).forEach((dim, axis) => {
      if (dim.value.case === 'dimValue') return;
      const symbol = dim.value.value ?? '';
      const size = sizes.get(symbol === '' ? `${input ?? ''}[${axis}]` : symbol);
      if (size !== undefined) dim.value = { case: 'dimValue', value: size };
    });
  }
}
