import * as v from 'valibot';
import { EngineError } from '../shared/engineError';
import type { Requests } from '../shared/protocol/requests';
import type { EngineLimits } from '../shared/protocol/settings';
import { analyzeSettings, preset } from '../shared/shapes/resultShape';
import { countFrom, finite, firstMisfit, text, texts, type Same } from '../shared/shapes/shapes';
import { planned } from '../shared/shapes/planShape';

type Params<M extends keyof Requests> = Requests[M]['params'];

const path = text;
const settings = analyzeSettings;
const quantizeSettings = v.object({
  ...settings.entries,
  output: text,
  reproducible: v.exactOptional(v.boolean()),
  keepFloat: v.nullable(texts),
});
const planSettings = v.object({ ...settings.entries, ...planned, verifyAll: v.boolean() });
const samples = v.nullable(finite);

/** What each request has to bring; keys beside these are passed over, as the language server protocol wants it. */
const shapes = {
  'quantscope/open': v.object({ path }),
  'quantscope/previous': v.object({ path }),
  'quantscope/analyze': v.object({ path, settings }),
  'quantscope/quantize': v.object({ path, settings: quantizeSettings }),
  'quantscope/plan': v.object({ path, settings: planSettings }),
  'quantscope/text': v.object({ path, uri: text }),
  'quantscope/graph': v.object({ path }),
  'quantscope/checkOutput': v.object({ path, output: text, data: v.nullable(text) }),
  'quantscope/stamp': v.object({ path, data: text }),
  'quantscope/tryClip': v.object({ path, settings, layer: text, tensor: text, clip: finite, samples }),
  'quantscope/layer': v.object({ path, layer: text }),
  'quantscope/pageParts': v.object({ path }),
  'quantscope/scatter': v.object({ path, settings, layer: text }),
  'quantscope/remediedInputs': v.object({ path, settings, layer: text }),
  'quantscope/recipe': v.object({ path, text, file: text }),
  'quantscope/hover': v.object({ path, line: text, column: finite }),
  'quantscope/data': v.object({ path, data: text, preset: v.nullable(preset) }),
};
const limits = v.nullish(
  v.object({
    threads: v.exactOptional(v.nullable(countFrom(1))),
    memory: v.exactOptional(v.nullable(finite)),
  }),
);

/** Does not compile where a shape and its type are not the same, or a request has none. */
true satisfies Same<
  { [M in keyof typeof shapes]: v.InferOutput<(typeof shapes)[M]> },
  { [M in keyof Requests]: Params<M> }
>;
true satisfies Same<v.InferOutput<typeof limits>, Partial<EngineLimits> | null | undefined>;

/** Every request of the protocol. */
export const requestNames = Object.keys(shapes) as (keyof Requests)[];

/**
 * Refuses parameters of a request that are not as the protocol says.
 * @throws EngineError `bad-option` that names the request and the parameter
 */
export function checkParams<M extends keyof Requests>(
  method: M,
  params: unknown,
): asserts params is Params<M> {
  check(shapes[method], params, `${method}: params`);
}

/**
 * As {@link checkParams}, for what `initialize` brings.
 * @throws EngineError `bad-option`
 */
export function checkLimits(options: unknown): asserts options is Partial<EngineLimits> | null | undefined {
  check(limits, options, 'initializationOptions');
}

function check(shape: v.GenericSchema, value: unknown, what: string): void {
  const wrong = firstMisfit(shape, value);
  if (wrong === null) return;
  const { place, found, wanted } = wrong;
  throw new EngineError('bad-option', `${what}${place} is ${found}.`, `It has to be ${wanted}.`);
}
