import { recipeApplier } from '../../recipe/applyRecipe';
import { EngineError } from '../../shared/engineError';
import { baseName } from '../../shared/format';
import type { Project } from '../../project/project';
import type { ResolvedRecipe } from '../../shared/protocol/requests';
import type { ErrorData } from '../../shared/protocol/error';
import type { Recipe, RecipeRules } from '../../shared/protocol/recipe';
import { parseRecipe, withDataPath } from '../../recipe/parseRecipe';

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
  const applyTo = recipeApplier({ ...parts, unreached: [] }, profile);
  const open: RecipeRules = { layers: [], operators: [] };
  const isSound = (rules: Partial<RecipeRules>) => attempt(() => applyTo({ ...open, ...rules })) !== null;
  const { layers, operators } = applyTo({
    layers: recipe.layers.filter((rule) => isSound({ layers: [rule] })),
    operators: recipe.operators.filter((rule) => isSound({ operators: [rule] })),
  });
  if (recipe.clips !== undefined) isSound({ clips: recipe.clips });
  return { recipe, choices: [...layers], operators: [...operators], problems };
}
