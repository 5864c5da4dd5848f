import * as v from 'valibot';
import { modelShape } from './modelShape';
import { REPORT_VERSION, type LayerReport, type OperatorReport, type Report } from '../protocol/report';
import {
  decisions,
  floatResult,
  int8Result,
  method,
  networkDecision,
  notebook,
  operatorChoice,
  settledSettings,
  targetVerdict,
  usedMethod,
} from './resultShape';
import { count, counts, date, finite, named, text, texts, type Same } from './shapes';

/** Far more than any report has on a side of zero. */
const MOST_BINS = 2 ** 16;

const bins = counts(MOST_BINS);
const layerInput = v.object({
  tensor: text,
  histogram: v.object({ binWidth: v.pipe(finite, v.gtValue(0)), positive: bins, negative: bins }),
  min: finite,
  max: finite,
  notFinite: v.exactOptional(
    v.object({ nan: count, positive: count, negative: count, sample: v.nullable(text) }),
  ),
  zeros: v.exactOptional(count),
  least: v.exactOptional(finite),
  clips: named(finite),
  method,
  decided: v.exactOptional(finite),
});

const without = v.nullable(v.object({ score: finite, standardError: finite }));
const cause = v.object({
  kind: v.picklist([
    ...(['weight-channels', 'lost-channels', 'low-rank', 'outliers', 'unlike-parts', 'shared-grid'] as const),
    ...(['half-unused', 'lobe-lost', 'upstream', 'magnified', 'coarse'] as const),
  ]),
  reason: text,
  remedy: v.nullable(text),
  gainDb: v.nullable(finite),
});

const layer = v.object({
  name: text,
  opType: text,
  weight: v.nullable(text),
  inputs: v.array(layerInput),
  sqnrDb: finite,
  cosine: finite,
  score: finite,
  drop: finite,
  standardError: finite,
  samples: count,
  outputDb: finite,
  outputCosine: finite,
  orthogonality: v.nullable(finite),
  pathDb: v.nullable(finite),
  pathCosine: v.nullable(finite),
  cause: v.nullable(cause),
  without,
  mendedDb: v.nullable(finite),
  ranAsInteger: v.boolean(),
  advice: v.object({ decision: operatorChoice, reason: text }),
});

const operator = v.object({
  name: text,
  opType: text,
  block: v.nullable(text),
  sqnrDb: finite,
  outputDb: finite,
  drop: finite,
  standardError: finite,
  samples: count,
  without,
  decision: operatorChoice,
});

const fix = v.object({
  kind: v.picklist(['remedy', 'operator', 'layer']),
  what: text,
  names: texts,
  from: finite,
  to: finite,
  standardError: finite,
  isEnough: v.boolean(),
  bytes: finite,
  floatShare: finite,
  milliseconds: v.nullable(finite),
  taken: v.boolean(),
  change: v.exactOptional(networkDecision),
});

const interactions = v.object({
  layers: v.nullable(count),
  samples: count,
  jointDrop: finite,
  sumOfDrops: finite,
  standardError: finite,
  pairs: v.array(
    v.object({
      layers: v.strictTuple([text, text]),
      drop: finite,
      sum: finite,
      standardError: finite,
      isBeyondNoise: v.boolean(),
    }),
  ),
});

/** What a {@link Report} has to be. A key that its type gets has to come here too, or this does not compile. */
export const reportShape = v.object({
  version: v.literal(REPORT_VERSION),
  created: date,
  model: modelShape,
  settings: settledSettings,
  dataStamp: v.exactOptional(text),
  float: floatResult,
  int8: int8Result,
  verdict: targetVerdict,
  advised: v.object({ ...int8Result.entries, meetsTarget: v.boolean() }),
  nodes: v.array(
    v.object({
      name: text,
      opType: text,
      kind: v.picklist(['integer', 'float', 'conversion']),
      reason: v.nullable(text),
    }),
  ),
  choosing: v.object({ score: finite }),
  blamed: v.array(v.object({ opType: text, nodes: texts, gain: finite })),
  notebook,
  decisions,
  layers: v.array(layer),
  operators: v.array(operator),
  interactions: v.nullable(interactions),
  fixes: v.array(fix),
  keepFloat: texts,
  calibrationTable: v.array(v.object({ method: usedMethod, score: finite })),
  lint: v.array(
    v.object({
      severity: v.picklist(['refuses', 'float', 'slow']),
      opType: text,
      nodes: texts,
      message: text,
      hint: text,
    }),
  ),
  warnings: texts,
});

true satisfies Same<v.InferOutput<typeof layer>, LayerReport>;
true satisfies Same<v.InferOutput<typeof operator>, OperatorReport>;
true satisfies Same<v.InferOutput<typeof reportShape>, Report>;
