import { create } from '@bufbuild/protobuf';
import { StringStringEntryProtoSchema } from 'onnx-buf';
import { expect, test } from 'vitest';
import { float } from '../../runTiny';
import { node, noise, noisy, tinyModel } from '../../tinyModel';
import { quantizeTiny } from '../quantizeTiny';

test('the written model tells nothing of the program that exported it, and keeps the rest', async () => {
  const model = tinyModel({
    inputs: { x: [2, 4] },
    outputs: ['y'],
    constants: { w: noisy([4, 3]) },
    nodes: [node('MatMul', ['x', 'w'], 'y')],
  });
  const [product] = model.graph.node;
  if (product === undefined) throw new Error('no node');
  product.docString = '/home/somebody/net.py(7): forward';
  const property = (key: string, value: string) => create(StringStringEntryProtoSchema, { key, value });
  product.metadataProps = [
    property('pkg.torch.onnx.stack_trace', 'File "net.py", line 7'),
    property('namespace', 'net'),
  ];
  const { int8 } = await quantizeTiny(
    model,
    { x: float([2, 4], noise(8)) },
    { profile: 'x86', weights: 'per-channel' },
  );
  const written = int8.graph.node.find((n) => n.opType === 'MatMul');
  expect([written?.docString, written?.metadataProps.map((m) => m.key)]).toEqual(['', ['namespace']]);
  // The float model is the user's.
  expect([product.docString, product.metadataProps.length]).toEqual(['/home/somebody/net.py(7): forward', 2]);
});
