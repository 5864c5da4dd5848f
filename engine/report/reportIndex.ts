import type { LayerInput, LayerReport, Report } from '../shared/protocol/report';
import type { LayerSummary, ModelSummary } from '../shared/protocol/model';

/** What a name is in an analysed model. */
export interface Named {
  layers: LayerReport[];
  /** The tensor, as layers read it. */
  input: LayerInput | null;
  readers: LayerReport[];
  /** Layers that the tensor leaves. */
  makers: LayerSummary[];
}

const indexed = new WeakMap<Report, Map<string, Named>>();
const summarized = new WeakMap<ModelSummary, Map<string, LayerSummary[]>>();

function indexOf(report: Report): Map<string, Named> {
  const index = new Map<string, Named>();
  const at = (name: string): Named => {
    const known = index.get(name);
    if (known !== undefined) return known;
    const named: Named = { layers: [], input: null, readers: [], makers: [] };
    index.set(name, named);
    return named;
  };
  for (const layer of report.layers) {
    for (const name of new Set([layer.name, ...(layer.weight === null ? [] : [layer.weight])]))
      at(name).layers.push(layer);
    for (const input of layer.inputs) {
      const named = at(input.tensor);
      named.input ??= input;
      if (named.readers.at(-1) !== layer) named.readers.push(layer);
    }
  }
  for (const layer of report.model.layers) at(layer.output).makers.push(layer);
  return index;
}

/** Has an analysis indexed before somebody waits for a name. */
export function indexNames(report: Report): Map<string, Named> {
  const known = indexed.get(report);
  if (known !== undefined) return known;
  const index = indexOf(report);
  indexed.set(report, index);
  return index;
}

/** Everything of this name in an analysis; the analysis is indexed with the first look. */
export function namedIn(report: Report, name: string): Named | null {
  return indexNames(report).get(name) ?? null;
}

/** The layers that a file has of this name, or with a weight or an output of it. */
export function layersNamed(model: ModelSummary, name: string): LayerSummary[] {
  let index = summarized.get(model);
  if (index === undefined) {
    index = new Map();
    for (const layer of model.layers)
      for (const key of new Set([
        layer.name,
        layer.output,
        ...(layer.weight === null ? [] : [layer.weight]),
      ])) {
        const known = index.get(key);
        if (known === undefined) index.set(key, [layer]);
        else known.push(layer);
      }
    summarized.set(model, index);
  }
  return index.get(name) ?? [];
}
