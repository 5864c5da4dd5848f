import { formatDrop, formatMeasuredDrop, formatPlural } from '../../shared/format';
import { ruleOutcomes, type RecipeSubject } from './recipeSubject';
import type { RecipeTree } from './recipeTree';
import type { Place } from '../textFeatures';

export interface RecipeInlay {
  /** In UTF-16 code units. */
  offset: number;
  label: string;
}

/** What each rule within a range of a recipe is about, behind it: a layer's drop, or how many and the worst. */
export function recipeInlays(tree: RecipeTree, subject: RecipeSubject, within: Place): RecipeInlay[] {
  const { report, measured, measuredOperators } = subject;
  if (report === null) return [];
  const { metric } = report.float;
  const inlays: RecipeInlay[] = [];
  for (const [what, rules, index, results] of [
    ['layer', tree.layers, subject.layers, measured],
    ['operator', tree.operators, subject.operators, measuredOperators],
  ] as const) {
    const shown = rules.filter(({ whole }) => whole.end >= within.start && whole.start <= within.end);
    for (const { rule, by, found } of ruleOutcomes(shown, index)) {
      if (rule.value === null || found.length === 0) continue;
      let worst: { drop: number; standardError: number } | undefined;
      for (const { name } of found) {
        const result = results.get(name);
        if (result !== undefined && (worst === undefined || result.drop > worst.drop)) worst = result;
      }
      if (by === 'name' && worst === undefined) continue;
      const count = formatPlural(found.length, what);
      const most = worst === undefined ? '' : `, worst ${formatDrop(metric, worst.drop)}`;
      const label =
        by === 'name' && worst !== undefined ? formatMeasuredDrop(metric, worst) : `${count}${most}`;
      inlays.push({ offset: rule.whole.end, label });
    }
  }
  return inlays;
}
