import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { EngineError } from '../../../engine/shared/engineError';
import { presetNames } from '../../../engine/data/manifest/presets';
import { layerChoices, operatorChoices, parseRecipe, remedyNames } from '../../../engine/recipe/parseRecipe';
import { profileChoices } from '../../../engine/recipe/parseSettings';

interface Property {
  enum?: string[];
  pattern?: string;
  items?: Property;
  additionalProperties?: Property;
}
interface Schema {
  properties: Record<string, Property | undefined>;
}
const contributes = (
  JSON.parse(readFileSync(resolve('package.json'), 'utf8')) as {
    contributes: { jsonValidation: { fileMatch: string; url: string }[] };
  }
).contributes;

test('the schema of recipes knows the keys and the choices that the engine reads', () => {
  const [validation] = contributes.jsonValidation;
  expect(validation?.fileMatch).toBe('*.quant.json');
  const { properties } = JSON.parse(readFileSync(resolve(validation?.url ?? ''), 'utf8')) as Schema;
  const hint = (() => {
    try {
      return parseRecipe('{"none": 1}', 'r');
    } catch (thrown) {
      return thrown instanceof EngineError ? thrown.hint : thrown;
    }
  })();
  expect(hint).toBe(`Use ${Object.keys(properties).join(', ')}.`);
  // A pattern, since the engine completes these itself, with figures: an editor offers every choice of an `enum` again.
  const patternOf = (names: readonly string[]) => `^(${names.join('|')})$`;
  expect(properties['layers']?.additionalProperties?.pattern).toBe(patternOf([...layerChoices, 'auto']));
  expect(properties['operators']?.additionalProperties?.pattern).toBe(
    patternOf([...operatorChoices, 'auto']),
  );
  expect(properties['remedies']?.items?.pattern).toBe(patternOf(remedyNames));
  expect(properties['profile']?.pattern).toBe(patternOf(profileChoices));
  expect(properties['preset']?.enum).toEqual(presetNames);
});
