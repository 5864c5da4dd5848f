import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plainText } from '../../../extension/ui/plainText';

/** As VS Code finds links in a notification (vs/base/common/linkedText.ts) and icons in a label (iconLabels.ts). */
const LINK = /\[([^\]]+)\]\(((?:https?:\/\/|command:|file:)[^)\s]+)(?: (["'])(.+?)(\3))?\)/i;
const ICON = /(\\)?\$\([A-Za-z0-9-]+(?:~[A-Za-z]+)?\)/;

test('a notification finds no link and no icon in a name', () => {
  const piece = fc.constantFrom(
    '[',
    ']',
    '(',
    ')',
    '](',
    '$',
    '$(',
    'bell',
    '~spin',
    'command:x',
    'https://a',
    '\\',
    '\n',
    ' ',
    '"',
  );
  const names = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(names, (name) => {
      const shown = plainText(`Cannot read ${name}.`);
      expect(shown).not.toMatch(LINK);
      expect(shown).not.toMatch(ICON);
      expect(shown).not.toContain('\n');
    }),
    { numRuns: 2000 },
  );
});

test('other text stays as it is', () => {
  const text = 'Wrote rec.int8.onnx: 98.1%, level with float (2.6 MB) [1].';
  expect(plainText(text)).toBe(text);
});
