import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EngineError } from '../../../../engine/shared/engineError';
import { makeTensor } from '../../../../engine/onnx/tensors/elements';
import { blockGrid } from '../../../../engine/quantize/write/blockGrid';
import {
  makeBlockProduct,
  quantizeBlocks,
  storeInt4,
  type BlockProduct,
} from '../../../../engine/quantize/write/blockWeights';
import { float, relativeError, runFloats, runModel } from '../../runTiny';
import { runNodes } from '../../runtime/runNodes';
import { noise, noisy, node, tinyModel, valueInfo, type TinyModel } from '../../tinyModel';
import { rewrittenProduct } from './rewrittenProduct';

const settings: BlockProduct = {
  blockSize: 16,
  transposed: false,
  clip: 'max',
  zeroPoints: false,
  bias: null,
  integerActivations: false,
};

/** Weights of [inputs, outputs] whose blocks differ much in size, as rows of a matrix do in real networks. */
function uneven(inputs: number, outputs: number, seed: number): number[] {
  return Array.from(noise(inputs * outputs, seed), (v, i) => Math.fround(v * 2 ** -(Math.floor(i / 37) % 6)));
}

function halfEven(q: number): number {
  const below = Math.floor(q);
  const part = q - below;
  return part === 0.5 ? below + Math.abs(below % 2) : part > 0.5 ? below + 1 : below;
}

/** What the weights of one block become, by the definition: whole steps of amax / 7, or of (max − min) / 15. */
function rounded(block: number[], zeroPoints: boolean): number[] {
  const [min, max] = [Math.min(0, ...block), Math.max(0, ...block)];
  const step = Math.fround(zeroPoints ? (max - min) / 15 : Math.max(-min, max) / 7);
  if (step === 0) return block.map(() => 0);
  const zero = zeroPoints ? Math.max(0, Math.min(15, halfEven(-min / step))) : 0;
  const [low, high] = zeroPoints ? [0, 15] : [-7, 7];
  return block.map((w) => (Math.max(low, Math.min(high, halfEven(w / step) + zero)) - zero) * step);
}

/** A matrix of [inputs, outputs] with each block of inputs of each output rounded. */
function roundedMatrix(w: number[], inputs: number, outputs: number, size: number, zeros = false): number[] {
  const made = [...w];
  for (let o = 0; o < outputs; o++) {
    for (let from = 0; from < inputs; from += size) {
      const places = Array.from(
        { length: Math.min(size, inputs - from) },
        (_, i) => (from + i) * outputs + o,
      );
      const values = rounded(
        places.map((p) => w[p] ?? NaN),
        zeros,
      );
      places.forEach((p, i) => (made[p] = values[i] ?? NaN));
    }
  }
  return made;
}

const transpose = (w: number[], rows: number, columns: number) =>
  Array.from({ length: w.length }, (_, i) => w[(i % rows) * columns + Math.floor(i / rows)] ?? NaN);

describe('the grid of a block', () => {
  // Weights too small for a normal float32 scale are as good as zero.
  const value = fc.float({ min: -4, max: 4, noNaN: true }).map((v) => (Math.abs(v) < 1e-30 ? 0 : v));
  const blocks = fc.array(value, { minLength: 1, maxLength: 40 });
  const errorOn = (block: Float32Array, zeroPoints: boolean, clip: 'max' | 'least-squares') => {
    const { scale, zeroPoint, low, high } = blockGrid(block, { clip, zeroPoints });
    expect(scale).toBe(Math.fround(scale));
    expect([low >= (zeroPoints ? 0 : -8), high <= (zeroPoints ? 15 : 7)]).toEqual([true, true]);
    return block.reduce((sum, x) => {
      const q = Math.max(low, Math.min(high, halfEven(x / scale) + zeroPoint));
      return sum + (x - (q - zeroPoint) * scale) ** 2;
    }, 0);
  };

  test('loses at most half a step by the largest magnitude, and no more with the least squared error', () => {
    fc.assert(
      fc.property(blocks, fc.boolean(), (values, zeroPoints) => {
        const block = Float32Array.from(values);
        const range = zeroPoints
          ? (Math.max(0, ...block) - Math.min(0, ...block)) / 15
          : Math.max(...block.map(Math.abs)) / 7;
        const byMax = errorOn(block, zeroPoints, 'max');
        // A zero point is rounded too, so that one end may be cut by half a step.
        expect(byMax).toBeLessThanOrEqual(block.length * (range * (zeroPoints ? 1 : 0.5001)) ** 2);
        expect(errorOn(block, zeroPoints, 'least-squares')).toBeLessThanOrEqual(byMax);
      }),
      { numRuns: 200 },
    );
  });

  test('is about as good as the best of all scales', () => {
    let [found, best, byMax] = [0, 0, 0];
    for (let seed = 1; seed <= 40; seed++) {
      // Sums of noise have the long tails of trained weights.
      const [a, b, c] = [noise(32, seed), noise(32, seed + 100), noise(32, seed + 200)];
      const block = a.map((v, i) => (v + (b[i] ?? 0) + (c[i] ?? 0)) ** 3);
      found += errorOn(block, false, 'least-squares');
      byMax += errorOn(block, false, 'max');
      const most = Math.max(...block.map(Math.abs));
      let least = Infinity;
      for (let k = 1; k <= 4000; k++) {
        const s = (most / 7) * (k / 4000) * 1.1;
        const error = block.reduce(
          (sum, x) => sum + (x - Math.max(-8, Math.min(7, halfEven(x / s))) * s) ** 2,
          0,
        );
        least = Math.min(least, error);
      }
      best += least;
    }
    expect(found).toBeLessThan(1.03 * best);
    expect(found).toBeLessThan(0.9 * byMax);
  });

  test('of zeros is 1', () => {
    expect(blockGrid(new Float32Array(16), { clip: 'least-squares', zeroPoints: false }).scale).toBe(1);
  });
});

describe('MatMulNBits', () => {
  test('answers what a product with rounded weights does', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 90 }),
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom(16, 32, 64, 128),
        fc.boolean(),
        fc.constantFrom('MatMul', 'Gemm', 'transposed Gemm'),
        fc.constantFrom<number[] | null>(null, [0], [1, 0], [1], [2, 0], [2, 1]),
        async (inputs, outputs, blockSize, zeroPoints, kind, biasShape) => {
          const w = uneven(inputs, outputs, inputs + outputs);
          const transposed = kind === 'transposed Gemm';
          // 0 stands for the number of outputs.
          const biasDims =
            kind === 'MatMul' ? null : (biasShape?.map((d) => (d === 0 ? outputs : d)) ?? null);
          const matrix = (values: number[]): [number[], number[]] =>
            transposed
              ? [[outputs, inputs], transpose(values, inputs, outputs)]
              : [[inputs, outputs], values];
          const input = ['x', 'w', ...(biasDims === null ? [] : ['b'])];
          const tiny = (values: number[]): TinyModel => ({
            inputs: { x: [2, inputs] },
            outputs: ['y'],
            constants: { w: matrix(values), ...(biasDims === null ? {} : { b: noisy(biasDims, 4) }) },
            nodes: [node(kind === 'MatMul' ? kind : 'Gemm', input, 'y', transposed ? { transB: 1 } : {})],
          });
          const x = noise(2 * inputs, 9);
          const expected = await runFloats(
            tinyModel(tiny(roundedMatrix(w, inputs, outputs, blockSize, zeroPoints))),
            [2, inputs],
            x,
          );
          const model = rewrittenProduct(tiny(w), (product, fresh) =>
            makeBlockProduct(
              product,
              makeTensor('w', matrix(w)[0], Float32Array.from(matrix(w)[1])),
              {
                ...settings,
                blockSize,
                transposed,
                zeroPoints,
                bias:
                  biasDims === null
                    ? null
                    : makeTensor('b', biasDims, Float32Array.from(noisy(biasDims, 4)[1])),
              },
              fresh,
            ),
          );
          expect(relativeError(expected, await runFloats(model, [2, inputs], x))).toBeLessThan(1e-5);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('keeps further dimensions of its input, and may quantize it block by block', async () => {
    const [inputs, outputs] = [64, 24];
    const w = uneven(inputs, outputs, 1);
    const tiny = (values: number[]): TinyModel => ({
      inputs: { x: [2, 3, inputs] },
      outputs: ['y'],
      constants: { w: [[inputs, outputs], values] },
      nodes: [node('MatMul', ['x', 'w'], 'y')],
    });
    const feeds = { x: float([2, 3, inputs], noise(6 * inputs, 2)) };
    const expected = await runModel(tinyModel(tiny(roundedMatrix(w, inputs, outputs, 32))), feeds);
    for (const integerActivations of [false, true]) {
      const model = rewrittenProduct(tiny(w), (product, fresh) =>
        makeBlockProduct(
          product,
          makeTensor('w', [inputs, outputs], Float32Array.from(w)),
          { ...settings, blockSize: 32, integerActivations },
          fresh,
        ),
      );
      const found = await runModel(model, feeds);
      expect(found['y']?.dims).toEqual([2, 3, outputs]);
      const error = relativeError(expected['y']?.data as Float32Array, found['y']?.data as Float32Array);
      expect(error).toBeLessThan(integerActivations ? 0.02 : 1e-5);
      expect((await runNodes(model)).map((n) => n.opType)).toEqual(['MatMulNBits']);
    }
  });

  test('fills a short block up with zeros', () => {
    const weight = makeTensor('w', [18, 1], new Float32Array(18).fill(7));
    const { constants } = makeBlockProduct(node('MatMul', ['x', 'w'], 'y'), weight, settings, (wish) => wish);
    const [codes] = constants.map((t) => Array.from(t.rawData, (b) => b.toString(16)));
    // 7 of [−8, 7] is code f, and 0 is code 8; the first of two is the lower half of a byte.
    expect(codes).toEqual([...Array<string>(9).fill('ff'), ...Array<string>(7).fill('88')]);
  });

  test.each([8, 24, 0])('refuses blocks of %d', (blockSize) => {
    const weight = makeTensor('w', [32, 2], noise(64));
    expect(() =>
      makeBlockProduct(node('MatMul', ['x', 'w'], 'y'), weight, { ...settings, blockSize }, (n) => n),
    ).toThrow(EngineError);
  });

  test('refuses weights that are no matrix', () => {
    expect(() => quantizeBlocks(makeTensor('w', [2, 16, 2], noise(64)), settings)).toThrow(/\[2, 16, 2\]/);
  });
});

describe('int4 weights', () => {
  test.each([
    ['a scale for each output', 17, Infinity],
    ['a scale for each output', 21, Infinity],
    ['blocks', 21, 16],
    ['blocks', 21, 32],
  ])('with %s at operator set %d answer what rounded ones do, %d inputs each', async (_, opset, size) => {
    for (const transposed of [false, true]) {
      for (const [inputs, outputs] of [
        [32, 5],
        [45, 6],
        [7, 3],
      ] as const) {
        const w = uneven(inputs, outputs, inputs);
        const blockSize = Math.min(size, inputs);
        const matrix = (values: number[]): [number[], number[]] =>
          transposed ? [[outputs, inputs], transpose(values, inputs, outputs)] : [[inputs, outputs], values];
        const tiny = (values: number[]): TinyModel => ({
          inputs: { x: [2, inputs] },
          outputs: ['y'],
          constants: { w: matrix(values), b: noisy([outputs], 4) },
          nodes: [node('Gemm', ['x', 'w', 'b'], 'y', { transB: Number(transposed) })],
          opset,
          irVersion: 10,
        });
        const x = noise(2 * inputs, 9);
        const expected = await runFloats(
          tinyModel(tiny(roundedMatrix(w, inputs, outputs, blockSize))),
          [2, inputs],
          x,
        );
        const model = rewrittenProduct(tiny(w), (product, fresh) =>
          storeInt4(
            product,
            makeTensor('w', matrix(w)[0], Float32Array.from(matrix(w)[1])),
            { ...settings, blockSize, transposed, zeroPoints: false },
            opset,
            fresh,
          ),
        );
        // onnxruntime makes it MatMulNBits that quantizes x too, unless the weight is handed out.
        expect(relativeError(expected, await runFloats(model, [2, inputs], x))).toBeLessThan(0.02);
        model.graph.output.push(valueInfo('w_dequantized', null));
        expect(relativeError(expected, await runFloats(model, [2, inputs], x))).toBeLessThan(1e-5);
      }
    }
  });

  test.each([
    [17, 64],
    [21, 16],
  ])('of a MatMul at operator set %d become MatMulNBits', async (opset, blockSize) => {
    const w = uneven(64, 8, 3);
    const tiny: TinyModel = {
      inputs: { x: [2, 64] },
      outputs: ['y'],
      constants: { w: [[64, 8], w] },
      nodes: [node('MatMul', ['x', 'w'], 'y')],
      opset,
      irVersion: 10,
    };
    const weight = makeTensor('w', [64, 8], Float32Array.from(w));
    const model = rewrittenProduct(tiny, (product, fresh) =>
      storeInt4(product, weight, { ...settings, blockSize, zeroPoints: false }, opset, fresh),
    );
    expect((await runNodes(model)).map((n) => n.opType)).toEqual(['MatMulNBits']);
  });

  test('have no blocks before operator set 21', () => {
    const weight = makeTensor('w', [32, 2], noise(64));
    expect(() =>
      storeInt4(node('MatMul', ['x', 'w'], 'y'), weight, { ...settings, zeroPoints: false }, 17, (n) => n),
    ).toThrow(/operator set 17/);
  });
});
