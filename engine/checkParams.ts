import {
  boolean,
  count,
  listOf,
  nullable,
  number,
  oneOf,
  optional,
  pairOf,
  shapeOf,
  text,
  type Check,
} from './checkShape';
import { presetNames } from './feeds/presets';
import type {
  AnalyzeSettings,
  CalibrationChoice,
  EngineLimits,
  ProfileChoice,
  QuantizeSettings,
  Requests,
  TradeOffSettings,
  WeightGranularity,
} from './protocol';
import { layerChoices, operatorChoices, remedyNames } from './recipe';
import { resourceNames } from './settingsText';

type Params<M extends keyof Requests> = Requests[M]['params'];

const path = text();
const rules = <Choice extends string>(choices: readonly Choice[]) =>
  listOf(shapeOf({ match: text(), choice: oneOf([...choices, 'auto' as const]) }));

const analysis = {
  data: text(),
  preset: nullable(oneOf(presetNames)),
  samples: nullable(number),
  weights: text<WeightGranularity>(),
  calibration: text<CalibrationChoice>(),
  profile: text<ProfileChoice>(),
  targetDrop: number,
  recipe: optional(
    shapeOf<NonNullable<AnalyzeSettings['recipe']>>({
      layers: rules(layerChoices),
      operators: rules(operatorChoices),
      remedies: optional(listOf(oneOf(remedyNames))),
      clips: optional(listOf(pairOf(text(), number))),
    }),
  ),
  skipFailed: optional(boolean),
  calibrated: optional(text()),
};
const settings = shapeOf<AnalyzeSettings>(analysis);
const quantizeSettings = shapeOf<QuantizeSettings>({
  ...analysis,
  output: text(),
  reproducible: optional(boolean),
  keepFloat: nullable(listOf(text())),
});
const planSettings = shapeOf<TradeOffSettings>({
  ...analysis,
  budgets: listOf(shapeOf({ resource: oneOf(resourceNames), limit: number, isShare: boolean })),
  along: oneOf(resourceNames),
  grids: listOf(oneOf(layerChoices)),
  by: oneOf(['noise', 'orthogonality']),
  verifyAll: boolean,
});

/** What each request has to bring; the compiler holds it against the protocol. What the words in it mean, those who use them check. */
const checks: { [M in keyof Requests]: Check<Params<M>> } = {
  'quantscope/open': shapeOf({ path }),
  'quantscope/previous': shapeOf({ path }),
  'quantscope/analyze': shapeOf({ path, settings }),
  'quantscope/quantize': shapeOf({ path, settings: quantizeSettings }),
  'quantscope/plan': shapeOf({ path, settings: planSettings }),
  'quantscope/text': shapeOf({ path, uri: text() }),
  'quantscope/graph': shapeOf({ path }),
  'quantscope/checkOutput': shapeOf({ path, output: text(), data: nullable(text()) }),
  'quantscope/stamp': shapeOf({ path, data: text() }),
  'quantscope/tryClip': shapeOf({
    ...{ path, settings, layer: text(), tensor: text() },
    ...{ clip: number, samples: nullable(number) },
  }),
  'quantscope/layer': shapeOf({ path, layer: text() }),
  'quantscope/pageParts': shapeOf({ path }),
  'quantscope/scatter': shapeOf({ path, settings, layer: text() }),
  'quantscope/remediedInputs': shapeOf({ path, settings, layer: text() }),
  'quantscope/recipe': shapeOf({ path, text: text(), file: text() }),
  'quantscope/hover': shapeOf({ path, line: text(), column: number }),
  'quantscope/data': shapeOf({ path, data: text(), preset: nullable(oneOf(presetNames)) }),
};

/** Every request of the protocol. */
export const requestNames = Object.keys(checks) as (keyof Requests)[];

/**
 * Refuses parameters of a request that are not as the protocol says.
 * @throws EngineError `bad-option` that names the request and the parameter
 */
export function checkParams<M extends keyof Requests>(
  method: M,
  params: unknown,
): asserts params is Params<M> {
  const check: Check<unknown> = checks[method];
  check(params, `${method}: params`);
}

const limits = optional(
  nullable(
    shapeOf<Partial<EngineLimits>>({
      threads: optional(nullable(count)),
      memory: optional(nullable(number)),
    }),
  ),
);

/**
 * As {@link checkParams}, for what `initialize` brings.
 * @throws EngineError `bad-option`
 */
export function checkLimits(options: unknown): asserts options is Partial<EngineLimits> | null | undefined {
  const check: Check<unknown> = limits;
  check(options, 'initializationOptions');
}
