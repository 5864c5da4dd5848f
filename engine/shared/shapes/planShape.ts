import * as v from 'valibot';
import { layerChoice } from './modelShape';
import type { TradeOff } from '../protocol/plan';
import {
  decisions,
  floatResult,
  int8Result,
  notebook,
  recipeShape,
  scoreDifference,
  settledSettings,
  targetVerdict,
} from './resultShape';
import { count, date, finite, named, text, texts, type Same } from './shapes';

const resource = v.picklist(['bytes', 'bops', 'latency']);
const use = { bytes: finite, bops: finite, latency: finite };
const budget = v.object({ resource, limit: finite, isShare: v.boolean() });
/** What a plan's settings have beside an analysis's. */
export const planned = {
  budgets: v.array(budget),
  along: resource,
  grids: v.array(layerChoice),
  by: v.picklist(['noise', 'orthogonality']),
};
const scored = { drop: finite, standardError: finite, outputDb: finite };

/** What a {@link TradeOff} has to be; as of {@link reportShape}. */
export const tradeOffShape = v.pipe(
  v.object({
    created: v.exactOptional(date),
    model: v.object({ path: text, hash: text, bytes: count }),
    settings: v.object({ ...settledSettings.entries, ...planned }),
    float: floatResult,
    floatUse: v.object(use),
    choosing: v.object({ score: finite }),
    layers: v.array(
      v.object({
        name: text,
        opType: text,
        orthogonality: v.nullable(finite),
        choices: v.array(
          v.object({
            choice: layerChoice,
            noise: finite,
            drop: finite,
            standardError: finite,
            extra: v.object(use),
          }),
        ),
      }),
    ),
    points: v.array(
      v.object({
        choices: named(layerChoice),
        predicted: v.object({ ...use, ...scored }),
        verified: v.nullable(v.object({ score: finite, ...scored, bytes: finite })),
      }),
    ),
    chosen: count,
    offPrediction: scoreDifference,
    result: int8Result,
    missed: v.array(v.object({ budget, measured: finite })),
    verdict: targetVerdict,
    meetsTarget: v.boolean(),
    decisions,
    recipe: recipeShape,
    notebook,
    warnings: texts,
  }),
  v.check(({ points, chosen }) => chosen < points.length, 'no point is the chosen one'),
);

true satisfies Same<v.InferOutput<typeof tradeOffShape>, TradeOff>;
