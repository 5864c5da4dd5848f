import { expect, test } from 'vitest';
import { noisiest } from '../../../engine/evaluate/sequentialStopping';

const variants = (...sqnrDb: number[]) => new Map(sqnrDb.map((db, i) => [`v${i}`, { sqnrDb: db }]));

test('a quarter of the variants is the noisiest, rounded up, and three at least', () => {
  expect(noisiest(variants(...Array.from({ length: 17 }, (_, i) => 50 - i)))).toEqual([
    ...['v16', 'v15', 'v14', 'v13', 'v12'],
  ]);
  expect(noisiest(variants(30, 10, 40, 20))).toEqual(['v1', 'v3', 'v0']);
  expect(noisiest(variants(30, 10))).toEqual(['v1', 'v0']);
  expect(noisiest(new Map())).toEqual([]);
});
