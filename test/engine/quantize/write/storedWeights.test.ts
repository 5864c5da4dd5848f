import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { TensorProto_DataType } from 'onnx-buf';
import { describe, expect, onTestFinished, test } from 'vitest';
import { findLayers } from '../../../../engine/onnx/layers/layers';
import { decodeModel, encodeModel } from '../../../../engine/onnx/file/readModel';
import { normalize } from '../../../../engine/onnx/normalize/normalize';
import type { Tensor } from '../../../../engine/onnx/tensors/tensor';
import type { WeightGranularity } from '../../../../engine/shared/protocol/choices';
import { float, relativeError, runModel, testWorker } from '../../runTiny';
import { noise, noisy, node, tinyModel } from '../../tinyModel';
import { quantizeTiny } from '../quantizeTiny';
import { x86Here } from '../here';

const indices = (dims: number[], values: number[]): Tensor => ({
  type: 'int64',
  dims,
  data: BigInt64Array.from(values, BigInt),
});

/** Looks rows up and multiplies them by a matrix. */
function lookup(table: [number[], number[]], nodes = [node('Gather', ['table', 'ids'], 'y')]) {
  return tinyModel({
    inputs: { ids: ['n', 't'] },
    inputTypes: { ids: TensorProto_DataType.INT64 },
    outputs: ['y'],
    constants: { table, w: noisy([table[0][1] ?? 1, 4], 2) },
    nodes,
  });
}

/** Rows of very different size, as rare and frequent words have. */
function unevenTable(rows: number, width: number): number[] {
  return Array.from(noise(rows * width, 5), (v, i) => v * 10 ** ((Math.floor(i / width) % 7) - 3));
}

/** x̂ by the definition: whole steps of amax / 127, halves to even. */
function rounded(values: readonly number[], amax: number): number[] {
  const step = Math.fround(amax / 127);
  return values.map((v) => {
    const q = v / step;
    const [below, part] = [Math.floor(q), q - Math.floor(q)];
    const whole = part === 0.5 ? below + (below & 1) : below + (part > 0.5 ? 1 : 0);
    return Math.fround(Math.max(-127, Math.min(127, whole)) * step);
  });
}

const amaxOf = (values: readonly number[]) => Math.max(...values.map((v) => Math.abs(Math.fround(v))));

describe('a table of embeddings', () => {
  test.each<[WeightGranularity, boolean]>([
    ['per-channel', true],
    ['per-tensor', false],
  ])('is looked up in int8, %s, as the definition rounds it', async (weights, perRow) => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 9 }),
        fc.integer({ min: 16, max: 40 }),
        fc.array(fc.nat(100), { minLength: 1, maxLength: 6 }),
        async (rows, width, wanted) => {
          const values = unevenTable(rows, width).map(Math.fround);
          const ids = wanted.map((i) => i % rows);
          const feeds = { ids: indices([1, ids.length], ids) };
          const model = lookup([[rows, width], values]);
          const { int8 } = await quantizeTiny(model, feeds, { profile: x86Here, weights });
          const { y } = await runModel(int8, feeds);
          const row = (i: number) => values.slice(i * width, (i + 1) * width);
          const expected = ids.flatMap((i) => rounded(row(i), amaxOf(perRow ? row(i) : values)));
          expect(y?.dims).toEqual([1, ids.length, width]);
          expect(Array.from(y?.data as Float32Array)).toEqual(expected);
        },
      ),
      { numRuns: 20 },
    );
  });

  test('stays int8 in the file and in the graph that onnxruntime runs', async () => {
    const feeds = { ids: indices([1, 3], [5, 0, 499]) };
    const model = lookup([[500, 64], unevenTable(500, 64)]);
    const { int8 } = await quantizeTiny(model, feeds, { profile: x86Here, weights: 'per-channel' });
    expect(encodeModel(int8).length).toBeLessThan(0.3 * encodeModel(model).length);
    const folder = mkdtempSync(join(tmpdir(), 'quantscope-table-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const optimizedModelPath = join(folder, 'optimized.onnx');
    await (await testWorker().load(encodeModel(int8), { threads: 1, optimizedModelPath })).release();
    expect(statSync(optimizedModelPath).size).toBeLessThan(0.3 * encodeModel(model).length);
    const { graph } = decodeModel(readFileSync(optimizedModelPath), 'optimized');
    const table = graph.initializer.find((t) => Number(t.dims[0]) === 500 && Number(t.dims[1]) === 64);
    expect(table?.dataType).toBe(TensorProto_DataType.INT8);
  });

  test('feeds an integer product, whose input is quantized behind it', async () => {
    const feeds = { ids: indices([1, 4], [1, 2, 3, 2]) };
    const nodes = [node('Gather', ['table', 'ids'], 'e'), node('MatMul', ['e', 'w'], 'y')];
    const model = lookup([[8, 16], [...noise(128, 3)]], nodes);
    const { int8, plan } = await quantizeTiny(model, feeds, { profile: x86Here, weights: 'per-channel' });
    expect(plan.layers.size).toBe(2);
    const [expected, actual] = [await runModel(model, feeds), await runModel(int8, feeds)];
    const error = relativeError(expected['y']?.data as Float32Array, actual['y']?.data as Float32Array);
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(0.03);
  });

  test.each([
    ['boxes of anchors', [node('Gather', ['table', 'ids'], 'y')], [50, 4]],
    ['columns', [node('Gather', ['table', 'ids'], 'y', { axis: 1 })], [50, 20]],
  ] as const)('%s are none', (_, nodes, dims) => {
    const model = lookup([[...dims], [...noise(dims[0] * dims[1], 1)]], [...nodes]);
    expect(findLayers(normalize(model).graph)).toEqual([]);
  });
});

describe('a GRU', () => {
  const [input, hidden] = [6, 5];
  const gru = (directions: 1 | 2, w: number[], r: number[]) =>
    tinyModel({
      inputs: { x: ['t', 'n', input] },
      outputs: ['y', 'h'],
      constants: {
        w: [[directions, 3 * hidden, input], w],
        r: [[directions, 3 * hidden, hidden], r],
        b: noisy([directions, 6 * hidden], 3, 0.2),
      },
      nodes: [
        node('GRU', ['x', 'w', 'r', 'b'], ['y', 'h'], {
          hidden_size: hidden,
          ...(directions === 2 ? { direction: 'bidirectional' } : {}),
        }),
      ],
    });

  test.each([
    [1, 'per-channel'],
    [2, 'per-channel'],
    [1, 'per-tensor'],
    [2, 'per-tensor'],
  ] as const)(
    'of %i direction(s) answers what one with weights rounded %s does',
    async (directions, weights) => {
      // Gate units and directions of very different size: any other axis would lose the small ones.
      const uneven = (inner: number, seed: number) =>
        Array.from(noise(directions * 3 * hidden * inner, seed), (v, i) =>
          Math.fround(v * 2 ** -(Math.floor(i / inner) % 8)),
        );
      const blockwise = (values: number[], inner: number) => {
        const block = weights === 'per-channel' ? inner : 3 * hidden * inner;
        return Array.from({ length: values.length / block }, (_, k) =>
          values.slice(k * block, (k + 1) * block),
        ).flatMap((part) => rounded(part, amaxOf(part)));
      };
      const [w, r] = [uneven(input, 1), uneven(hidden, 2)];
      const feeds = { x: float([7, 2, input], noise(7 * 2 * input, 8)) };
      const { int8 } = await quantizeTiny(gru(directions, w, r), feeds, { profile: x86Here, weights });
      expect(int8.graph.initializer.map((t) => t.name)).not.toContain('w');
      const actual = await runModel(int8, feeds);
      const expected = await runModel(gru(directions, blockwise(w, input), blockwise(r, hidden)), feeds);
      const exact = await runModel(gru(directions, w, r), feeds);
      for (const name of ['y', 'h']) {
        const of = (found: Record<string, Tensor>) => found[name]?.data as Float32Array;
        expect(relativeError(of(expected), of(actual))).toBeLessThan(1e-6);
        expect(relativeError(of(exact), of(actual))).toBeGreaterThan(1e-5);
      }
    },
  );
});
