import fc from 'fast-check';
import type { TensorProto } from 'onnx-buf';
import { expect, test } from 'vitest';
import { floatValues, makeTensor } from '../../../engine/onnx/tensors/elements';
import type { Model } from '../../../engine/onnx/graph/model';
import { quantizeWeight } from '../../../engine/quantize/weights';
import { float } from '../runTiny';
import { noise, noisy, node, tinyModel, type AttributeValue } from '../tinyModel';
import { quantizeTiny } from './quantizeTiny';

interface Case {
  op: string;
  x: number[];
  w: number[];
  attributes?: Record<string, AttributeValue>;
  /** Output channel that an element of the weight is for, by the operator's own definition. */
  channel: (position: number[]) => number;
}

const size = (most: number) => fc.integer({ min: 1, max: most });

/** Weights of every layer with an integer form, in all the ways that they may lie. */
const cases: Record<string, fc.Arbitrary<Case>> = {
  Conv: fc.tuple(size(3), size(4), size(3)).map(([groups, outPer, inPer]) => ({
    op: 'Conv',
    x: [1, groups * inPer, 6, 6],
    w: [groups * outPer, inPer, 3, 2],
    attributes: { group: groups },
    // y[o] = Σ x[c] · w[o, c]
    channel: ([o = 0]) => o,
  })),
  ConvTranspose: fc.tuple(size(4), size(4)).map(([inputs, outputs]) => ({
    op: 'ConvTranspose',
    x: [1, inputs, 5, 5],
    w: [inputs, outputs, 2, 3],
    // y[o] = Σ x[c] · w[c, o]
    channel: ([, o = 0]) => o,
  })),
  'ConvTranspose in groups, whose channels of one place share a scale': fc
    .tuple(fc.integer({ min: 2, max: 3 }), size(3), size(3))
    .map(([groups, inPer, outPer]) => ({
      op: 'ConvTranspose',
      x: [1, groups * inPer, 5, 5],
      w: [groups * inPer, outPer, 2, 2],
      attributes: { group: groups },
      channel: ([, o = 0]) => o,
    })),
  Gemm: fc.tuple(size(5), size(6)).map(([k, n]) => ({
    op: 'Gemm',
    x: [2, k],
    w: [k, n],
    channel: ([, o = 0]) => o,
  })),
  'Gemm with a transposed weight': fc.tuple(size(5), size(6)).map(([k, n]) => ({
    op: 'Gemm',
    x: [2, k],
    w: [n, k],
    attributes: { transB: 1 },
    channel: ([o = 0]) => o,
  })),
  MatMul: fc.tuple(size(5), size(6)).map(([k, n]) => ({
    op: 'MatMul',
    x: [3, 2, k],
    w: [k, n],
    channel: ([, o = 0]) => o,
  })),
};

const product = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);

function positionOf(index: number, dims: readonly number[]): number[] {
  return dims.map((dim, axis) => Math.floor(index / product(dims.slice(axis + 1))) % dim);
}

function constants(model: Model): Map<string, TensorProto> {
  return new Map(model.graph.initializer.map((t) => [t.name, t]));
}

/** The weight of the model's product as the file has it. */
function stored(model: Model, op: string) {
  const weight = model.graph.node.find((n) => n.opType === op)?.input[1];
  const [values = '', scale = ''] = model.graph.node.find((n) => n.output[0] === weight)?.input ?? [];
  const of = constants(model);
  const [q, s] = [of.get(values), of.get(scale)];
  if (q === undefined || s === undefined) throw new Error(`${op} has no integer weight`);
  return { codes: [...new Int8Array(Uint8Array.from(q.rawData).buffer)], scales: [...floatValues(s)] };
}

test.each(Object.entries(cases))('%s: each output channel has its own scale', async (_, arbitrary) => {
  await fc.assert(
    fc.asyncProperty(
      arbitrary,
      fc.integer({ min: 1, max: 1000 }),
      async ({ op, x, w, attributes, channel }, seed) => {
        // Channels of very different size: any other axis would lose the small ones.
        const values = Array.from(noise(product(w), seed), (v, i) =>
          Math.fround(v * 4 ** -(channel(positionOf(i, w)) % 5)),
        );
        const model = tinyModel({
          inputs: { x },
          outputs: ['y'],
          constants: { w: [w, values], unused: noisy([1]) },
          nodes: [node(op, ['x', 'w'], 'y', attributes)],
        });
        const feeds = { x: float(x, noise(product(x), seed + 1)) };
        const { int8 } = await quantizeTiny(model, feeds, { profile: 'x86', weights: 'per-channel' });
        const { codes, scales } = stored(int8, op);
        const amax: number[] = [];
        values.forEach((v, i) => {
          const o = channel(positionOf(i, w));
          amax[o] = Math.max(amax[o] ?? 0, Math.abs(v));
        });
        expect(scales).toEqual(amax.map((most) => Math.fround(most / 127)));
        expect(codes).toHaveLength(values.length);
        values.forEach((v, i) => {
          const scale = scales[channel(positionOf(i, w))] ?? NaN;
          // Half a step; scales are float32, so that the largest value may lie a little beyond code 127.
          expect(Math.abs((codes[i] ?? NaN) * scale - v)).toBeLessThanOrEqual(scale * (0.5 + 1e-5));
        });
        expect(Math.max(...codes.map(Math.abs))).toBe(127);
      },
    ),
    { numRuns: 12 },
  );
});

test.each([NaN, Infinity, -Infinity])('a weight that holds %d has no integers', (value) => {
  const weight = makeTensor('w', [2, 2], Float32Array.of(1, 2, value, 3));
  for (const axis of [null, 0])
    expect(() => quantizeWeight(weight, axis)).toThrow('Weight w holds NaN or infinities');
});
