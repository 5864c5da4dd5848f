import { describe, expect, test } from 'vitest';
import { TensorProto_DataType, type NodeProto } from 'onnx-buf';
import { makeTensor } from '../../../engine/onnx/elements';
import { freshNames } from '../../../engine/onnx/graphIndex';
import {
  hardSigmoidGrid,
  hasIntegerHardSigmoid,
  makeIntegerHardSigmoid,
  makeIntegerHardSwish,
} from '../../../engine/quantize/hardSigmoid';
import { runModel } from '../runTiny';
import { runNodes } from '../runtime/runNodes';
import { node, tinyModel } from '../tinyModel';

const types = ['uint8', 'int8'] as const;
const step = 1 / 16;

/** All 256 codes of a grid of [−8, 8), through an operator; the result quantized with `scale` too, if given. */
function model(operator: NodeProto, type: 'uint8' | 'int8', scale?: number) {
  const low = type === 'uint8' ? 0 : -128;
  const zero = (name: string, z: number) =>
    makeTensor(name, [], type === 'uint8' ? Uint8Array.of(z) : Int8Array.of(z));
  const made = tinyModel({
    inputs: { x: [256] },
    inputTypes: { x: TensorProto_DataType[type === 'uint8' ? 'UINT8' : 'INT8'] },
    outputs: [scale === undefined ? 'y' : 'z'],
    constants: {
      s: [[], [step]],
      m: zero('m', low + 128),
      t: [[], [scale ?? 1]],
      n: zero('n', low + 20),
    },
    nodes: [
      node('DequantizeLinear', ['x', 's', 'm'], 'd'),
      operator,
      ...(scale === undefined
        ? []
        : [node('QuantizeLinear', ['y', 't', 'n'], 'q'), node('DequantizeLinear', ['q', 't', 'n'], 'z')]),
    ],
  });
  const { graph } = made;
  const own = graph.node[1];
  if (own === undefined) throw new Error('no operator');
  const make = own.opType === 'HardSwish' ? makeIntegerHardSwish : makeIntegerHardSigmoid;
  const { before, constants } = make(own, 'd', type, freshNames(graph));
  graph.node.splice(1, 0, ...before);
  graph.initializer.push(...constants);
  return made;
}

async function answers(made: ReturnType<typeof model>, type: 'uint8' | 'int8'): Promise<number[]> {
  const codes = Array.from({ length: 256 }, (_, i) => i + (type === 'uint8' ? 0 : -128));
  const data = type === 'uint8' ? Uint8Array.from(codes) : Int8Array.from(codes);
  const [output] = Object.values(await runModel(made, { x: { type, dims: [256], data } }));
  return Array.from(output?.data ?? [], Number);
}

const inputs = Array.from({ length: 256 }, (_, i) => (i - 128) * step);
const hardSigmoid = (x: number, alpha: number, beta: number) => Math.max(0, Math.min(1, alpha * x + beta));

describe.each(types)('in %s', (type) => {
  test.each([
    [undefined, undefined],
    [1 / 6, 0.5],
    [0.3, 0.1],
    [0.5, 0.9],
  ])('HardSigmoid with alpha %s and beta %s is at most half a step off', async (alpha, beta) => {
    const attributes = alpha === undefined ? {} : { alpha: { float: alpha }, beta: { float: beta } };
    const operator = node('HardSigmoid', ['d'], 'y', attributes);
    expect(hasIntegerHardSigmoid(operator)).toBe(true);
    const found = await answers(model(operator, type), type);
    const { scale } = hardSigmoidGrid(type);
    inputs.forEach((x, i) => {
      const exact = hardSigmoid(x, alpha ?? 0.2, beta ?? 0.5);
      expect(Math.abs((found[i] ?? NaN) - exact)).toBeLessThan(scale * 0.501);
    });
  });

  test('HardSwish is at most half a step of each grid off', async () => {
    const scale = 9 / 255;
    const found = await answers(model(node('HardSwish', ['d'], 'y'), type, scale), type);
    inputs.forEach((x, i) => {
      const error = Math.abs((found[i] ?? NaN) - x * hardSigmoid(x, 1 / 6, 0.5));
      expect(error).toBeLessThan(0.501 * scale + (Math.abs(x) * 0.501) / 255);
    });
  });
});

test('both run in integers', async () => {
  const ops = async (made: ReturnType<typeof model>) => (await runNodes(made)).map((n) => n.opType);
  const swish = await ops(model(node('HardSwish', ['d'], 'y'), 'uint8', 9 / 255));
  expect(swish).toEqual(['QLinearAdd', 'QLinearMul', 'DequantizeLinear']);
  expect(await ops(model(node('HardSigmoid', ['d'], 'y'), 'uint8'))).toEqual([
    'QLinearAdd',
    'DequantizeLinear',
  ]);
});

test.each([
  ['HardSigmoid', { alpha: { float: -0.2 } }],
  ['HardSigmoid', { beta: { float: 0 } }],
  ['Sigmoid', {}],
])('%s with %j stays as it is', (opType, attributes) => {
  expect(hasIntegerHardSigmoid(node(opType, ['d'], 'y', { ...attributes }))).toBe(false);
});
