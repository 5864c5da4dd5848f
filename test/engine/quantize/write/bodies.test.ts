import { create } from '@bufbuild/protobuf';
import { GraphProtoSchema, type NodeProto } from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import { findLayers } from '../../../../engine/onnx/layers/layers';
import { normalize } from '../../../../engine/onnx/normalize/normalize';
import { rewriteQdq } from '../../../../engine/quantize/write/rewrite';
import { float, relativeError, runModel } from '../../runTiny';
import { noise, noisy, node, tinyModel, valueInfo } from '../../tinyModel';
import { quantizeTiny } from '../quantizeTiny';
import { runNodes } from '../../runtime/runNodes';
import { x86Here } from '../here';

function branch(nodes: NodeProto[], output: string) {
  return { graph: create(GraphProtoSchema, { name: 'b', node: nodes, output: [valueInfo(output, null)] }) };
}

/** A Conv before an If, and a Conv and a Gemm in its branches with weights of the outer graph. */
function branching() {
  return tinyModel({
    inputs: { x: [1, 3, 8, 8] },
    outputs: ['y'],
    constants: {
      w0: noisy([8, 3, 3, 3]),
      w1: noisy([8, 8, 3, 3], 2),
      b1: noisy([8], 3),
      w2: noisy([8, 8, 1, 1], 4),
      level: [[], [-1e9]],
    },
    nodes: [
      node('Conv', ['x', 'w0'], 'c0', { pads: [1, 1, 1, 1] }),
      node('Relu', ['c0'], 'r0'),
      node('ReduceSum', ['x'], 's', { keepdims: 0 }),
      node('Greater', ['s', 'level'], 'take'),
      node('If', ['take'], 'y', {
        then_branch: branch(
          [node('Conv', ['r0', 'w1', 'b1'], 'c1', { pads: [1, 1, 1, 1] }), node('Relu', ['c1'], 'r1')],
          'r1',
        ),
        else_branch: branch([node('Conv', ['r0', 'w2'], 'c2')], 'c2'),
      }),
    ],
  });
}

describe('a Conv in the branch of an If', () => {
  test('runs in integers, near to float, and is counted', async () => {
    const feeds = { x: float([1, 3, 8, 8], noise(192, 5)) };
    const normalized = normalize(branching());
    const unreached = findLayers(normalized.graph)
      .map((l) => l.name)
      .filter((name) => name.includes('else_branch'));
    expect(unreached).toHaveLength(1);
    const { int8 } = await quantizeTiny(
      branching(),
      feeds,
      { profile: x86Here, weights: 'per-channel' },
      unreached,
    );
    const { y: expected } = await runModel(branching(), feeds);
    const { y: actual } = await runModel(int8, feeds);
    expect(relativeError(expected?.data as Float32Array, actual?.data as Float32Array)).toBeLessThan(0.03);
    const nodes = await runNodes(int8);
    expect(nodes.filter((n) => n.kind === 'integer').map((n) => n.opType)).toEqual([
      'QLinearConv',
      'QLinearConv',
    ]);
    expect(nodes.filter((n) => n.opType.includes('Conv') && n.kind === 'float')).toHaveLength(1);
    // The float weights of what became integer are gone, and that of the other branch is not.
    const names = int8.graph.initializer.map((t) => t.name);
    expect(names).not.toContain('w1');
    expect(names).toContain('w2');
  });
});

describe('an LSTM', () => {
  const input = 6;
  const hidden = 5;
  function lstm(directions: 1 | 2) {
    return tinyModel({
      inputs: { x: ['t', 'n', input] },
      outputs: ['y', 'h'],
      constants: {
        w: noisy([directions, 4 * hidden, input], 1, 0.5),
        r: noisy([directions, 4 * hidden, hidden], 2, 0.5),
        b: noisy([directions, 8 * hidden], 3, 0.2),
      },
      nodes: [
        node('LSTM', ['x', 'w', 'r', 'b'], ['y', 'h'], {
          hidden_size: hidden,
          ...(directions === 2 ? { direction: 'bidirectional' } : {}),
        }),
      ],
    });
  }

  for (const directions of [1, 2] as const) {
    for (const weights of ['per-channel', 'per-tensor'] as const) {
      test(`of ${directions} direction(s) runs in integers, ${weights}, near to float`, async () => {
        const feeds = { x: float([7, 2, input], noise(7 * 2 * input, 8)) };
        const { int8 } = await quantizeTiny(lstm(directions), feeds, { profile: x86Here, weights });
        const expected = await runModel(lstm(directions), feeds);
        const actual = await runModel(int8, feeds);
        for (const name of ['y', 'h']) {
          const error = relativeError(
            expected[name]?.data as Float32Array,
            actual[name]?.data as Float32Array,
          );
          expect(error).toBeLessThan(0.03);
          expect(error).toBeGreaterThan(0);
        }
        const nodes = await runNodes(int8);
        expect(nodes.filter((n) => n.kind === 'integer').map((n) => n.opType)).toEqual([
          'DynamicQuantizeLSTM',
        ]);
        expect(int8.graph.initializer.map((t) => t.name)).not.toContain('w');
      });
    }
  }

  test('keeps its float form for TensorRT, which has no such operator', async () => {
    const feeds = { x: float([7, 2, input], noise(7 * 2 * input, 8)) };
    const { float: normalized, plan } = await quantizeTiny(lstm(1), feeds, {
      profile: 'tensorrt',
      weights: 'per-channel',
    });
    expect(rewriteQdq(normalized, plan).graph.node.map((n) => n.opType)).toEqual(['LSTM']);
  });
});
