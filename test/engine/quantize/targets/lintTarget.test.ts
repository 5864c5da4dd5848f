import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeTensor } from '../../../../engine/onnx/tensors/elements';
import { findLayers } from '../../../../engine/onnx/layers/layers';
import type { Model } from '../../../../engine/onnx/graph/model';
import { withSubPixelConvs } from '../../../../engine/quantize/targets/subPixelConv';
import type { ProfileName } from '../../../../engine/shared/protocol/choices';
import { lintTarget } from '../../../../engine/quantize/targets/lintTarget';
import { profiles } from '../../../../engine/quantize/targets/profiles';
import { originalNames, withoutSuffix } from '../../../../engine/runtime/originalNames';
import { float } from '../../runTiny';
import { runNodes } from '../../runtime/runNodes';
import { node, noise, noisy, tinyModel, type TinyModel } from '../../tinyModel';
import { zooFeeds, zooModel, zooModels, type ZooName } from '../../zooModels';
import { x86Here } from '../here';
import { quantizeTiny } from '../quantizeTiny';

const products = new Set('Conv ConvTranspose Gemm MatMul LSTM GRU'.split(' '));

/** Nodes in float as onnxruntime runs them: products that no integer node is called after, and others. */
async function floatNodes(model: Model): Promise<{ products: string[]; others: string[] }> {
  const nameOf = originalNames(model.graph);
  const nodes = await runNodes(model);
  const integer = new Set(nodes.filter((n) => n.kind === 'integer').map((n) => withoutSuffix(n.name)));
  const own = model.graph.node.filter((n) => products.has(n.opType)).map((n) => n.name);
  const others = nodes.filter((n) => n.kind === 'float' && !products.has(n.opType));
  return {
    products: own.filter((name) => !integer.has(name)).sort(),
    others: others.map(nameOf).sort(),
  };
}

function foretold(model: Model): { products: string[]; others: string[] } {
  const found = lintTarget(model, profiles[x86Here]).filter((f) => f.severity === 'float');
  const names = (list: typeof found) => list.flatMap((f) => f.nodes).sort();
  return {
    products: names(found.filter((f) => products.has(f.opType))),
    others: names(found.filter((f) => !products.has(f.opType))),
  };
}

function said(model: Model, profile: ProfileName = 'x86'): string[] {
  return lintTarget(model, profiles[profile]).map(
    ({ severity, opType, nodes, message }) => `${severity} ${opType} ${nodes.join('+')}: ${message}`,
  );
}

const settings = { profile: x86Here, weights: 'per-channel' } as const;

describe.skipIf(process.arch === 'arm64')('what it says runs in float is what does', () => {
  test.each(Object.keys(zooModels) as ZooName[])('%s', { timeout: 180_000 }, async (name) => {
    const model = withSubPixelConvs(zooModel(name));
    const feeds = await zooFeeds(model, name);
    const everyThird = findLayers(model.graph).flatMap((l, i) => (i % 3 === 1 ? [l.name] : []));
    for (const keepFloat of [[], everyThird]) {
      const { int8 } = await quantizeTiny(model, feeds, settings, keepFloat, true);
      const [real, predicted] = [await floatNodes(int8), foretold(int8)];
      expect(predicted.products).toEqual(real.products);
      if (keepFloat.length === 0) expect(real.others).toEqual(expect.arrayContaining(predicted.others));
      else expect(real.products.length).toBeGreaterThan(0);
    }
  });

  const width = 6;
  const constants: TinyModel['constants'] = {
    w: noisy([width, width], 1),
    bias: noisy([width], 2),
    one: noisy([1], 3),
    column: noisy([4, 1], 4),
    full: noisy([4, width], 5),
    low: [[], [-0.7]],
    high: [[], [0.4]],
    zero: [[], [0]],
  };
  /** What may come next, from one tensor to another of the same shape. */
  const steps: Record<string, (from: string, to: string) => TinyModel['nodes']> = {
    matmul: (x, y) => [node('MatMul', [x, 'w'], y)],
    biased: (x, y) => [node('MatMul', [x, 'w'], `${y}_p`), node('Add', [`${y}_p`, 'bias'], y)],
    gemm: (x, y) => [node('Gemm', [x, 'w', 'bias'], y, { transB: 1 })],
    'gemm of one bias': (x, y) => [node('Gemm', [x, 'w', 'one'], y)],
    'gemm of a column': (x, y) => [node('Gemm', [x, 'w', 'column'], y)],
    'gemm of a full bias': (x, y) => [node('Gemm', [x, 'w', 'full'], y)],
    'gemm without bias': (x, y) => [node('Gemm', [x, 'w'], y)],
    relu: (x, y) => [node('Relu', [x], y)],
    clip: (x, y) => [node('Clip', [x, 'low', 'high'], y)],
    'clip from 0': (x, y) => [node('Clip', [x, 'zero', 'high'], y)],
    sigmoid: (x, y) => [node('Sigmoid', [x], y)],
    tanh: (x, y) => [node('Tanh', [x], y)],
    twice: (x, y) => [node('Add', [x, x], y)],
    constant: (x, y) => [node('Mul', [x, 'bias'], y)],
    flip: (x, y) => [
      node('Transpose', [x], `${y}_t`, { perm: [1, 0] }),
      node('Transpose', [`${y}_t`], y, { perm: [1, 0] }),
    ],
  };

  test('any chain and fork of products and what stands between', { timeout: 240_000 }, async () => {
    const names = Object.keys(steps);
    const step = fc.record({ kind: fc.constantFrom(...names), back: fc.nat(2) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 7 }), fc.boolean(), async (chain, whole) => {
        const tensors = ['x'];
        const nodes = chain.flatMap(({ kind, back }, i) => {
          // Mostly the last tensor; now and then an older one, which is a fork.
          const from = tensors.at(-1 - (back === 2 ? Math.min(1, tensors.length - 1) : 0)) ?? 'x';
          tensors.push(`t${i}`);
          return steps[kind]?.(from, `t${i}`) ?? [];
        });
        const read = new Set(nodes.flatMap((n) => n.input));
        const outputs = tensors.slice(1).filter((t) => !read.has(t));
        const used = Object.entries(constants).filter(([name]) => read.has(name));
        const model = tinyModel({
          inputs: { x: [4, width] },
          outputs,
          nodes,
          constants: Object.fromEntries(used),
        });
        if (!nodes.some((n) => products.has(n.opType))) return;
        const { int8 } = await quantizeTiny(
          model,
          { x: float([4, width], noise(4 * width, 7)) },
          settings,
          [],
          whole,
        );
        expect(foretold(int8).products).toEqual((await floatNodes(int8)).products);
      }),
      { numRuns: 120, seed: 11 },
    );
  });
});

describe('what targets refuse', () => {
  const grids = {
    s: [[], [0.02]] as [number[], number[]],
    channels: [[3], [0.02, 0.01, 0.03]] as [number[], number[]],
    u8: makeTensor('u8', [], Uint8Array.of(128)),
    i8: makeTensor('i8', [], Int8Array.of(0)),
    shifted: makeTensor('shifted', [], Int8Array.of(5)),
    zeros: makeTensor('zeros', [3], new Int8Array(3)),
  };
  const quantized = (scale: keyof typeof grids, zero: keyof typeof grids, opset = 17) =>
    tinyModel({
      opset,
      inputs: { x: [1, 3] },
      outputs: ['y'],
      constants: { [scale]: grids[scale], [zero]: grids[zero] },
      nodes: [
        node('QuantizeLinear', ['x', scale, zero], 'q'),
        node('DequantizeLinear', ['q', scale, zero], 'y'),
      ],
    });

  test('TensorRT takes int8 around 0 only', () => {
    expect(said(quantized('s', 'i8'), 'tensorrt')).toEqual([]);
    expect(said(quantized('s', 'u8'), 'tensorrt')).toEqual([
      'refuses QuantizeLinear q_node: TensorRT takes no uint8 there; it takes int8, int4, float8e4m3fn.',
      'refuses QuantizeLinear q_node: TensorRT takes no zero point but 0.',
      'refuses DequantizeLinear y_node: TensorRT takes no uint8 there; it takes int8, int4, float8e4m3fn.',
      'refuses DequantizeLinear y_node: TensorRT takes no zero point but 0.',
    ]);
    expect(said(quantized('s', 'shifted'), 'tensorrt')).toHaveLength(2);
    for (const zero of ['u8', 'shifted'] as const) expect(said(quantized('s', zero), 'x86')).toEqual([]);
  });

  test('scales for each channel are of operator set 13', () => {
    for (const profile of ['x86', 'tensorrt'] as const) {
      expect(said(quantized('channels', 'zeros', 13), profile)).toEqual([]);
      expect(said(quantized('channels', 'zeros', 11), profile)[0]).toBe(
        'refuses QuantizeLinear q_node: Scales for each channel came with operator set 13; the model is of 11.',
      );
    }
  });

  test('operators, domains and operator sets that it does not have', () => {
    const model = (domain: string, opType: string, opset = 17) => {
      const made = tinyModel({
        opset,
        inputs: { x: [1, 3] },
        outputs: ['y'],
        nodes: [node(opType, ['x'], 'y')],
      });
      for (const each of made.graph.node) each.domain = domain;
      return made;
    };
    expect(said(model('com.microsoft', 'MatMulNBits'), 'x86')).toEqual([]);
    expect(said(model('com.microsoft', 'MatMulNBits'), 'tensorrt')).toEqual([
      'refuses MatMulNBits y_node: TensorRT has no operators of domain com.microsoft.',
    ]);
    expect(said(model('my.own', 'Thing'), 'arm')).toEqual([
      'refuses Thing y_node: onnxruntime has no operators of domain my.own.',
    ]);
    expect(said(model('', 'Unique'), 'tensorrt')).toEqual(['refuses Unique y_node: TensorRT has no Unique.']);
    expect(said(model('', 'Relu', 27), 'x86')).toEqual([
      'refuses  : The model is of operator set 27; onnxruntime reads them up to 26.',
    ]);
  });

  test('what this tool writes for TensorRT is refused nowhere, and slow integer forms are named', async () => {
    const tiny = tinyModel({
      inputs: { x: [1, 3, 8, 8] },
      outputs: ['y'],
      constants: { v: noisy([4, 3, 3, 3], 1), bias: noisy([4], 2), w: noisy([2, 4, 1, 1], 3) },
      nodes: [
        node('Conv', ['x', 'v', 'bias'], 'a'),
        node('AveragePool', ['a'], 'p', { kernel_shape: [2, 2] }),
        node('Conv', ['p', 'w'], 'y'),
      ],
    });
    const feeds = { x: float([1, 3, 8, 8], noise(192, 4)) };
    const written = async (profile: ProfileName) =>
      (await quantizeTiny(tiny, feeds, { profile, weights: 'per-channel' }, [], true)).int8;
    expect(said(await written('tensorrt'), 'tensorrt')).toEqual([]);
    expect(said(await written('x86'))).toEqual([
      'slow AveragePool p_node: The integer AveragePool of onnxruntime took 6.6 times as long as that in float, measured on 8-bit images.',
    ]);
    // Biases are int32 there, and activations uint8.
    expect(said(await written('x86'), 'tensorrt').some((line) => line.includes('takes no int32'))).toBe(true);
  });
});
