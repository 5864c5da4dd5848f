import { recipeApplier } from './applyRecipe';
import { EngineError } from './engineError';
import { baseName } from './format';
import type { Project } from './project';
import type { ErrorData, LayerChoice, OperatorChoice, Recipe, RecipeRules, ResolvedRecipe } from './protocol';
import { parseRecipe, withDataPath } from './recipe';

/**
 * What a recipe's text decides of a model. What is wrong with it is answered, not thrown: a recipe that is being written is
 * wrong most of the time.
 * @param file its path, from which its data is named
 */
export async function resolveRecipe(
  { ruled }: Pick<Project, 'ruled'>,
  text: string,
  file: string,
): Promise<ResolvedRecipe> {
  const problems: ErrorData[] = [];
  const attempt = <T>(work: () => T): T | null => {
    try {
      return work();
    } catch (thrown) {
      if (!(thrown instanceof EngineError)) throw thrown;
      problems.push(thrown.toData());
      return null;
    }
  };
  const recipe: Recipe | null = attempt(() => withDataPath(parseRecipe(text, baseName(file)), file));
  if (recipe === null) return { recipe, choices: [], operators: [], problems };
  const { profile, ...parts } = await ruled.of(recipe.profile ?? 'auto');
  const choices = new Map<string, LayerChoice>();
  const operators = new Map<string, OperatorChoice>();
  const applyTo = recipeApplier({ ...parts, unreached: [] }, profile);
  const apply = (rules: RecipeRules) => attempt(() => applyTo(rules));
  for (const rule of recipe.layers)
    for (const [name, choice] of apply({ layers: [rule], operators: [] })?.layers ?? [])
      choices.set(name, choice);
  for (const rule of recipe.operators)
    for (const [name, choice] of apply({ layers: [], operators: [rule] })?.operators ?? [])
      operators.set(name, choice);
  if (recipe.clips !== undefined) apply({ layers: [], operators: [], clips: recipe.clips });
  return { recipe, choices: [...choices], operators: [...operators], problems };
}
