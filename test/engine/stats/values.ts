import fc from 'fast-check';

const value = fc.oneof(
  fc.float(),
  fc.float({ min: -1, max: 1, noNaN: true }),
  fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 1.4e-45, -1.4e-45, 2 ** -126, 3.4e38, -3.4e38),
  fc.integer({ min: -5000, max: 5000 }),
  fc.integer({ min: -149, max: 127 }).map((e) => 2 ** e),
);

/** Any float32 values, the odd ones often among them. */
export const anyValues = fc.array(value.map(Math.fround), { maxLength: 40 });

/** Those of them that are numbers. */
export const finiteValues = anyValues.map((list) => list.filter((x) => Number.isFinite(x)));
