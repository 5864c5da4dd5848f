import { expect, test } from 'vitest';
import { isLook } from '../../../engine/sensitivity/isLook';

test('a variant is looked at twice while its samples double, and not once all are run', () => {
  const looks = (all: number) => Array.from({ length: all + 1 }, (_, i) => i).filter((i) => isLook(i, all));
  expect(looks(512)).toEqual([16, 23, 32, 45, 64, 91, 128, 181, 256, 362]);
  expect(looks(16)).toEqual([]);
  expect(looks(17)).toEqual([16]);
});
