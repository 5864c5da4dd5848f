import { formatScore } from '../../shared/format';
import { describeTarget, verdictWord } from '../../shared/accuracyTarget';
import { judgeTarget } from '../../report/verdict';
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
  const { metric, score: floatScore } = report.float;
  const targetDrop = targetDropOf(tree, report);
  const { score: reached, difference, verdict } = report.advised;
  const blind = verdict.kind === 'not-measurable' ? verdict.reason : null;
  const samples = report.settings.evaluationSamples;
  const met = verdictWord(judgeTarget({ metric, floatScore, difference, samples, targetDrop, blind }));
  if (blind !== null)
    return [...lenses, { title: `${formatScore(metric, reached)}: ${met}`, command: 'quantscope.showLayer' }];
  const title = `${formatScore(metric, reached)}, ${describeTarget(metric, targetDrop)}: ${met}`;
  return [...lenses, { title, command: 'quantscope.showLayer' }];
}
