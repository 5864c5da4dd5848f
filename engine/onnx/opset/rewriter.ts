import {
  AttributeProto_AttributeType,
  type AttributeProto,
  type NodeProto,
  type TensorProto,
} from 'onnx-buf';
import { EngineError } from '../../shared/engineError';
import { attribute } from '../graph/attributes';

/** What a step may ask about the graph, and add around the node that it rewrites. */
export interface Rewriter {
  /** Adds a constant and answers its name. */
  constant(wish: string, dims: number[], values: Float32Array | BigInt64Array): string;
  /** A constant of this graph or of one around it, whether an initializer or a Constant node. */
  tensor(name: string): TensorProto | undefined;
  /** Number of dimensions, where the graph tells it. */
  rank(name: string): number | undefined;
  /** Element type (TensorProto.DataType), where the graph tells it. */
  elementType(name: string): number | undefined;
  /** Whether a node reads the tensor, or the graph hands it out. */
  isRead(name: string): boolean;
  fresh(wish: string): string;
  before(node: NodeProto): void;
  after(node: NodeProto): void;
}

/** Rewrites a node in place into the form of a newer operator set. What it adds has the form of that set too. */
export type Step = (node: NodeProto, rewriter: Rewriter) => void;

/** Steps by operator, all of the same version. */
export type Steps = Record<string, Step>;

export function unconverted(node: NodeProto, why: string): EngineError {
  return new EngineError(
    'unsupported',
    `Node ${node.name} (${node.opType}, ${why}) cannot be converted to a newer operator set.`,
    'Export the model again at opset 17.',
  );
}

/**
 * An attribute that a step needs the value of; undefined when it is absent.
 * @throws EngineError `unsupported` inside a function whose caller gives the value
 */
export function given(node: NodeProto, name: string): AttributeProto | undefined {
  const found = attribute(node, name);
  if (found !== undefined && found.refAttrName !== '') {
    throw unconverted(node, `whose ${name} is the attribute ${found.refAttrName} of its function`);
  }
  return found;
}

export function givenInt(node: NodeProto, name: string, absent: number): number {
  return Number(given(node, name)?.i ?? absent);
}

export function givenFloat(node: NodeProto, name: string, absent: number): number {
  return given(node, name)?.f ?? absent;
}

/** A STRING attribute; undefined when it is absent or of another type. */
export function givenString(node: NodeProto, name: string): string | undefined {
  const found = given(node, name);
  return found?.type === AttributeProto_AttributeType.STRING ? new TextDecoder().decode(found.s) : undefined;
}

/** What new tensors for the node are called after. */
export function stem(node: NodeProto): string {
  return node.output.find((o) => o !== '') ?? node.name;
}

/** One step after another. */
export function both(first: Step, second: Step): Step {
  return (node, rewriter) => {
    first(node, rewriter);
    second(node, rewriter);
  };
}
