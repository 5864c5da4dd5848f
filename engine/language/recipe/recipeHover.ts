import { formatDb, formatMeasuredDrop, formatPlural } from '../../shared/format';
import { blocks, joined, literal, md, table, type Markdown, commandLink } from '../markdown';
import type { RuledPart } from '../../shared/recipe/partIndex';
import { shownName } from './recipeFixes';
import { ruleOutcomes, type RecipeSubject, type RuleOutcome } from './recipeSubject';
import type { RecipeTree } from './recipeTree';
import type { Place } from '../textFeatures';

const MAX_LISTED = 10;

/** The parts that cost most, first; those that nobody measured, last. */
function worstFirst(parts: readonly RuledPart[], dropOf: (name: string) => number): RuledPart[] {
  return [...parts].sort((a, b) => dropOf(b.name) - dropOf(a.name));
}

function ruleText(outcome: RuleOutcome, what: 'layer' | 'operator', subject: RecipeSubject): Markdown {
  const { rule, by, found, able, decided } = outcome;
  const { report, measured, measuredOperators, model } = subject;
  const title = { name: '', type: 'Type ', pattern: 'Pattern ' }[by];
  if (found.length === 0) return md`${title}${literal(rule.match)}: no ${what} of this model`;
  const results = what === 'layer' ? measured : measuredOperators;
  const sorted = worstFirst(found, (name) => results.get(name)?.drop ?? -Infinity);
  const unableCount = rule.choice === null ? 0 : found.length - able.length;
  const counts = joined(
    [
      md`${title}${literal(rule.match)}: ${formatPlural(found.length, what)}`,
      ...(unableCount === 0 ? [] : [md`${unableCount} cannot be ${literal(rule.choice ?? '')}`]),
      ...(able.length === decided.length ? [] : [md`${able.length - decided.length} decided by later rules`]),
    ],
    ', ',
  );
  const rows = sorted.slice(0, MAX_LISTED).map(({ name, opType }) => {
    const result = results.get(name);
    const drop =
      report === null || result === undefined ? '–' : formatMeasuredDrop(report.float.metric, result);
    return [literal(shownName(name)), opType, drop, result === undefined ? '–' : formatDb(result.sqnrDb)];
  });
  const more = found.length > MAX_LISTED ? [md`and ${found.length - MAX_LISTED} more`] : [];
  const [first] = sorted;
  const link =
    what === 'layer' && first !== undefined
      ? [
          commandLink(by === 'name' ? 'Show in view' : 'Show the worst in the view', 'quantscope.showLayer', [
            model.path,
            first.name,
          ]),
        ]
      : [];
  const unmeasured =
    report === null
      ? [
          md`
Not analyzed yet.
          `,
        ]
      : [];
  const alone = what === 'layer' ? 'Alone in int8' : 'Alone';
  return blocks([
    counts,
    table([what === 'layer' ? 'Layer' : 'Operator', 'Type', alone, 'SQNR'], rows),
    ...more,
    ...unmeasured,
    ...link,
  ]);
}

/** What the rule whose key is at `offset` speaks of, as Markdown; `null` elsewhere. */
export function recipeHover(
  tree: RecipeTree,
  subject: RecipeSubject,
  offset: number,
): { value: string; place: Place } | null {
  for (const [what, rules, index] of [
    ['layer', tree.layers, subject.layers],
    ['operator', tree.operators, subject.operators],
  ] as const) {
    const at = rules.findIndex(({ key }) => key.start <= offset && offset < key.end);
    if (at < 0) continue;
    const outcome = ruleOutcomes(rules, index)[at];
    if (outcome !== undefined)
      return { value: ruleText(outcome, what, subject).value, place: outcome.rule.key };
  }
  return null;
}
