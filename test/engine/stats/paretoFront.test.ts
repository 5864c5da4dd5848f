import fc from 'fast-check';
import { expect, test } from 'vitest';
import { paretoFront } from '../../../engine/stats/paretoFront';

test('what one other row equals or beats everywhere is left out', () => {
  expect(paretoFront([])).toEqual([]);
  expect(
    paretoFront([
      [3, 1],
      [1, 3],
      [3, 2],
      [2, 2],
      [1, 3],
    ]),
  ).toEqual([0, 1, 3]);
});

test('every row is on the front or beaten by one there, and none of the front by another', () => {
  const rows = fc.array(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 3, maxLength: 3 }), {
    minLength: 1,
    maxLength: 25,
  });
  fc.assert(
    fc.property(rows, (all) => {
      const front = new Set(paretoFront(all));
      const isNoWorse = (a: number, b: number) => (all[a] ?? []).every((v, k) => v <= (all[b]?.[k] ?? 0));
      for (const i of all.keys()) {
        const others = [...front].filter((j) => j !== i && isNoWorse(j, i));
        expect(others.length > 0).toBe(!front.has(i));
      }
    }),
  );
});
