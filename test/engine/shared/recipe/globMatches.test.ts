import fc from 'fast-check';
import { expect, test } from 'vitest';
import { globMatches } from '../../../../engine/shared/recipe/globMatches';

/** By the definition: a star takes nothing, or one character and itself again. */
function byDefinition(pattern: string, text: string): boolean {
  const [first, rest] = [pattern[0], pattern.slice(1)];
  if (first === undefined) return text === '';
  if (first === '*') return byDefinition(rest, text) || (text !== '' && byDefinition(pattern, text.slice(1)));
  return text !== '' && (first === '?' || first === text[0]) && byDefinition(rest, text.slice(1));
}

test.each([
  ['encoder.*', 'encoder.0.fc', true],
  ['encoder.*', 'encoder', false],
  ['*.MatMul*', 'p2o.MatMul.3', true],
  ['*/fc?/MatMul', '/blocks/0/fc1/MatMul', true],
  ['layer[0]', 'layer[0]', true],
  ['layer[0]', 'layer0', false],
  ['*', '', true],
  ['', 'a', false],
])('%s and %s', (pattern, text, expected) => {
  expect(globMatches(pattern, text)).toBe(expected);
});

test('matches as the definition says', () => {
  const of = (characters: string[], maxLength: number) =>
    fc.array(fc.constantFrom(...characters), { maxLength }).map((list) => list.join(''));
  fc.assert(
    fc.property(of(['a', 'b', '*', '?'], 7), of(['a', 'b'], 9), (pattern, text) => {
      expect(globMatches(pattern, text)).toBe(byDefinition(pattern, text));
    }),
    { numRuns: 3000 },
  );
});

test('takes no longer for a pattern that is all stars', () => {
  const started = performance.now();
  expect(globMatches('*a'.repeat(50) + 'b', 'a'.repeat(5000))).toBe(false);
  expect(performance.now() - started).toBeLessThan(1000);
});
