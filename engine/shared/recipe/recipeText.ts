import type { Recipe, RecipeRule, RecipeRules } from '../protocol/recipe';

/** A recipe as `parseRecipe` reads it. */
export function recipeText({ layers, operators, clips, ...settings }: Recipe): string {
  // Each rule on a line of its own, in order: an object would put names that look like numbers in front.
  const lines = (pairs: readonly (readonly [key: string, value: string | number])[]) =>
    pairs.map(([key, value]) => `\n    ${JSON.stringify(key)}: ${JSON.stringify(value)}`).join(',');
  const map = (rules: readonly RecipeRule<string>[]) =>
    lines(rules.map(({ match, choice }) => [match, choice] as const));
  const head = Object.entries(settings).map(
    ([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)},\n`,
  );
  const tail = clips === undefined ? '' : `,\n  "clips": {${lines(clips)}\n  }`;
  return `{\n${head.join('')}  "layers": {${map(layers)}\n  },\n  "operators": {${map(operators)}\n  }${tail}\n}\n`;
}

/** Where the recipe of a model is looked for: `rec.quant.json` beside `rec.onnx`. */
export function recipePathOf(model: string): string {
  return `${model.replace(/\.onnx$/i, '')}.quant.json`;
}

/** What a recipe says beside the settings that options give too. */
export function rulesOf({ layers, operators, remedies, clips }: Recipe): RecipeRules {
  return {
    ...{ layers, operators },
    ...(remedies === undefined ? {} : { remedies }),
    ...(clips === undefined ? {} : { clips }),
  };
}

/** Those of a recipe that decides a part; `null` for one that leaves all open, which is as none. */
export function decidingRules(recipe: Recipe | null): RecipeRules | null {
  if (recipe === null) return null;
  const { layers, operators, remedies, clips } = recipe;
  const decides = [...layers, ...operators].some(({ choice }) => choice !== 'auto');
  // An empty list of remedies decides that there are none.
  return decides || remedies !== undefined || clips !== undefined ? rulesOf(recipe) : null;
}
