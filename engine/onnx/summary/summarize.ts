import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { ValueInfoProto } from 'onnx-buf';
import type { ModelSummary, TensorShape } from '../../shared/protocol/model';
import { findBlocks } from '../layers/blocks';
import { elementCount, elementTypeName } from '../tensors/elements';
import { findLayers, findUnquantizable } from '../layers/layers';
import { opsetOf, type Model } from '../graph/model';
import type { ReadModel } from '../file/readModel';
import { quantizedState } from './quantizedState';
import { graphsWithin } from '../graph/scopes';
import { wideningNotes } from '../normalize/widenFloats';

/** Shape of an input or output as its file declares it. */
export function tensorShape(info: ValueInfoProto): TensorShape {
  const kind = info.type?.value;
  if (kind?.case !== 'tensorType') return { name: info.name, type: kind?.case ?? 'unknown', dims: null };
  const dims = kind.value.shape?.dim.map(({ value }) =>
    value.case === 'dimValue' ? Number(value.value) : (value.value ?? '?'),
  );
  return { name: info.name, type: elementTypeName(kind.value.elemType), dims: dims ?? null };
}

/**
 * What there is to say of a model without running it.
 * @param original as read; its operators are counted, those in bodies too
 * @param normalized the same model's normalized form; its layers are listed
 */
export function summarize(path: string, bytes: Uint8Array, original: Model, normalized: Model): ModelSummary {
  const { graph } = original;
  const counts = new Map<string, number>();
  const nodes = graphsWithin(graph).flatMap((g) => g.node);
  for (const { opType } of nodes) counts.set(opType, (counts.get(opType) ?? 0) + 1);
  const weights = graphsWithin(normalized.graph).flatMap((g) => g.initializer);
  const declared = new Map(
    graphsWithin(normalized.graph)
      .flatMap((g) => [...g.valueInfo, ...g.output])
      .map((info) => [info.name, tensorShape(info).dims]),
  );
  const initializers = new Set(graph.initializer.map((t) => t.name));
  return {
    path,
    bytes: bytes.length,
    hash: createHash('sha256').update(bytes).digest('hex'),
    irVersion: Number(original.irVersion),
    opset: opsetOf(original),
    otherOpsets: original.opsetImport
      .filter((o) => o.domain !== '' && o.domain !== 'ai.onnx')
      .map((o) => `${o.domain} ${o.version}`),
    producer: [original.producerName, original.producerVersion].filter(Boolean).join(' '),
    parameters: weights.reduce((n, t) => n + elementCount(t), 0),
    nodeCount: nodes.length,
    operators: Object.fromEntries([...counts].sort((a, b) => b[1] - a[1])),
    inputs: graph.input.filter((i) => !initializers.has(i.name)).map(tensorShape),
    outputs: graph.output.map(tensorShape),
    layers: findLayers(normalized.graph).map((layer) => ({
      name: layer.name,
      opType: layer.opType,
      output: layer.output,
      outputShape: declared.get(layer.output) ?? null,
      weight: layer.weight?.name ?? null,
      weightShape: layer.weight?.dims.map(Number) ?? null,
      weightBytes: [layer.weight, layer.recurrence].reduce((n, t) => n + (t ? elementCount(t) * 4 : 0), 0),
    })),
    notes: wideningNotes(original),
    quantized: quantizedState(normalized),
    blocks: findBlocks(normalized.graph),
    unquantizable: findUnquantizable(normalized.graph),
  };
}

/** The summary, completed where the file declares no shapes. */
export function withShapes(
  summary: ModelSummary,
  shapes: ReadonlyMap<string, TensorShape['dims']>,
): ModelSummary {
  return {
    ...summary,
    outputs: summary.outputs.map((o) => ({ ...o, dims: o.dims ?? shapes.get(o.name) ?? null })),
    layers: summary.layers.map((l) => ({ ...l, outputShape: shapes.get(l.output) ?? l.outputShape })),
  };
}

/**
 * The summary of a model whose weights lie in other files, or that was not read whole. Its hash is of what was read and
 * of name, size and time of change of the rest: reading gigabytes to show a model would cost more than it tells.
 */
export function withDataFiles(summary: ModelSummary, { dataFiles, size }: ReadModel): ModelSummary {
  if (dataFiles.length === 0) return summary;
  const hash = createHash('sha256').update(summary.hash);
  for (const { path, bytes, modified } of dataFiles)
    hash.update(JSON.stringify([basename(path), bytes, modified]));
  return { ...summary, bytes: size, hash: hash.digest('hex') };
}
