import type { Recipe, RecipeRules } from '../protocol/recipe';

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
