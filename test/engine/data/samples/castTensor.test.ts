import { expect, test } from 'vitest';
import { castTensor } from '../../../../engine/data/samples/castTensor';
import type { ElementType, TensorData } from '../../../../engine/data/samples/dataset';

function cast(from: ElementType, data: TensorData, to: ElementType): TensorData {
  return castTensor({ type: from, dims: [data.length], data }, to, 'x').data;
}

test('keeps a tensor of the right type as it is', () => {
  const tensor = { type: 'float32', dims: [1], data: Float32Array.of(NaN) } as const;
  expect(castTensor({ ...tensor, dims: [1] }, 'float32', 'x').data).toBe(tensor.data);
});

test('rounds floats and keeps integers', () => {
  expect(cast('float64', Float64Array.of(0.1, 1e-60), 'float32')).toEqual(Float32Array.of(0.1, 0));
  expect(cast('float32', Float32Array.of(1, -2), 'float16')).toEqual(Uint16Array.of(0x3c00, 0xc000));
  expect(cast('float16', Uint16Array.of(0x3c00), 'float64')).toEqual(Float64Array.of(1));
  expect(cast('int32', Int32Array.of(-7), 'int64')).toEqual(BigInt64Array.of(-7n));
  expect(cast('int64', BigInt64Array.of(200n), 'uint8')).toEqual(Uint8Array.of(200));
  expect(cast('uint8', Uint8Array.of(255), 'float32')).toEqual(Float32Array.of(255));
  expect(cast('int64', BigInt64Array.of(2n ** 53n), 'float64')).toEqual(Float64Array.of(2 ** 53));
  expect(cast('float64', Float64Array.of(3), 'int64')).toEqual(BigInt64Array.of(3n));
  expect(cast('int64', BigInt64Array.of(1n, 0n), 'bool')).toEqual(Uint8Array.of(1, 0));
});

test.each<[ElementType, TensorData, ElementType, string]>([
  ['float64', Float64Array.of(1e300), 'float32', '1e+300'],
  ['float32', Float32Array.of(70000), 'float16', '70000'],
  ['int32', Int32Array.of(5, 2 ** 24 + 1), 'float32', '16777217'],
  ['int64', BigInt64Array.of(2n ** 53n + 1n), 'float64', '9007199254740993'],
  ['int16', Int16Array.of(-1), 'uint8', '-1'],
  ['float32', Float32Array.of(0.5), 'int64', '0.5'],
  ['uint64', BigUint64Array.of(2n ** 63n), 'int64', '9223372036854775808'],
  ['uint8', Uint8Array.of(2), 'bool', '2'],
])('refuses %s %o as %s', (from, data, to, value) => {
  expect(() => cast(from, data, to)).toThrow(
    `x is ${from}, the model takes ${to}, and ${value} has no equal`,
  );
});
