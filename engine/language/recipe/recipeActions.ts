import { formatPlural } from '../../shared/format';
import { recipeDiagnostics, type RecipeProblem } from './recipeDiagnostics';
import { decision, type RecipeFix } from './recipeFixes';
import { choicesByName, ruleOutcomes, type RecipeSubject } from './recipeSubject';
import type { RecipeTree } from './recipeTree';
import type { Place } from '../textFeatures';

export interface RecipeAction extends RecipeFix {
  /** What it mends; `null` for what is offered anywhere. */
  problem: RecipeProblem | null;
}

/** Keeps in float what the analysis advises, and the recipe does not. */
function adviceAction(tree: RecipeTree, subject: RecipeSubject): RecipeAction[] {
  const { report } = subject;
  if (report === null || report.keepFloat.length === 0) return [];
  const decided = choicesByName(ruleOutcomes(tree.layers, subject.layers));
  const isFloat = (name: string) => ['float', 'float16'].includes(decided.get(name) ?? '');
  const { names } = subject.layers;
  const left = report.keepFloat.filter((name) => names.has(name) && !isFloat(name));
  if (left.length === 0) return [];
  const title = `Apply all advice: keep ${formatPlural(left.length, 'layer')} in float`;
  return [{ ...decision(title, tree, subject, left, 'float'), isPreferred: false, problem: null }];
}

/** What can be done at a place of a recipe. */
export function recipeActions(tree: RecipeTree, subject: RecipeSubject | null, at: Place): RecipeAction[] {
  const here = recipeDiagnostics(tree, subject).filter(
    ({ place }) => place.start <= at.end && place.end >= at.start,
  );
  const fixes = here.flatMap((problem) => problem.fixes.map((fix) => ({ ...fix, problem })));
  return subject === null ? fixes : [...fixes, ...adviceAction(tree, subject)];
}
