import { getLocation, parseTree } from 'jsonc-parser';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readCalibration } from '../../../engine/calibrate/calibrationFile';
import { EngineError } from '../../../engine/shared/engineError';
import type { InputSpec } from '../../../engine/data/samples/dataset';
import { parseManifest } from '../../../engine/data/manifest/parseManifest';
import { openDataset } from '../../../engine/data/openDataset';
import { openParts } from '../../../engine/sharding/openShards';
import { recipeCompletion } from '../../../engine/language/recipe/recipeCompletion';
import { recipeTree } from '../../../engine/language/recipe/recipeTree';
import { parseJson, tooDeepAt } from '../../../engine/shared/parseJson';
import { parseRecipe } from '../../../engine/recipe/parseRecipe';
import { dataIn, decideInRecipe } from '../../../engine/shared/recipe/recipeEdits';
import { readReport } from '../../../engine/report/cache/reportCache';
import { dataFolder } from '../data/dataFolder';

const open = '['.repeat(100_000);
const closed = open + ']'.repeat(100_000);
const objects = '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000);
const texts = [
  open,
  closed,
  objects,
  `{"version": 1, "samples": ${closed}}`,
  `"\n${closed}`,
  `// \r${closed}`,
];

test('what JSON.parse reads is read, unless it is nested too deeply', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 50 }), (text) => {
      expect(parseJson(text)).toEqual(JSON.parse(text));
    }),
  );
  expect(parseJson(`"${open}"`)).toBe(open);
  expect(parseJson('\uFEFF{"a": "\\"[["}')).toEqual({ a: '"[[' });
  for (const text of texts) expect(() => parseJson(text)).toThrow('it is nested more than 100 deep');
});

test('brackets in comments and in texts are none, and what is let through does not exhaust the parser of recipes', () => {
  expect(tooDeepAt(`// ${open}\n/* ${open} */ {"a": "${open}"}`)).toBeNull();
  const pieces = fc.constantFrom(
    '[',
    '{',
    '"',
    '\\',
    '/',
    '*',
    '\n',
    '\r',
    '//',
    '/*',
    '*/',
    '[[[[',
    '{"a":',
    ',',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (some) => {
      const text = some.join('') + open;
      if (tooDeepAt(text) !== null) return;
      parseTree(text);
      getLocation(text, text.length);
    }),
  );
});

test('every file that is read refuses it in one line that names the file', async () => {
  const x: InputSpec = { name: 'x', type: 'float32', dims: [null, 2] };
  const folder = dataFolder({});
  const readers: Record<string, (file: string) => Promise<unknown>> = {
    'quantscope.json': () => openDataset(folder, [x]),
    'lines.jsonl': (file) => openDataset(file, [x]),
    'report.json': readReport,
    'part.json': (file) => openParts([file]),
    'x.calibration': readCalibration,
    'tokenizer.json': () => {
      writeFileSync(join(folder, 'text.txt'), 'a text');
      return openDataset(join(folder, 'text.txt'), [{ ...x, name: 'input_ids' }]);
    },
  };
  for (const text of texts)
    for (const [name, read] of Object.entries(readers)) {
      writeFileSync(join(folder, name), name.endsWith('.calibration') ? gzipSync(text) : text);
      const said = await read(join(folder, name)).catch((thrown: unknown) => thrown);
      expect(said).toBeInstanceOf(EngineError);
      expect((said as EngineError).message).toContain(name);
      expect((said as EngineError).message).not.toMatch(/call stack|\n/);
    }
});

test('so do manifests and recipes, in the editor too', () => {
  for (const text of texts) {
    expect(() => parseManifest(text, 'quantscope.json')).toThrow(
      /^quantscope.json .*nested more than 100 deep/,
    );
    expect(() => parseRecipe(text, 'a.recipe.json')).toThrow(
      /^a.recipe.json:[12]: it is nested more than 100 deep/,
    );
    expect(decideInRecipe(text, { part: 'data', value: 'a' })).toBeNull();
    expect(dataIn(text)).toBeNull();
    const tree = recipeTree(text);
    expect(tree.errors).toMatchObject([{ message: 'Nested too deeply.' }]);
    expect(recipeCompletion(tree, null, text.length)).toEqual([]);
  }
});
