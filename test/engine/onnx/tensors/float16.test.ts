import fc from 'fast-check';
import { expect, test } from 'vitest';
import { halfToNumber, numberToHalf } from '../../../../engine/onnx/tensors/float16';

test('reads known halves', () => {
  expect([0x0000, 0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x7c00, 0xfc00].map(halfToNumber)).toEqual([
    0,
    1,
    -2,
    65504,
    2 ** -24,
    2 ** -14,
    Infinity,
    -Infinity,
  ]);
  expect(halfToNumber(0x7e00)).toBeNaN();
  expect(Object.is(halfToNumber(0x8000), -0)).toBe(true);
});

test('writes back every half that is a number', () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    const value = halfToNumber(bits);
    if (Number.isNaN(value)) expect(numberToHalf(value)).toBe(0x7e00);
    else if (numberToHalf(value) !== bits)
      expect.fail(`0x${bits.toString(16)} became ${numberToHalf(value)}`);
  }
});

test('rounds to the nearest half, ties to even', () => {
  expect(numberToHalf(1 + 2 ** -11)).toBe(0x3c00);
  expect(numberToHalf(1 + 3 * 2 ** -11)).toBe(0x3c02);
  expect(numberToHalf(65519)).toBe(0x7bff);
  expect(numberToHalf(65520)).toBe(0x7c00);
  expect(numberToHalf(2 ** -25)).toBe(0);
  fc.assert(
    fc.property(fc.double({ min: -65504, max: 65504, noNaN: true }), (value) => {
      const bits = numberToHalf(value);
      const error = Math.abs(halfToNumber(bits) - value);
      for (const neighbour of [bits - 1, bits + 1]) {
        const other = halfToNumber(neighbour & 0xffff);
        if (Number.isFinite(other)) expect(error).toBeLessThanOrEqual(Math.abs(other - value));
      }
    }),
  );
});
