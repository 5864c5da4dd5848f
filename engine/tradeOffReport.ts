import { missedBudgets } from './missedBudgets';
import { settle, type Measured, type Resolved } from './preparation';
import type { Proof } from './proof';
import type { ModelSummary, TradeOff, TradeOffSettings } from './protocol';
import { recipeOf } from './recipe';
import { verificationEntry } from './report';
import { resultWarnings } from './resultWarnings';
import { meetsTarget } from './target';
import { decisionsOf } from './workflow/candidate';
import type { TradeOffOutcome } from './workflow/tradeOff';

/** A plan with the proof of the network that it chose. */
export function buildTradeOff({
  summary,
  settings,
  measured,
  outcome: { candidate, notebook, points, chosen, floatUse, layers, offPrediction },
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
  const meets = meetsTarget(measured.dataset.metric, float.score, result.score, settings.targetDrop);
  const { path, hash, bytes } = summary;
  return {
    ...{ model: { path, hash, bytes }, float, floatUse, layers, points, chosen, offPrediction, result },
    settings: { ...settled, budgets, along, grids, by },
    choosing: { score: measured.chooser.float },
    missed: missedBudgets(
      budgets,
      result,
      { bytes: result.bytes, bops: points[chosen]?.predicted.bops ?? 0 },
      floatUse,
    ),
    ...{ meetsTarget: meets, decisions },
    recipe: recipeOf(decisions, settled, measured),
    notebook: [...notebook, verificationEntry(result, settled)],
    warnings: resultWarnings({
      ...{ summary, settings: settled, measured, decisions, result, meets, nodes, model },
      notebook,
    }),
  };
}
