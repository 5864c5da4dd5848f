import type { Recipe, RecipeRule } from '../protocol/recipe';

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
