import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeTensor } from '../../../engine/onnx/tensors/elements';
import {
  accumulatorBounds,
  accumulatorOverflow,
  type IntegerProduct,
} from '../../../engine/quantize/accumulator';
import { affine8, affine16, type Affine } from '../../../engine/quantize/affine';
import { saturates } from '../../../engine/runtime/saturates';
import {
  quantizeWeight,
  unsignedCodes,
  UNSIGNED_ZERO,
  type WeightBits,
} from '../../../engine/quantize/weights';
import { relativeError, runModel, testWorker } from '../runTiny';
import { noise, node, tinyModel } from '../tinyModel';

const grid: Affine = { scale: 1, zeroPoint: 100, low: 0, high: 255 };

function product(more: Partial<IntegerProduct>): IntegerProduct {
  const codes = Int8Array.of(127, -127);
  return { codes, dims: [1, 2], axis: 0, weightZero: 0, activation: grid, bias: null, ...more };
}

test('the bound of each channel is reached, and never passed', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: -127, max: 127 }), fc.integer({ min: 0, max: 255 })), {
        minLength: 2,
        maxLength: 16,
      }),
      fc.integer({ min: 0, max: 255 }),
      fc.tuple(fc.integer({ min: -1e6, max: 1e6 }), fc.integer({ min: -1e6, max: 1e6 })),
      fc.boolean(),
      (pairs, zeroPoint, bias, unsigned) => {
        const even = pairs.slice(0, pairs.length - (pairs.length % 2));
        const weights = Int8Array.from(even, ([w]) => w);
        // Of [inputs, 2]: every other weight is of one channel.
        const found = accumulatorBounds({
          codes: unsigned ? unsignedCodes(weights) : weights,
          dims: [even.length / 2, 2],
          axis: 1,
          weightZero: unsigned ? UNSIGNED_ZERO : 0,
          activation: { ...grid, zeroPoint },
          bias,
        });
        for (const channel of [0, 1]) {
          const own = [...weights].filter((_, i) => i % 2 === channel);
          const b = bias[channel] ?? 0;
          const sum = (x: (w: number, i: number) => number) =>
            Math.abs(own.reduce((total, w, i) => total + (x(w, i) - zeroPoint) * w, b));
          const ends = [sum((w) => (w > 0 ? 255 : 0)), sum((w) => (w > 0 ? 0 : 255))];
          expect(found[channel]).toBe(Math.max(...ends));
          expect(sum((_, i) => even[2 * i + channel]?.[1] ?? 0)).toBeLessThanOrEqual(found[channel] ?? NaN);
        }
      },
    ),
  );
});

test('8-bit products overflow from about 2^31 / (127 · 255) inputs on, 16-bit ones from 259 on', () => {
  const ofSize = (inputs: number, activation: Affine) =>
    product({ codes: new Int8Array(inputs).fill(127), dims: [1, inputs], activation });
  const [byte, wide] = [affine8(0, 1, 0), affine16(0, 1, 0)];
  const most = Math.floor((2 ** 31 - 1) / (127 * 255));
  expect(accumulatorOverflow(ofSize(most, byte))).toBeNull();
  expect(accumulatorOverflow(ofSize(most + 1, byte))).toEqual({
    channel: 0,
    bound: (most + 1) * 127 * 255,
    times: ((most + 1) * 127 * 255) / (2 ** 31 - 1),
  });
  expect(accumulatorOverflow(ofSize(258, wide))).toBeNull();
  expect(accumulatorOverflow(ofSize(259, wide))?.times).toBeGreaterThan(1);
});

test('a bias counts', () => {
  const bias = [2 ** 31 - 1 - 127 * 155, 2 ** 31];
  const two = product({ codes: Int8Array.of(127, 127), dims: [2, 1], bias });
  expect(accumulatorOverflow(two)?.channel).toBe(1);
  expect(accumulatorOverflow({ ...two, bias: [bias[0] ?? 0, 0] })).toBeNull();
});

test.each<WeightBits>([8, 7, 4])(
  'weights of %d bits reach the ends of their grid, and are rounded to the nearest',
  (bits) => {
    const weight = makeTensor('w', [16, 32], noise(512, 3));
    const { values, scales } = quantizeWeight(weight, 0, undefined, bits);
    const most = 2 ** (bits - 1) - 1;
    expect(Math.max(...values.map(Math.abs))).toBe(most);
    expect(
      values.every(
        (q, i) =>
          Math.abs(q * (scales[i >> 5] ?? 0) - (noise(512, 3)[i] ?? 0)) < (scales[i >> 5] ?? 0) * 0.501,
      ),
    ).toBe(true);
  },
);

/** An integer product in onnxruntime, against sums by the definition. */
async function errorOf(bits: WeightBits, unsigned: boolean): Promise<number> {
  const [rows, inputs, outputs] = [4, 64, 8];
  const most = 2 ** (bits - 1) - 1;
  const x = Uint8Array.from(noise(rows * inputs, 1), (v) => Math.min(255, Math.max(0, 200 + 200 * v)));
  const w = Int8Array.from(noise(inputs * outputs, 2), (v) => Math.max(-most, Math.min(most, 2 * v * most)));
  const model = tinyModel({
    inputs: { x: [rows, inputs] },
    inputTypes: { x: 2 },
    outputs: ['y'],
    constants: {
      s: [[], [1]],
      z: makeTensor('z', [], Uint8Array.of(100)),
      q: makeTensor('q', [inputs, outputs], unsigned ? unsignedCodes(w) : w),
      wz: makeTensor('wz', [], unsigned ? Uint8Array.of(UNSIGNED_ZERO) : new Int8Array(1)),
    },
    nodes: [
      node('DequantizeLinear', ['x', 's', 'z'], 'd'),
      node('DequantizeLinear', ['q', 's', 'wz'], 'w'),
      node('MatMul', ['d', 'w'], 'y'),
    ],
  });
  const expected = Array.from({ length: rows * outputs }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < inputs; k++) {
      sum += ((x[Math.floor(i / outputs) * inputs + k] ?? 0) - 100) * (w[k * outputs + (i % outputs)] ?? 0);
    }
    return sum;
  });
  const { y } = await runModel(model, { x: { type: 'uint8', dims: [rows, inputs], data: x } });
  return relativeError(expected, y?.data as Float32Array);
}

test('onnxruntime saturates exactly where this processor has no VNNI, and only int8 weights of 8 bits', async () => {
  expect(await errorOf(7, false)).toBeLessThan(1e-6);
  expect(await errorOf(8, true)).toBeLessThan(1e-6);
  expect((await errorOf(8, false)) > 1e-6).toBe(await saturates(testWorker()));
});
