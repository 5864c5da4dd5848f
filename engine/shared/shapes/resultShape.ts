import * as v from 'valibot';
import { layerChoice } from './modelShape';
import type { AnalyzeSettings, SettledSettings } from '../protocol/settings';
import type { CalibrationChoice, CalibrationMethod, Decisions } from '../protocol/choices';
import type {
  FloatResult,
  Int8Result,
  NotebookEntry,
  ScoreDifference,
  TargetVerdict,
} from '../protocol/report';
import type { Recipe, RecipeRules } from '../protocol/recipe';
import { count, countFrom, finite, named, text, texts, type Same } from './shapes';

// What analyses and plans have both.

const share = v.pipe(finite, v.minValue(0), v.maxValue(1), v.description('a number from 0 to 1'));
const profile = v.picklist(['x86', 'x86-avx2', 'arm', 'tensorrt']);
const profileChoice = v.union([profile, v.literal('auto')]);
const percentile = v.custom<`percentile:${number}`>((value) => {
  const percent = Number(typeof value === 'string' ? /^percentile:(\d+(?:\.\d+)?)$/.exec(value)?.[1] : NaN);
  return percent >= 50 && percent <= 100;
});
const metric = v.picklist([
  ...(['top1', 'top5', 'ctc', 'frames', 'iou', 'segments', 'sqnr', 'cosine', 'agreement'] as const),
]);
export const method = v.union([v.picklist(['max', 'entropy', 'mse']), percentile]);
export const usedMethod = v.union([method, v.literal('mixed')]);
const calibration = v.pipe(
  v.union([usedMethod, v.literal('auto')]),
  v.description('max, entropy, mse, mixed, auto, or percentile:P with P from 50 to 100'),
);
const weights = v.picklist(['per-channel', 'per-tensor']);
const remedies = v.array(v.picklist(['equalize', 'split-depthwise', 'round', 'correct-bias', 'gelu10']));
export const operatorChoice = v.picklist(['int8', 'float']);
export const preset = v.picklist(['imagenet', 'ocr', '0-1', '-1-1']);
/** Names of networks' decisions, where any may be left out. */
export const networkDecision = v.object({
  remedies: v.exactOptional(remedies),
  weights: v.exactOptional(weights),
});

const clips = v.array(v.strictTuple([text, v.pipe(finite, v.gtValue(0), v.description('a number above 0'))]));
const rules = {
  layers: v.array(v.object({ match: text, choice: v.union([layerChoice, v.literal('auto')]) })),
  operators: v.array(v.object({ match: text, choice: v.union([operatorChoice, v.literal('auto')]) })),
  remedies: v.exactOptional(remedies),
  clips: v.exactOptional(clips),
};
const recipeRules = v.object(rules);

export const recipeShape = v.object({
  ...rules,
  version: v.literal(1),
  model: v.exactOptional(text),
  data: v.exactOptional(text),
  preset: v.exactOptional(preset),
  samples: v.exactOptional(count),
  profile: v.exactOptional(profileChoice),
  weights: v.exactOptional(weights),
  calibration: v.exactOptional(calibration),
  targetDrop: v.exactOptional(finite),
});

export const analyzeSettings = v.object({
  data: text,
  preset: v.nullable(preset),
  samples: v.nullable(countFrom(1)),
  weights,
  calibration,
  profile: profileChoice,
  targetDrop: share,
  recipe: v.exactOptional(recipeRules),
  skipFailed: v.exactOptional(v.boolean()),
  calibrated: v.exactOptional(text),
});
export const settledSettings = v.object({
  ...analyzeSettings.entries,
  profile,
  method: usedMethod,
  calibrationSamples: count,
  choosingSamples: count,
  evaluationSamples: count,
  sharedSamples: v.boolean(),
});

const spread = { low: finite, high: finite };
const result = {
  metric,
  score: finite,
  latencyMs: finite,
  latencySpread: v.object(spread),
  bytes: count,
};
export const floatResult = v.object(result);
export const scoreDifference = v.object({ difference: finite, ...spread });
export const targetVerdict = v.object({
  kind: v.picklist(['met', 'missed', 'inconclusive', 'not-measurable']),
  reason: text,
  probability: v.exactOptional(share),
  samples: v.exactOptional(count),
});
export const int8Result = v.object({
  ...result,
  verdict: targetVerdict,
  difference: scoreDifference,
  speedup: v.object({ median: finite, ...spread }),
  floatShare: finite,
  slower: v.array(v.object({ opType: text, milliseconds: finite, floatMilliseconds: finite })),
  integerNodes: count,
  floatNodes: count,
  floatGroups: v.array(v.object({ opType: text, reason: text, nodes: texts })),
});

export const decisions = v.object({
  method: usedMethod,
  weights,
  operators: texts,
  choices: named(layerChoice),
  remedies,
  clips: v.exactOptional(clips),
});

export const notebook = v.array(
  v.object({
    step: v.picklist([
      ...(['calibrator', 'operators', 'remedy', 'grid', 'float layers', 'latency', 'verification'] as const),
    ]),
    tried: text,
    score: finite,
    difference: finite,
    standardError: finite,
    sqnrDb: v.nullable(finite),
    latencyMs: v.exactOptional(finite),
    network: v.exactOptional(v.object({ remedies, weights })),
    kept: v.boolean(),
  }),
);

/** Does not compile where a shape and its type are not the same. */
true satisfies Same<v.InferOutput<typeof method>, CalibrationMethod>;
true satisfies Same<v.InferOutput<typeof calibration>, CalibrationChoice>;
true satisfies Same<v.InferOutput<typeof recipeRules>, RecipeRules>;
true satisfies Same<v.InferOutput<typeof recipeShape>, Recipe>;
true satisfies Same<v.InferOutput<typeof analyzeSettings>, AnalyzeSettings>;
true satisfies Same<v.InferOutput<typeof settledSettings>, SettledSettings>;
true satisfies Same<v.InferOutput<typeof floatResult>, FloatResult>;
true satisfies Same<v.InferOutput<typeof scoreDifference>, ScoreDifference>;
true satisfies Same<v.InferOutput<typeof targetVerdict>, TargetVerdict>;
true satisfies Same<v.InferOutput<typeof int8Result>, Int8Result>;
true satisfies Same<v.InferOutput<typeof decisions>, Decisions>;
true satisfies Same<v.InferOutput<typeof notebook>, NotebookEntry[]>;
