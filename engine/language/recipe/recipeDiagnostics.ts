import {
  capitalized,
  formatMeasuredDrop,
  formatMethod,
  formatPlural,
  formatScore,
} from '../../shared/format';
import { recipeIn, RecipeError } from '../../recipe/parseRecipe';
import { describeTarget } from '../../shared/accuracyTarget';
import type { PartIndex, RuledPart } from '../../shared/recipe/partIndex';
import { decision, removal, replacement, shownName, type RecipeFix } from './recipeFixes';
import {
  isSensitive,
  ruleOutcomes,
  targetDropOf,
  type RecipeSubject,
  type RuleOutcome,
} from './recipeSubject';
import type { RecipeTree, WrittenRule } from './recipeTree';
import type { Place } from '../textFeatures';

/** What is wrong with a recipe at a place, or could be better, and what mends it. */
export interface RecipeProblem {
  place: Place;
  /** `unused` for what has no effect. */
  severity: 'error' | 'warning' | 'unused' | 'hint';
  code:
    | 'syntax'
    | 'setting'
    | 'unknown'
    | 'refused'
    | 'overridden'
    | 'stale'
    | 'sensitive'
    | 'calibration'
    | 'no-model';
  message: string;
  fixes: RecipeFix[];
}

/** Diagnostics of one kind; an editor needs no more to say that all is wrong. */
const MAX_SYNTAX = 20;
/** Each takes a look at all names. */
const MAX_SUGGESTIONS = 50;
const MAX_NAMED = 3;

function settingProblems({ text, parsed, errors }: RecipeTree): RecipeProblem[] {
  if (text.trim() === '') {
    const message = 'A recipe begins with { "version": 1 }.';
    return [{ place: { start: 0, end: 1 }, message, severity: 'error', code: 'setting', fixes: [] }];
  }
  if (errors.length > 0 || parsed === null)
    return errors
      .slice(0, MAX_SYNTAX)
      .map(({ message, place }) => ({ place, message, severity: 'error', code: 'syntax', fixes: [] }));
  try {
    recipeIn(parsed, '');
    return [];
  } catch (thrown) {
    if (!(thrown instanceof RecipeError)) throw thrown;
    const { offset } = thrown;
    const length =
      /^(?:"(?:[^"\\\n]|\\.)*"|[\w.+-]+)/.exec(text.slice(offset, offset + 1000))?.[0].length ?? 1;
    const message = capitalized(thrown.toLine().replace(/^:\d+: /, ''));
    return [
      {
        place: { start: offset, end: offset + length },
        message,
        severity: 'error',
        code: 'setting',
        fixes: [],
      },
    ];
  }
}

function namesOf(parts: readonly { name: string }[]): string {
  const more = parts.length - MAX_NAMED;
  const named = parts.slice(0, MAX_NAMED).map(({ name }) => shownName(name));
  return `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Says that a key names nothing, and what it may have been meant to be. */
function unknownName(tree: RecipeTree, rule: WrittenRule, said: string, near: string | null): RecipeProblem {
  const rename = near === null ? [] : [replacement(`Rename to ${shownName(near)}`, rule.key, near)];
  return {
    place: rule.key,
    severity: 'error',
    code: 'unknown',
    message: near === null ? said : `${said} Did you mean "${shownName(near)}"?`,
    fixes: [...rename, removal(tree, rule, near === null)],
  };
}

class RuleChecks {
  private suggestions = 0;

  constructor(
    private readonly tree: RecipeTree,
    private readonly subject: RecipeSubject,
    private readonly what: 'layer' | 'operator',
    private readonly index: PartIndex<RuledPart>,
  ) {}

  unknown({ rule, found }: RuleOutcome): RecipeProblem[] {
    if (found.length > 0 || rule.match === '*') return [];
    const isPattern = /[*?]/.test(rule.match);
    const near = isPattern || this.suggestions++ >= MAX_SUGGESTIONS ? null : this.index.nearest(rule.match);
    const name = shownName(rule.match);
    const said = isPattern
      ? `No ${this.what}'s name fits "${name}".`
      : `The model has no ${this.what} "${name}".`;
    return [unknownName(this.tree, rule, said, near)];
  }

  refused({ rule, by, found, able }: RuleOutcome): RecipeProblem[] {
    const { choice, value } = rule;
    const [first] = found;
    if (choice === null || value === null || first === undefined) return [];
    // A name may be that of several.
    const refusing = by === 'name' ? found.find((part) => !able.includes(part)) : first;
    if (refusing === undefined || (by !== 'name' && able.length > 0)) return [];
    const { name, opType, choices } = refusing;
    const possible = choices.join(', ').replace(/, (?=[^,]*$)/, ' or ');
    const keep = choices.includes('float') && choice !== 'float';
    return [
      {
        place: value,
        severity: 'error',
        code: 'refused',
        message: `${shownName(name)} (${opType}) cannot be ${shownName(choice)} for ${this.subject.profile}: it can be ${possible}.`,
        fixes: keep ? [replacement('Keep in float', value, 'float')] : [],
      },
    ];
  }

  overridden(
    { rule, able, decided }: RuleOutcome,
    last: (part: RuledPart) => RuleOutcome | undefined,
  ): RecipeProblem[] {
    const [first] = able;
    if (first === undefined || decided.length > 0) return [];
    const by = last(first)?.rule.match ?? '';
    const all =
      able.length === 1
        ? `it decides ${shownName(first.name)}`
        : `later rules decide all ${able.length} ${this.what}s of it`;
    return [
      {
        place: rule.whole,
        severity: 'unused',
        code: 'overridden',
        message:
          able.length === 1
            ? `Without effect: "${shownName(by)}" comes later, and ${all}.`
            : `Without effect: ${all}.`,
        fixes: [removal(this.tree, rule, true)],
      },
    ];
  }
}

function sensitiveProblem(
  { rule, by, decided }: RuleOutcome,
  tree: RecipeTree,
  subject: RecipeSubject,
  targetDrop: number,
): RecipeProblem[] {
  const { report, measured } = subject;
  if (report === null || rule.choice !== 'int8' || rule.value === null) return [];
  const layers = decided
    .flatMap(({ name }) => measured.get(name) ?? [])
    .filter((layer) => isSensitive(layer, report, targetDrop))
    .sort((a, b) => b.drop - a.drop);
  const [worst] = layers;
  if (worst === undefined) return [];
  const { metric } = report.float;
  const drop = formatMeasuredDrop(metric, worst);
  const target = describeTarget(metric, targetDrop);
  const message =
    by === 'name'
      ? `${shownName(worst.name)} alone in int8 loses more than the target allows (${drop}; target ${target}).`
      : `${formatPlural(layers.length, 'layer')} of these lose${layers.length === 1 ? 's' : ''} more alone in int8 than the target allows: ${namesOf(layers)}; the worst ${drop}.`;
  const title =
    by === 'name'
      ? 'Keep in float'
      : `Keep ${layers.length === 1 ? shownName(worst.name) : `these ${layers.length} layers`} in float`;
  const names = layers.map(({ name }) => name);
  return [
    {
      ...{ place: by === 'name' ? rule.value : rule.key, message },
      ...{ severity: 'warning', code: 'sensitive' },
      fixes: [
        by === 'name' && names.length === 1
          ? replacement(title, rule.value, 'float')
          : decision(title, tree, subject, names, 'float'),
      ],
    },
  ];
}

function clipProblems(tree: RecipeTree, { tensors }: RecipeSubject): RecipeProblem[] {
  return tree.clips
    .filter(({ match }) => !tensors.has(match))
    .map((clip, at) => {
      const said = `The model has no activation "${shownName(clip.match)}" that int8 layers read or write.`;
      return unknownName(tree, clip, said, at < MAX_SUGGESTIONS ? tensors.nearest(clip.match) : null);
    });
}

function staleProblem({ settings }: RecipeTree, { model }: RecipeSubject): RecipeProblem[] {
  const written = settings.get('model');
  if (written?.said == null || written.said === model.hash) return [];
  return [
    {
      place: written.value,
      severity: 'warning',
      code: 'stale',
      message:
        'The model has changed since this recipe was decided for it. Analyze it again, and look at the decisions.',
      fixes: [replacement("Update the model's hash", written.value, model.hash)],
    },
  ];
}

function calibrationProblem({ settings }: RecipeTree, { report }: RecipeSubject): RecipeProblem[] {
  const written = settings.get('calibration');
  const table = report?.calibrationTable ?? [];
  const used = table.find(({ method }) => method === written?.said);
  const [best] = [...table].sort((a, b) => b.score - a.score);
  if (report === null || written === undefined || used === undefined || best === undefined) return [];
  if (best.score <= used.score) return [];
  const { metric } = report.float;
  const name = formatMethod(best.method);
  return [
    {
      place: written.value,
      severity: 'hint',
      code: 'calibration',
      message: `In the last analysis ${name} reached ${formatScore(metric, best.score)}, and ${formatMethod(used.method)} ${formatScore(metric, used.score)}.`,
      fixes: [replacement(`Use ${name} here`, written.value, best.method)],
    },
  ];
}

/** Says at the recipe's first character that nothing of it can be held against a model, and why. */
export function noModelProblem({ text, root }: RecipeTree, why: string): RecipeProblem {
  const start = root?.start ?? 0;
  return {
    place: { start, end: Math.min(start + 1, text.length) },
    severity: 'warning',
    code: 'no-model',
    message: `${why} Names of layers, operators and tensors are not checked.`,
    fixes: [],
  };
}

/** A menu of fixes asks for what was just underlined. */
const known = new WeakMap<RecipeTree, { subject: RecipeSubject | null; problems: RecipeProblem[] }>();

/**
 * What is wrong with a recipe, found once for a text and a model.
 * @param subject the model beside it; `null` when there is none, and only the text is looked at
 */
export function recipeDiagnostics(tree: RecipeTree, subject: RecipeSubject | null): readonly RecipeProblem[] {
  const before = known.get(tree);
  if (before?.subject === subject) return before.problems;
  const problems = findProblems(tree, subject);
  known.set(tree, { subject, problems });
  return problems;
}

function findProblems(tree: RecipeTree, subject: RecipeSubject | null): RecipeProblem[] {
  const problems = settingProblems(tree);
  if (subject === null) return problems;
  const targetDrop = subject.report === null ? 0 : targetDropOf(tree, subject.report);
  for (const [what, rules, index] of [
    ['layer', tree.layers, subject.layers],
    ['operator', tree.operators, subject.operators],
  ] as const) {
    const outcomes = ruleOutcomes(rules, index);
    const last = new Map(
      outcomes.flatMap((outcome) => outcome.decided.map((part) => [part, outcome] as const)),
    );
    const checks = new RuleChecks(tree, subject, what, index);
    for (const outcome of outcomes) {
      problems.push(...checks.unknown(outcome), ...checks.refused(outcome));
      problems.push(...checks.overridden(outcome, (part) => last.get(part)));
      if (what === 'layer') problems.push(...sensitiveProblem(outcome, tree, subject, targetDrop));
    }
  }
  return [
    ...problems,
    ...clipProblems(tree, subject),
    ...staleProblem(tree, subject),
    ...calibrationProblem(tree, subject),
  ];
}
