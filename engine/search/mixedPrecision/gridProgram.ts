import { EngineError } from '../../shared/engineError';
import { throwIfCancelled } from '../../common/cancellation';
import { formatBudget, formatResource } from '../../shared/format';
import type { Run } from '../../common/run';
import { StageProgress } from '../../common/progress';
import type { Budget, Resource, ResourceUse } from '../../shared/protocol/choices';
import { solveProgram } from './integerProgram';
import type { LayerChoices, MeasuredChoice } from './gridCosts';

/** Budgets between the least and the most of a resource. */
const STEPS = 8;

/** What the program weighs a choice by: `cost` is to be small in sum, `extra` is what it takes more than in float. */
export interface Weights {
  cost: (layer: LayerChoices, index: number, choice: MeasuredChoice) => number;
  extra: (choice: MeasuredChoice) => ResourceUse;
}

export interface Question {
  layers: readonly LayerChoices[];
  floatUse: ResourceUse;
  weights: Weights;
  /** Told of each program whose best choice was not proven in time, how much less the least may be, as a share. */
  onUnproven?: (gap: number) => void;
}

/** A budget in its resource's unit. */
export function limitOf({ resource, limit, isShare }: Budget, floatUse: ResourceUse): number {
  return isShare ? limit * floatUse[resource] : limit;
}

/**
 * The choices that cost least within all budgets.
 * @throws EngineError `bad-option` that says which budget cannot be kept, and what is the least
 */
export async function chooseWithin(
  { layers, floatUse, weights, onUnproven }: Question,
  budgets: readonly Budget[],
): Promise<MeasuredChoice[]> {
  const resources = budgets.map((b) => b.resource);
  const result = await solveProgram({
    layers: layers.map((layer, i) =>
      layer.choices.map((choice) => {
        const extra = weights.extra(choice);
        return { cost: weights.cost(layer, i, choice), uses: resources.map((r) => extra[r]) };
      }),
    ),
    limits: budgets.map((budget) => limitOf(budget, floatUse) - floatUse[budget.resource]),
  });
  if (result.kind === 'solved') {
    if (result.gap > 0) onUnproven?.(result.gap);
    return layers.flatMap(({ choices }, i) => choices[result.choices[i] ?? 0] ?? []);
  }
  if (result.kind === 'contradictory')
    throw new EngineError(
      'bad-option',
      `The budgets cannot be kept together: ${budgets.map(formatBudget).join(', ')}.`,
      'Each one alone can be. Loosen one of them.',
    );
  const budget = budgets[result.limit];
  if (budget === undefined) throw new RangeError('a limit is that of a budget');
  const { resource } = budget;
  const least = result.least + floatUse[resource];
  throw new EngineError(
    'bad-option',
    `The budget ${formatBudget(budget)} cannot be kept: the least is about ${formatResource(resource, least)}, ${formatResource(resource, floatUse[resource])} in float.`,
    'Take a larger budget, or name more grids to choose from with --grids.',
  );
}

/**
 * The choices that cost least at each of a series of budgets of one resource, from its least to what the best takes.
 * @throws EngineError `bad-option` for budgets that cannot be kept, `runtime`, `cancelled`
 */
export async function chooseAlong(
  question: Question,
  along: Resource,
  budgets: readonly Budget[],
  { onProgress, signal }: Pick<Run, 'onProgress' | 'signal'>,
): Promise<MeasuredChoice[][]> {
  const { layers, floatUse, weights } = question;
  const others = budgets.filter((b) => b.resource !== along);
  const use = (choices: readonly MeasuredChoice[]) =>
    choices.reduce((n, c) => n + weights.extra(c)[along], floatUse[along]);
  const best = await chooseWithin(question, others);
  const leastOf = {
    ...question,
    weights: {
      ...weights,
      cost: (_: LayerChoices, __: number, c: MeasuredChoice) => weights.extra(c)[along],
    },
  };
  const least = use(await chooseWithin(leastOf, others));
  const most = use(best);
  const found: MeasuredChoice[][] = [best];
  const title = `Choosing networks along ${along}`;
  const progress = new StageProgress('select', title, STEPS, onProgress);
  // Evenly by ratio: halving a size is as much at either end.
  for (let k = 0; k < STEPS && layers.length > 0; k++) {
    throwIfCancelled(signal);
    const share = k / STEPS;
    const limit = least > 0 ? least * (most / least) ** share : least + (most - least) * share;
    const own: Budget = { resource: along, limit, isShare: false };
    found.push(await chooseWithin(question, [...others, own]));
    progress.step();
  }
  return found;
}
