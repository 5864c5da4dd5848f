import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NearestName } from '../../../../engine/shared/recipe/nearestName';

const pairsOf = (name: string) =>
  new Set(Array.from({ length: Math.max(0, name.length - 1) }, (_, i) => name.slice(i, i + 2)));

/** The names by Dice's coefficient of their pairs of letters, one by one. */
function byDice(names: readonly string[], meant: string): string[] {
  const pairs = pairsOf(meant);
  const alike = (name: string) => {
    const own = pairsOf(name);
    return (2 * [...own].filter((pair) => pairs.has(pair)).length) / (own.size + pairs.size);
  };
  return names
    .map((name) => ({ name, alike: alike(name) }))
    .filter((one) => one.alike > 0)
    .sort((a, b) => b.alike - a.alike)
    .map(({ name }) => name);
}

test('a name is found among thousands that begin alike', () => {
  const names = Array.from({ length: 3000 }, (_, i) => `/encoder/block.${i >> 3}/conv_${i & 7}/Conv`);
  const near = new NearestName(names);
  expect(near.find('/encoder/block.17/conv_3/Convx')).toBe('/encoder/block.17/conv_3/Conv');
  expect(near.find('/Encoder/block.217/conv3/Conv')).toBe('/encoder/block.217/conv_3/Conv');
  expect(near.find('nothing like it')).toBeNull();
});

test('the nearest is among those that share most pairs of letters, whatever the names', () => {
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '/', '1'), minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 60 }), name, (names, meant) => {
      const found = new NearestName(names).find(meant);
      const candidates = byDice(names, meant).slice(0, 24);
      if (found !== null) expect(candidates).toContain(found);
      // Itself is nearest, but where a single letter has no pair.
      if (names.includes(meant) && meant.length > 1) expect(found).toBe(meant);
    }),
    { numRuns: 300 },
  );
});
