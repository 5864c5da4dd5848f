import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeTensor } from '../../../../engine/onnx/tensors/elements';
import { makeDynamicProduct, type DynamicProduct } from '../../../../engine/quantize/write/dynamicProduct';
import { quantizeWeight } from '../../../../engine/quantize/weights';
import { relativeError, runFloats } from '../../runTiny';
import { runNodes } from '../../runtime/runNodes';
import { noise, noisy, node, type TinyModel } from '../../tinyModel';
import { rewrittenProduct } from './rewrittenProduct';

// 7 bits or uint8: no processor saturates them.
const settings: DynamicProduct = { perColumn: true, transposed: false, bits: 7, unsigned: false };

/** x as DynamicQuantizeLinear rounds it, by its definition in the ONNX operators. */
function roundedInput(x: Float32Array): number[] {
  const [min, max] = [Math.min(0, ...x), Math.max(0, ...x)];
  const scale = (max - min) / 255;
  const zero = Math.round(-min / scale);
  return Array.from(x, (v) => (Math.max(0, Math.min(255, Math.round(v / scale) + zero)) - zero) * scale);
}

interface Case {
  inputs: number;
  outputs: number;
  product: DynamicProduct;
  kind: 'MatMul' | 'Gemm';
  biased: boolean;
}

function tiny({ inputs, outputs, product, kind, biased }: Case): TinyModel {
  const gemm = kind === 'Gemm';
  return {
    inputs: { x: [3, inputs] },
    outputs: ['y'],
    constants: {
      // Columns of very different size.
      w: [
        product.transposed ? [outputs, inputs] : [inputs, outputs],
        weightOf(inputs, outputs, product.transposed),
      ],
      ...(biased ? { b: noisy([outputs], 4) } : {}),
    },
    nodes: [
      node(
        kind,
        ['x', 'w', ...(biased ? ['b'] : [])],
        'y',
        gemm ? { transB: Number(product.transposed) } : {},
      ),
    ],
  };
}

function weightOf(inputs: number, outputs: number, transposed: boolean): Float32Array<ArrayBuffer> {
  return noise(inputs * outputs, 2).map(
    (v, i) => v * 2 ** -((transposed ? Math.floor(i / inputs) : i % outputs) % 5),
  );
}

test('answers what a product of rounded inputs and rounded weights does', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 12 }),
      fc.boolean(),
      fc.constantFrom('MatMul', 'Gemm', 'transposed Gemm'),
      fc.boolean(),
      fc.boolean(),
      async (inputs, outputs, perColumn, form, bias, unsigned) => {
        const transposed = form === 'transposed Gemm';
        const kind = form === 'MatMul' ? 'MatMul' : 'Gemm';
        const product: DynamicProduct = { perColumn, transposed, bits: unsigned ? 8 : 7, unsigned };
        const biased = bias && kind === 'Gemm';
        const values = weightOf(inputs, outputs, transposed);
        const weight = makeTensor('w', transposed ? [outputs, inputs] : [inputs, outputs], values);
        const model = rewrittenProduct(tiny({ inputs, outputs, product, kind, biased }), (found, fresh) =>
          makeDynamicProduct(found, weight, product, fresh),
        );
        const x = noise(3 * inputs, 7);
        const rounded = roundedInput(x);
        const { values: q, scales } = quantizeWeight(
          weight,
          perColumn ? (transposed ? 0 : 1) : null,
          undefined,
          product.bits,
        );
        const b = noisy([outputs], 4)[1];
        const expected = Array.from({ length: 3 * outputs }, (_, i) => {
          const [row, o] = [Math.floor(i / outputs), i % outputs];
          let sum = 0;
          for (let k = 0; k < inputs; k++) {
            const w = q[transposed ? o * inputs + k : k * outputs + o] ?? NaN;
            sum += (rounded[row * inputs + k] ?? NaN) * w * (scales[perColumn ? o : 0] ?? NaN);
          }
          return sum + (biased ? (b[o] ?? NaN) : 0);
        });
        // A value halfway between two integers may fall to either side.
        expect(relativeError(expected, await runFloats(model, [3, inputs], x))).toBeLessThan(0.005);
      },
    ),
    { numRuns: 40 },
  );
});

describe('onnxruntime fuses', () => {
  test.each([
    ['MatMul', true, false],
    ['MatMul', false, false],
    ['MatMul', true, true],
    ['Gemm', true, false],
  ] as const)('a %s (per column: %s, uint8: %s) to one integer node', async (kind, perColumn, unsigned) => {
    const product = { ...settings, perColumn, unsigned };
    const weight = makeTensor('w', [32, 16], weightOf(32, 16, false));
    const model = rewrittenProduct(
      tiny({ inputs: 32, outputs: 16, product, kind, biased: kind === 'Gemm' }),
      (found, fresh) => makeDynamicProduct(found, weight, product, fresh),
    );
    const nodes = await runNodes(model);
    expect(nodes.map((n) => [n.opType, n.kind])).toEqual([['DynamicQuantizeMatMul', 'integer']]);
  });
});

test('a stack of weights has one scale', async () => {
  const weight = makeTensor('w', [2, 8, 4], noise(64, 2));
  const model = rewrittenProduct(
    {
      inputs: { x: [2, 3, 8] },
      outputs: ['y'],
      constants: { w: weight },
      nodes: [node('MatMul', ['x', 'w'], 'y')],
    },
    (found, fresh) => makeDynamicProduct(found, weight, settings, fresh),
  );
  const x = noise(48, 7);
  const expected = Array.from({ length: 24 }, (_, i) => {
    const [stack, row, o] = [Math.floor(i / 12), Math.floor(i / 4) % 3, i % 4];
    let sum = 0;
    for (let k = 0; k < 8; k++) {
      sum += (x[(stack * 3 + row) * 8 + k] ?? NaN) * (noise(64, 2)[(stack * 8 + k) * 4 + o] ?? NaN);
    }
    return sum;
  });
  expect(relativeError(expected, await runFloats(model, [2, 3, 8], x))).toBeLessThan(0.02);
});
