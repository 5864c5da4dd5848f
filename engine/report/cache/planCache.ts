import * as v from 'valibot';
import { readEntry, writeEntry } from './cacheStore';
import { TRADE_OFF_VERSION, type TradeOff } from '../../shared/protocol/plan';
import type { ModelSummary } from '../../shared/protocol/model';
import { misfit } from '../../shared/shapes/shapes';
import { tradeOffShape } from '../../shared/shapes/planShape';

const entryShape = v.object({ version: v.literal(TRADE_OFF_VERSION), plan: tradeOffShape });

function entryOf(hash: string): string {
  return `${hash}.plan`;
}

/** The last plan of a file with these bytes, wherever it lies now; `null` when there is none, or one of another version. */
export async function loadPlan({ path, hash, bytes }: ModelSummary): Promise<TradeOff | null> {
  const kept = await readEntry(entryOf(hash));
  if (misfit(entryShape, kept) !== null) return null;
  const { plan } = kept as v.InferOutput<typeof entryShape>;
  return plan.model.hash === hash ? { ...plan, model: { path, hash, bytes } } : null;
}

/** Remembers a plan if it can. */
export async function storePlan(plan: TradeOff): Promise<void> {
  await writeEntry(entryOf(plan.model.hash), { version: TRADE_OFF_VERSION, plan });
}
