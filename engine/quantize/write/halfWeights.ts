import { create } from '@bufbuild/protobuf';
import { TensorProto_DataType, TensorProtoSchema, type NodeProto, type TensorProto } from 'onnx-buf';
import { makeNode, subgraphs } from '../../onnx/graph/attributes';
import { elementCount, floatValues, isFloat } from '../../onnx/tensors/elements';
import { numberToHalf } from '../../onnx/tensors/float16';
import { freshNames } from '../../onnx/graph/graphIndex';
import type { Model } from '../../onnx/graph/model';
import { graphsWithin } from '../../onnx/graph/scopes';

/** Largest finite half. */
export const MAX_HALF = 65504;
/** Tensors of fewer values save nothing beside the node that they would need. */
const LEAST_COUNT = 1024;

/** Operators whose float inputs are scales, which say what integers mean. */
const scaled =
  /^(Dynamic)?QuantizeLinear$|^DequantizeLinear$|Integer|^QLinear|^QGemm$|^MatMulNBits$|^DynamicQuantize/;

export interface HalfWeights {
  /** Names of the weights that are halves now. */
  stored: string[];
  /** Names of the weights that stay float32, because a value is beyond the range of halves. */
  beyond: string[];
}

/** The bits of a tensor's values as halves, ties to even; `null` where a value is beyond their range. */
export function halvesOf(tensor: TensorProto): Uint16Array<ArrayBuffer> | null {
  const values = floatValues(tensor);
  // An infinity that a mask holds is a half too.
  if (values.some((v) => Number.isFinite(v) && Math.abs(v) > MAX_HALF)) return null;
  return Uint16Array.from(values, numberToHalf);
}

/** Names that may not be halves: scales, what a body hands out as its own, and what bodies read, which have no Cast. */
function excluded(model: Model): Set<string> {
  const names = new Set<string>();
  for (const graph of graphsWithin(model.graph)) {
    for (const { name } of [...graph.output, ...graph.input]) names.add(name);
    for (const node of graph.node) {
      const keeps = graph !== model.graph || scaled.test(node.opType);
      if (keeps) for (const name of node.input) names.add(name);
      if (subgraphs(node).length > 0) for (const name of node.input) names.add(name);
    }
  }
  return names;
}

/**
 * Stores the large float32 weights of the main graph as halves, in place, with a Cast to float32 in front of the nodes
 * that read them: the file shrinks by half of them, and onnxruntime casts them once, when it loads the model. A value is
 * off by at most half a unit in its last place: 2⁻¹¹ of it, or 2⁻²⁵ where it is below 2⁻¹⁴ (IEEE 754, binary16).
 * Scales of integers, what the bodies of If, Loop and Scan read, and small tensors stay as they are.
 * @param wanted holds the names of those that are meant; left out, all are
 */
export function storeHalfWeights(model: Model, wanted?: Pick<Set<string>, 'has'>): HalfWeights {
  const { graph } = model;
  const fresh = freshNames(graph);
  const kept = excluded(model);
  const result: HalfWeights = { stored: [], beyond: [] };
  const casts: NodeProto[] = [];
  graph.initializer = graph.initializer.map((tensor) => {
    const { name, dims } = tensor;
    if (!isFloat(tensor) || elementCount(tensor) < LEAST_COUNT || kept.has(name)) return tensor;
    if (wanted?.has(name) === false) return tensor;
    const halves = halvesOf(tensor);
    if (halves === null) {
      result.beyond.push(name);
      return tensor;
    }
    result.stored.push(name);
    const stored = fresh(`${name}_half`);
    casts.push(makeNode('Cast', fresh(`${name}_Cast`), [stored], [name], { to: TensorProto_DataType.FLOAT }));
    return create(TensorProtoSchema, {
      name: stored,
      dims,
      dataType: TensorProto_DataType.FLOAT16,
      rawData: new Uint8Array(halves.buffer),
    });
  });
  graph.node = [...casts, ...graph.node];
  return result;
}
