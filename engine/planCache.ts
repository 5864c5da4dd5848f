import { readEntry, writeEntry } from './cacheEntry';
import { TRADE_OFF_VERSION, type ModelSummary, type TradeOff } from './protocol';

function entryOf(hash: string): string {
  return `${hash}.plan`;
}

/** The last plan of a file with these bytes, wherever it lies now; `null` when there is none, or one of another version. */
export async function loadPlan({ path, hash, bytes }: ModelSummary): Promise<TradeOff | null> {
  const kept = (await readEntry(entryOf(hash))) as { version?: unknown; plan?: TradeOff } | null;
  if (kept?.version !== TRADE_OFF_VERSION || !isPlanOf(hash, kept.plan)) return null;
  return { ...kept.plan, model: { path, hash, bytes } };
}

/** Remembers a plan if it can. */
export async function storePlan(plan: TradeOff): Promise<void> {
  await writeEntry(entryOf(plan.model.hash), { version: TRADE_OFF_VERSION, plan });
}

/** A file may hold anything: what the view begins with has to be there. */
function isPlanOf(hash: string, plan: Partial<TradeOff> | null | undefined): plan is TradeOff {
  if (plan?.model?.hash !== hash || !Array.isArray(plan.points)) return false;
  const { chosen } = plan;
  return typeof chosen === 'number' && plan.points[chosen] !== undefined;
}
