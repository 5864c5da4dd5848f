import fc from 'fast-check';
import { expect, test } from 'vitest';
import { editDistance } from '../../../../engine/data/metrics/editDistance';

/** By the definition, without a table. */
function slow(from: string, to: string): number {
  if (from === '' || to === '') return from.length + to.length;
  const replaced = slow(from.slice(1), to.slice(1)) + (from.startsWith(to.charAt(0)) ? 0 : 1);
  return Math.min(replaced, slow(from.slice(1), to) + 1, slow(from, to.slice(1)) + 1);
}

test.each([
  ['', '', 0],
  ['abc', '', 3],
  ['', 'abc', 3],
  ['kitten', 'sitting', 3],
  ['flaw', 'lawn', 2],
])('%s to %s takes %i edits', (from, to, edits) => {
  expect(editDistance(Array.from(from), Array.from(to))).toBe(edits);
});

test('is what the definition says', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 });
  fc.assert(
    fc.property(word, word, (from, to) => {
      expect(editDistance(Array.from(from), Array.from(to))).toBe(slow(from, to));
    }),
  );
});
