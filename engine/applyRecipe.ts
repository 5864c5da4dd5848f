import { EngineError } from './engineError';
import { globMatches } from './globMatches';
import type { Layer } from './onnx/layers';
import type { Measured } from './preparation';
import type { OperatorChoice, ProfileName, RecipeRules, TensorClip } from './protocol';
import { tensorsOf } from './quantize/plan';
import { choicesOf, fitsWithoutRanges, refuseChoice } from './quantize/layerGrids';
import { profiles } from './quantize/profiles';
import type { FixedChoices } from './workflow/candidate';

interface Part {
  name: string;
  opType: string;
}

/** What a rule speaks of, and whether by the name of one: a name comes before a type, a type before a pattern. */
function partsFor<P extends Part>(
  match: string,
  parts: readonly P[],
  what: string,
): [found: P[], isName: boolean] {
  const named = parts.filter((p) => p.name === match);
  if (named.length > 0) return [named, true];
  const typed = parts.filter((p) => p.opType === match);
  const found = typed.length > 0 ? typed : parts.filter((p) => globMatches(match, p.name));
  // All of nothing is no mistake.
  if (found.length > 0 || match === '*') return [found, false];
  const [first] = parts;
  throw new EngineError(
    'bad-option',
    `The recipe speaks of ${what} "${match}", which the model does not have.`,
    first === undefined ? `It has no ${what}.` : `One that it has is ${first.name} (${first.opType}).`,
  );
}

/**
 * What a recipe decides of a model; the last rule that speaks of a part counts. A rule for several layers leaves out those
 * that have no form on its grid, unless none has.
 * @throws EngineError `bad-option` for what the model does not have, or a layer cannot be
 */
export function applyRecipe(
  rules: RecipeRules,
  { model, layers, unreached, operators }: Pick<Measured, 'model' | 'layers' | 'unreached' | 'operators'>,
  profile: ProfileName,
): FixedChoices {
  const decided: {
    layers: Map<string, RecipeRules['layers'][number]['choice']>;
    operators: Map<string, OperatorChoice>;
  } = { layers: new Map(), operators: new Map() };
  const target = profiles[profile];
  const { graph } = model;
  const unranged = new Set(unreached);
  for (const { match, choice } of rules.layers) {
    const [found, isName] = partsFor<Layer>(match, [...layers, ...unreached], 'a layer');
    const able = found.filter((layer) => choicesOf(layer, target, graph).includes(choice));
    const [first] = found;
    if (first !== undefined && (isName || able.length === 0)) refuseChoice(first, choice, target, graph);
    // What no sample reached has no ranges for most grids, whichever rule would give it one.
    for (const layer of able)
      if (!unranged.has(layer) || fitsWithoutRanges(layer, choice, target))
        decided.layers.set(layer.name, choice);
  }
  for (const { match, choice } of rules.operators) {
    for (const { name } of partsFor(match, operators, 'an operator')[0]) decided.operators.set(name, choice);
  }
  const clips = checkedClips(rules.clips ?? [], () => tensorsOf(layers, operators));
  return { ...decided, remedies: rules.remedies ?? null, clips };
}

function checkedClips(clips: readonly TensorClip[], tensors: () => ReadonlySet<string>): Map<string, number> {
  // Rules are looked at one by one while a recipe is being written, and a model has thousands of tensors.
  if (clips.length === 0) return new Map();
  const known = tensors();
  for (const [tensor, clip] of clips) {
    if (!known.has(tensor))
      throw new EngineError(
        'bad-option',
        `The recipe clips "${tensor}", which is no activation that int8 layers read or write.`,
        known.size === 0 ? 'The model has none.' : `One that it has is ${[...known][0] ?? ''}.`,
      );
    if (!(clip > 0 && Number.isFinite(clip)))
      throw new EngineError(
        'bad-option',
        `${clip} is no clip for tensor "${tensor}".`,
        'A clip is the largest magnitude that is kept, such as 2.5.',
      );
  }
  return new Map(clips);
}
