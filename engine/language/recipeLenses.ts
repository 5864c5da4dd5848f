import { formatScore } from '../format';
import { describeTarget, meetsTarget } from '../target';
import { targetDropOf, type RecipeSubject } from './recipeSubject';
import type { RecipeTree } from './recipeTree';

export interface RecipeLens {
  title: string;
  command: 'quantscope.analyze' | 'quantscope.quantize' | 'quantscope.showLayer';
}

/** What stands above a recipe: what can be done by it, and what came of it last. */
export function recipeLenses(tree: RecipeTree, { report }: RecipeSubject): RecipeLens[] {
  const lenses: RecipeLens[] = [
    { title: '$(graph) Analyze', command: 'quantscope.analyze' },
    { title: '$(zap) Quantize…', command: 'quantscope.quantize' },
  ];
  if (report === null) return lenses;
  const { metric, score } = report.float;
  const targetDrop = targetDropOf(tree, report);
  const { score: reached } = report.advised;
  const met = meetsTarget(metric, score, reached, targetDrop) ? 'met' : 'missed';
  const title = `${formatScore(metric, reached)}, ${describeTarget(metric, targetDrop)}: ${met}`;
  return [...lenses, { title, command: 'quantscope.showLayer' }];
}
