import { settle, type Measured, type Resolved } from '../evaluate/baseline';
import { recipeOf } from '../recipe/parseRecipe';
import { decisionsOf } from '../search/candidate/candidate';
import type { TradeOffOutcome } from '../search/mixedPrecision/planMixedPrecision';
import { formatPlural, formatShare } from '../shared/format';
import type { Budget, ResourceUse } from '../shared/protocol/choices';
import type { ModelSummary } from '../shared/protocol/model';
import type { TradeOff } from '../shared/protocol/plan';
import type { Int8Result } from '../shared/protocol/report';
import type { TradeOffSettings } from '../shared/protocol/settings';
import { verificationEntry } from './report';
import { resultWarnings } from './resultWarnings';
import type { Proof } from './verify';

/** A plan with the proof of the network that it chose. */
export function buildTradeOff({
  summary,
  settings,
  measured,
  outcome: { candidate, notebook, points, chosen, floatUse, layers, offPrediction, gaps },
  proof: { model, float, result, nodes },
}: {
  summary: ModelSummary;
  settings: Resolved<TradeOffSettings>;
  measured: Measured;
  outcome: TradeOffOutcome;
  proof: Proof;
}): TradeOff {
  const { budgets, along, grids, by } = settings;
  const settled = settle(settings, candidate.method, measured);
  const decisions = decisionsOf(candidate);
  const { verdict } = result;
  const { path, hash, bytes } = summary;
  return {
    created: new Date().toISOString(),
    ...{ model: { path, hash, bytes }, float, floatUse, layers, points, chosen, offPrediction, result },
    settings: { ...settled, budgets, along, grids, by },
    choosing: { score: measured.chooser.float },
    missed: missedBudgets(
      budgets,
      result,
      { bytes: result.bytes, bops: points[chosen]?.predicted.bops ?? 0 },
      floatUse,
    ),
    ...{ verdict, meetsTarget: verdict.kind === 'met', decisions },
    recipe: recipeOf(decisions, settled, measured),
    notebook: [...notebook, verificationEntry(result, settled)],
    warnings: [
      ...unprovenWarning(gaps),
      ...resultWarnings({
        ...{ summary, settings: settled, measured, decisions, result, nodes, model },
        notebook,
        idle: candidate.idle,
      }),
    ],
  };
}

/** That networks may not be the best, because the solver ran out of time. */
export function unprovenWarning(gaps: readonly number[]): string[] {
  if (gaps.length === 0) return [];
  const most = formatShare(Math.max(...gaps));
  return [
    `The solver ran out of time for ${formatPlural(gaps.length, 'network')} on the way to this front: the best that it found were taken, and the least predicted noise may be up to ${most} lower. ` +
      'Fewer grids to choose from make it faster.',
  ];
}

/** What clocks and the solver's tolerances make of nothing. */
const SLACK = 0.02;

/**
 * Budgets that a network does not keep by what was measured of it. A share of float's time is by runs of the two in turns.
 * @param bytes of its file
 * @param bops as predicted, which is exact
 */
export function missedBudgets(
  budgets: readonly Budget[],
  { latencyMs, speedup }: Pick<Int8Result, 'latencyMs' | 'speedup'>,
  { bytes, bops }: Pick<ResourceUse, 'bytes' | 'bops'>,
  floatUse: ResourceUse,
): TradeOff['missed'] {
  return budgets.flatMap((budget) => {
    const { resource, limit, isShare } = budget;
    const use = { bytes, bops, latency: latencyMs }[resource];
    const share = resource === 'latency' ? 1 / speedup.median : use / floatUse[resource];
    const measured = isShare ? share : use;
    return measured > limit * (1 + SLACK) ? [{ budget, measured }] : [];
  });
}
