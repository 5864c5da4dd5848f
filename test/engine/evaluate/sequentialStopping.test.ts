import { expect, test } from 'vitest';
import { isLook } from '../../../engine/evaluate/sequentialStopping';

const looks = (all: number, first = all) =>
  Array.from({ length: all + 1 }, (_, i) => i).filter((i) => isLook(i, all, first));

test('a variant is looked at twice while its samples double, and not once all are run', () => {
  expect(looks(512)).toEqual([16, 23, 32, 45, 64, 91, 128, 181, 256, 362]);
  expect(looks(16)).toEqual([]);
  expect(looks(17)).toEqual([16]);
});

test('and once all are tried on the first samples, unless these are too few', () => {
  expect(looks(64, 20)).toEqual([16, 20, 23, 32, 45]);
  expect(looks(64, 8)).toEqual([16, 23, 32, 45]);
});
