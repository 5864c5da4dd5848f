import type { LayerReport, OperatorReport, Report } from '../../shared/protocol/report';
import type { ModelSummary } from '../../shared/protocol/model';
import type { ProfileName } from '../../shared/protocol/choices';
import { parseTargetDrop } from '../../recipe/parseSettings';
import { meetsTarget } from '../../shared/accuracyTarget';
import { KnownNames } from '../../shared/recipe/knownNames';
import { PartIndex, type RuledPart } from '../../shared/recipe/partIndex';
import type { RecipeTree, WrittenRule } from './recipeTree';

/** The model that a recipe lies beside, by what a recipe's features look up. */
export interface RecipeSubject {
  model: Pick<ModelSummary, 'path' | 'hash'>;
  profile: ProfileName;
  layers: PartIndex<RuledPart>;
  operators: PartIndex<RuledPart>;
  /** Activations that may be clipped. */
  tensors: KnownNames;
  report: Report | null;
  measured: ReadonlyMap<string, LayerReport>;
  measuredOperators: ReadonlyMap<string, OperatorReport>;
}

/** What a recipe may speak of. */
export interface RuledModel {
  profile: ProfileName;
  layers: readonly RuledPart[];
  operators: readonly RuledPart[];
  /** Activations that int8 layers and operators read or write. */
  tensors: ReadonlySet<string>;
}

/** Indexes a model once, for any number of looks at its recipe. */
export function recipeSubject(
  model: Pick<ModelSummary, 'path' | 'hash'>,
  { profile, layers, operators, tensors }: RuledModel,
  report: Report | null,
): RecipeSubject {
  return {
    ...{ model, profile, report },
    layers: new PartIndex(layers),
    operators: new PartIndex(operators),
    tensors: new KnownNames(tensors),
    measured: new Map((report?.layers ?? []).map((layer) => [layer.name, layer])),
    measuredOperators: new Map((report?.operators ?? []).map((operator) => [operator.name, operator])),
  };
}

/** What a rule comes to. */
export interface RuleOutcome {
  rule: WrittenRule;
  by: 'name' | 'type' | 'pattern';
  found: readonly RuledPart[];
  /** Those that can be what it says. */
  able: readonly RuledPart[];
  /** Those for which it is the last word. */
  decided: readonly RuledPart[];
}

/** Several features ask of the same rules, one after another. */
const known = new WeakMap<
  readonly WrittenRule[],
  { index: PartIndex<RuledPart>; outcomes: readonly RuleOutcome[] }
>();

/** What each rule comes to, in their order, found once: of rules that speak of the same part, the last one counts. */
export function ruleOutcomes(
  rules: readonly WrittenRule[],
  index: PartIndex<RuledPart>,
): readonly RuleOutcome[] {
  const before = known.get(rules);
  if (before?.index === index) return before.outcomes;
  const outcomes = findOutcomes(rules, index);
  known.set(rules, { index, outcomes });
  return outcomes;
}

function findOutcomes(rules: readonly WrittenRule[], index: PartIndex<RuledPart>): RuleOutcome[] {
  const taken = new Set<RuledPart>();
  const outcomes: RuleOutcome[] = [];
  for (const rule of [...rules].reverse()) {
    const { parts, by } = index.find(rule.match);
    const { choice } = rule;
    const able =
      choice === null ? [] : parts.filter(({ choices }) => choice === 'auto' || choices.includes(choice));
    const decided = able.filter((part) => !taken.has(part));
    for (const part of decided) taken.add(part);
    outcomes.push({ rule, by, found: parts, able, decided });
  }
  return outcomes.reverse();
}

/** What each layer is by the rules; those that no rule decides are left out. */
export function choicesByName(outcomes: readonly RuleOutcome[]): Map<string, string> {
  return new Map(
    outcomes.flatMap(({ decided, rule: { choice } }) =>
      choice === null || choice === 'auto' ? [] : decided.map(({ name }): [string, string] => [name, choice]),
    ),
  );
}

/** The accepted drop: the recipe's, else that of the analysis. */
export function targetDropOf({ settings, text }: RecipeTree, report: Report): number {
  const setting = settings.get('targetDrop');
  if (setting === undefined) return report.settings.targetDrop;
  try {
    return parseTargetDrop(setting.said ?? text.slice(setting.value.start, setting.value.end));
  } catch {
    // A diagnostic says so.
    return report.settings.targetDrop;
  }
}

/** Whether a layer alone in int8 misses the target, and by more than chance. */
export function isSensitive(
  { score, drop, standardError }: LayerReport,
  { float: { metric }, choosing }: Report,
  targetDrop: number,
): boolean {
  return drop > 2 * standardError && !meetsTarget(metric, choosing.score, score, targetDrop);
}
