import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import { attribute, dropAttribute, makeNode, setAttribute } from '../graph/attributes';
import { given, givenInt, stem, unconverted, type Step } from './rewriter';

/**
 * Scan 8 runs its body once for each element of a batch, axis 0 of every input, and scans axis 1
 * (ONNX operators, "Scan-8"). From 9 there is no batch: a Scan over the batch holds the one over the sequence.
 */
export const scanTo9: Step = (node, rewriter) => {
  const [lengths = '', ...inputs] = node.input;
  if (lengths !== '') throw unconverted(node, 'with lengths of its own for each sequence');
  const body = given(node, 'body')?.g;
  if (body === undefined) throw unconverted(node, 'without a body');
  const scanned = givenInt(node, 'num_scan_inputs', 1);
  const directions = attribute(node, 'directions');
  const names = (list: string[], part: string) =>
    list.map((name) => rewriter.fresh(`${name === '' ? stem(node) : name}_${part}`));
  const [innerInputs, innerOutputs] = [names(inputs, 'one'), names(node.output, 'one')];

  const inner = makeNode('Scan', rewriter.fresh(`${node.name}_sequence`), innerInputs, innerOutputs, {
    num_scan_inputs: scanned,
  });
  inner.attribute.push(...node.attribute.filter((a) => a.name === 'body'));
  if (directions !== undefined) {
    directions.name = 'scan_input_directions';
    inner.attribute.push(directions);
  }
  const info = (name: string) => create(ValueInfoProtoSchema, { name });
  const batch = create(GraphProtoSchema, {
    name: rewriter.fresh(`${node.name}_batch`),
    node: [inner],
    input: innerInputs.map(info),
    output: innerOutputs.map(info),
  });
  dropAttribute(node, 'directions');
  dropAttribute(node, 'body');
  setAttribute(node, 'num_scan_inputs', inputs.length);
  const type = AttributeProto_AttributeType.GRAPH;
  node.attribute.push(create(AttributeProtoSchema, { name: 'body', type, g: batch }));
  node.input = inputs;
};
