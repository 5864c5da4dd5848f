import type { Recipe, RecipeRules } from './protocol';

/** What a recipe says beside the settings that options give too. */
export function rulesOf({ layers, operators, remedies, clips }: Recipe): RecipeRules {
  return {
    ...{ layers, operators },
    ...(remedies === undefined ? {} : { remedies }),
    ...(clips === undefined ? {} : { clips }),
  };
}

/** Whether rules leave all parts open, which is as no recipe: an empty list of remedies decides that there are none. */
export function isOpen({ layers, operators, remedies, clips }: RecipeRules): boolean {
  const decides = [...layers, ...operators].some(({ choice }) => choice !== 'auto');
  return !decides && remedies === undefined && clips === undefined;
}
