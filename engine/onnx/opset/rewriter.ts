import type { NodeProto } from 'onnx-buf';
import { EngineError } from '../../engineError';
import { attribute, dropAttribute } from '../attributes';

/** What a step may add to the graph around the node that it rewrites. */
export interface Rewriter {
  /** Adds a constant and answers its name. */
  constant(wish: string, dims: number[], values: Float32Array | BigInt64Array): string;
  /** Values of a tensor that is a float constant of the graph. */
  floats(name: string): Float32Array | undefined;
  /** A new name that no tensor or node has. */
  fresh(wish: string): string;
  before(node: NodeProto): void;
  after(node: NodeProto): void;
}

export type Step = (node: NodeProto, rewriter: Rewriter) => void;

/** Moves an integer-list attribute to the input at `index`; an absent attribute leaves the input absent. */
export function intsToInput(name: string, index: number): Step {
  return (node, rewriter) => {
    // As bigints: the largest int64 stands for "to the end", and no number holds it.
    const found = attribute(node, name);
    if (found !== undefined && found.refAttrName !== '')
      throw unconverted(node, `${name} given by the caller`);
    const values = found?.ints;
    dropAttribute(node, name);
    if (values === undefined) return;
    while (node.input.length < index) node.input.push('');
    node.input[index] = rewriter.constant(
      `${node.output[0] ?? ''}_${name}`,
      [values.length],
      BigInt64Array.from(values),
    );
  };
}

/** The error for a node that has no newer form. */
export function unconverted(node: NodeProto, why: string): EngineError {
  return new EngineError(
    'unsupported',
    `Node ${node.name} (${node.opType}, ${why}) cannot be converted to a newer operator set.`,
    'Export the model again at opset 17.',
  );
}
