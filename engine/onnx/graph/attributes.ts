import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  NodeProtoSchema,
  type AttributeProto,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from 'onnx-buf';

export function attribute(node: NodeProto, name: string): AttributeProto | undefined {
  return node.attribute.find((a) => a.name === name);
}

export function intAttribute(node: NodeProto, name: string, absent: number): number {
  const found = attribute(node, name);
  return found === undefined ? absent : Number(found.i);
}

export function floatAttribute(node: NodeProto, name: string, absent: number): number {
  return attribute(node, name)?.f ?? absent;
}

/** Removes the attribute, if it is there. */
export function dropAttribute(node: NodeProto, name: string): void {
  node.attribute = node.attribute.filter((a) => a.name !== name);
}

/** Sets an attribute: whole numbers become INT, strings STRING. */
export function setAttribute(node: NodeProto, name: string, value: number | string): void {
  dropAttribute(node, name);
  node.attribute.push(
    typeof value === 'string'
      ? create(AttributeProtoSchema, {
          name,
          type: AttributeProto_AttributeType.STRING,
          s: new TextEncoder().encode(value),
        })
      : create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) }),
  );
}

/** Sets a FLOAT attribute. */
export function setFloat(node: NodeProto, name: string, f: number): void {
  dropAttribute(node, name);
  node.attribute.push(create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.FLOAT, f }));
}

/** Sets an INTS attribute. */
export function setInts(node: NodeProto, name: string, ints: bigint[]): void {
  dropAttribute(node, name);
  node.attribute.push(create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INTS, ints }));
}

/** Sets a TENSOR attribute. */
export function setTensor(node: NodeProto, name: string, t: TensorProto): void {
  dropAttribute(node, name);
  node.attribute.push(create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.TENSOR, t }));
}

/** A node of the default domain. */
export function makeNode(
  opType: string,
  name: string,
  input: string[],
  output: string[],
  attributes: Record<string, number | string> = {},
): NodeProto {
  const node = create(NodeProtoSchema, { opType, name, input, output });
  for (const [key, value] of Object.entries(attributes)) setAttribute(node, key, value);
  return node;
}

/** Graphs held by the node's attributes: the bodies of If, Loop and Scan. */
export function subgraphs(node: NodeProto): GraphProto[] {
  return node.attribute.flatMap((a) => [...(a.g === undefined ? [] : [a.g]), ...a.graphs]);
}
