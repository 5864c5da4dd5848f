import { expect, test } from 'vitest';
import { parseRecipe } from '../../../../engine/recipe/parseRecipe';
import { decidingRules } from '../../../../engine/shared/recipe/recipeText';

test.each([
  ['"data": "lines", "targetDrop": "2%"', false],
  ['"layers": { "Conv": "auto" }, "operators": { "*": "auto" }', false],
  ['"layers": { "Conv": "auto", "Gemm": "int8" }', true],
  ['"operators": { "Add": "float" }', true],
  ['"remedies": []', true],
  ['"clips": { "x": 2 }', true],
])('a recipe with %s decides a part: %s', (said, decides) => {
  const rules = decidingRules(parseRecipe(`{ "version": 1, ${said} }`, 'r.quant.json'));
  expect(rules !== null).toBe(decides);
});
