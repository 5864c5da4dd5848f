import type { Budget, ResourceUse } from '../shared/protocol/choices';
import type { Int8Result } from '../shared/protocol/report';
import type { TradeOff } from '../shared/protocol/plan';

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
