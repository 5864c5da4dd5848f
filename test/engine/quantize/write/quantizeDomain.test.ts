import { create } from '@bufbuild/protobuf';
import { OperatorSetIdProtoSchema, TensorProto_DataType, TensorProtoSchema } from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import {
  affine16,
  dequantize,
  quantize,
  symmetricGrid,
  type Affine,
} from '../../../../engine/quantize/affine';
import { quantizeDomain, type GridType } from '../../../../engine/quantize/write/quantizeDomain';
import { runFloats } from '../../runTiny';
import { noise, node, tinyModel } from '../../tinyModel';

const bytes = (values: ArrayBufferView<ArrayBuffer>) => new Uint8Array(values.buffer);
const zeroPoints: Record<GridType, (zero: number) => Uint8Array<ArrayBuffer>> = {
  int4: (z) => Uint8Array.of(z & 15),
  int8: (z) => bytes(Int8Array.of(z)),
  uint8: (z) => Uint8Array.of(z),
  int16: (z) => bytes(Int16Array.of(z)),
  uint16: (z) => bytes(Uint16Array.of(z)),
};

/** Values through QuantizeLinear and DequantizeLinear in onnxruntime. */
async function through(type: GridType, grid: Affine, opset: number, domain: string, x: Float32Array) {
  const zero = create(TensorProtoSchema, {
    name: 'z',
    dataType: TensorProto_DataType[type.toUpperCase() as 'INT4'],
    rawData: zeroPoints[type](grid.zeroPoint),
  });
  const model = tinyModel({
    opset,
    irVersion: 10,
    inputs: { x: [x.length] },
    outputs: ['y'],
    constants: { s: [[], [grid.scale]], z: zero },
    nodes: [
      Object.assign(node('QuantizeLinear', ['x', 's', 'z'], 'q'), { domain }),
      Object.assign(node('DequantizeLinear', ['q', 's', 'z'], 'y'), { domain }),
    ],
  });
  model.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: 'com.microsoft', version: 1n }));
  return runFloats(model, [x.length], x);
}

describe.each([17, 19, 21])('at operator set %d', (opset) => {
  test.each<[GridType, Affine]>([
    ['int16', affine16(-0.7, 0.9, -32768)],
    ['int16', symmetricGrid(0.8, 16)],
    ['uint16', affine16(-0.7, 0.9, 0)],
    ['int8', symmetricGrid(0.8, 8)],
    ['uint8', { ...symmetricGrid(0.8, 8), zeroPoint: 128, low: 0, high: 255 }],
  ])('onnxruntime takes %s of the domain for it, and rounds as the grid does', async (type, grid) => {
    const x = noise(500, 3);
    const found = await through(type, grid, opset, quantizeDomain(type, opset), x);
    // A symmetric grid leaves out the lowest integer, which QuantizeLinear does not.
    const expected = Array.from(x, (v) => dequantize(quantize(v, { ...grid, low: lowestOf[type] }), grid));
    // A value halfway between two integers may fall to either side.
    const errors = expected.map((v, i) => Math.abs(v - (found[i] ?? NaN)));
    expect(Math.max(...errors)).toBeLessThan(1.01 * grid.scale);
    expect(errors.filter((e) => e > grid.scale / 2).length).toBeLessThan(5);
  });
});

const lowestOf: Record<GridType, number> = { int4: -8, int8: -128, uint8: 0, int16: -32768, uint16: 0 };

test('16 bits of the default domain are refused before operator set 21', async () => {
  const grid = symmetricGrid(1, 16);
  await expect(through('int16', grid, 19, '', noise(4))).rejects.toThrow(/int16/);
  expect(quantizeDomain('int16', 20)).toBe('com.microsoft');
  expect(quantizeDomain('int4', 21)).toBe('');
});

test('16 bits are 257 times as fine as 8', () => {
  expect(affine16(-1, 1, 0).scale).toBe(Math.fround(2 / 65535));
  expect(affine16(-1, 1, 0)).toMatchObject({ zeroPoint: 32768, low: 0, high: 65535 });
  expect(affine16(0, 3, -32768)).toMatchObject({ zeroPoint: -32768, low: -32768, high: 32767 });
  expect(symmetricGrid(1, 16)).toMatchObject({ zeroPoint: 0, low: -32767, high: 32767 });
});
