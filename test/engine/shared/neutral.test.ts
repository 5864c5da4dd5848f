import fc from 'fast-check';
import { expect, test } from 'vitest';
import { neutral, neutralCopy, neutralJson } from '../../../engine/shared/neutral';

const STEERING = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Surrogate}\u00ad\u200b\u2060\ufeff]/u;
const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom('\n', '\u001b', '\u009b', '\u2028', '\u202e', '\u200f', '\u061c', '\ud800'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 2 }),
  ),
});

test('what steers a terminal is replaced, and all else stays', () => {
  fc.assert(
    fc.property(text, (given) => {
      const shown = neutral(given);
      expect(shown).not.toMatch(STEERING);
      expect(neutral(shown)).toBe(shown);
    }),
  );
  expect(neutral('é漢🙂 👩‍👩‍👧 नमस्ते a/b.c_1')).toBe('é漢🙂 👩‍👩‍👧 नमस्ते a/b.c_1');
});

test('a copy has neutral text everywhere, and its numbers', () => {
  const array = Float32Array.of(1, 2);
  const made = {
    'a\nb': ['\u001b', { __proto__: null, x: new Map([['k\t', new Set(['\r'])]]) }],
    array,
    n: null,
    u: undefined,
  };
  expect(neutralCopy(made)).toEqual({
    'a�b': ['�', { x: new Map([['k�', new Set(['�'])]]) }],
    array,
    n: null,
    u: undefined,
  });
  expect(neutralCopy({ 'a\n': 1, 'a\t': 2 })).toEqual({ 'a�': 1, 'a��': 2 });
});

test('JSON says the same, without a character that steers', () => {
  fc.assert(
    fc.property(
      fc.dictionary(text, fc.oneof(text, fc.array(text), fc.integer())),
      fc.constantFrom(undefined, 2),
      (value, indent) => {
        const json = neutralJson(value, indent);
        expect(json.replaceAll('\n', '')).not.toMatch(STEERING);
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)));
      },
    ),
  );
});
