import fc from 'fast-check';
import { noise } from '../../tinyModel';

/** `count` uniform values in (0, 1). */
function uniform(count: number, seed: number): Float64Array {
  return Float64Array.from(noise(count, seed), (v) => (v + 1) / 2 + 2 ** -26);
}

/** Pairs of uniform values to normal ones (Box and Muller). */
function normal(count: number, seed: number): Float64Array {
  const [a, b] = [uniform(count, seed), uniform(count, seed + 7919)];
  return a.map((u, i) => Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * (b[i] ?? 0)));
}

/** Student's t with two degrees of freedom, by its quantile function. */
function student(count: number, seed: number): Float64Array {
  return uniform(count, seed).map((u) => (2 * u - 1) / Math.sqrt(2 * u * (1 - u)));
}

/** Student's t with one degree of freedom: no mean, no variance. */
function cauchy(count: number, seed: number): Float64Array {
  return uniform(count, seed).map((u) => Math.tan(Math.PI * (u - 0.5)));
}

type Draw = (count: number, seed: number) => Float64Array;

const gains = fc.constantFrom(1e-6, 0.03, 1, 1.7, 6, 4096);

function drawn(least: number, most: number, draw: Draw): fc.Arbitrary<Float32Array> {
  return fc
    .tuple(fc.integer({ min: least, max: most }), fc.integer({ min: 1, max: 1e6 }), gains)
    .map(([count, seed, gain]) => Float32Array.from(draw(count, seed), (x) => x * gain));
}

function withSpike(count: number, seed: number): Float64Array {
  const values = normal(count, seed);
  const most = values.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
  const [factor = 0.5, sign = 0, at = 0] = uniform(3, seed + 1);
  values[Math.floor(at * count)] = (sign < 0.5 ? -1 : 1) * most * 10 ** (1 + 2 * factor);
  return values;
}

/**
 * The shapes that activations come in, with enough values that a histogram of them says something.
 * @param most largest number of values
 */
export function bulkShapes(most: number): Record<string, fc.Arbitrary<Float32Array>> {
  const shape = (draw: Draw) => drawn(Math.ceil(most / 4), most, draw);
  return {
    normal: shape(normal),
    'Student’s t': shape(student),
    Cauchy: shape(cauchy),
    'one-sided, after a Relu': shape((n, seed) => normal(n, seed).map((x) => Math.max(0, x))),
    'one-sided, negative': shape((n, seed) => student(n, seed).map((x) => -Math.abs(x))),
    'a long side and a short one': shape((n, seed) => normal(n, seed).map((x) => (x < 0 ? x / 40 : x))),
    'one spike': shape(withSpike),
    'two humps': shape((n, seed) => normal(n, seed).map((x, i) => (i % 3 === 0 ? 0.2 * x - 1 : 9 + 0.4 * x))),
  };
}

const odd = [
  0,
  -0,
  1.4e-45,
  -1e-42,
  1e-40,
  2 ** -136,
  -(2 ** -136),
  2 ** -126,
  1,
  -1,
  1e30,
  -1e30,
  3.4e38,
].map(Math.fround);
const finite = fc.float({ noNaN: true, noDefaultInfinity: true });

/** Shapes on the edge of what floats and histograms hold. */
export const oddShapes: Record<string, fc.Arbitrary<Float32Array>> = {
  empty: fc.constant(new Float32Array()),
  'all zero': fc
    .array(fc.constantFrom(0, -0), { minLength: 1, maxLength: 50 })
    .map((l) => Float32Array.from(l)),
  constant: fc.tuple(finite, fc.integer({ min: 1, max: 50 })).map(([x, n]) => new Float32Array(n).fill(x)),
  'one value among zeros': fc.tuple(finite, fc.nat(5000)).map(([x, n]) => {
    const values = new Float32Array(n + 1);
    values[Math.floor(n / 2)] = x;
    return values;
  }),
  'a few values': fc.array(finite, { minLength: 1, maxLength: 60 }).map((l) => Float32Array.from(l)),
  'zeros of both signs, subnormals and huge values': fc
    .array(fc.oneof(fc.constantFrom(...odd), finite), { minLength: 1, maxLength: 40 })
    .map((l) => Float32Array.from(l)),
  'many orders of magnitude': fc
    .array(fc.float({ min: -80, max: 80, noNaN: true }), { minLength: 1, maxLength: 60 })
    .map((l) => Float32Array.from(l, (e, i) => (i % 2 === 0 ? 1 : -1) * Math.exp(e))),
};
