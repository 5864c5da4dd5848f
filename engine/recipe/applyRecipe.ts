import { EngineError } from '../shared/engineError';
import { PartIndex, type Part } from '../shared/recipe/partIndex';
import type { Layer } from '../onnx/layers/layers';
import type { Measured } from '../evaluate/baseline';
import type { LayerChoice, OperatorChoice, ProfileName, TensorClip } from '../shared/protocol/choices';
import type { RecipeRules } from '../shared/protocol/recipe';
import { tensorsOf } from '../quantize/plan';
import { choicesOf, fitsWithoutRanges, refuseChoice } from '../quantize/layerGrids';
import { profiles } from '../quantize/targets/profiles';
import type { FixedChoices } from '../search/candidate/candidate';

/** What a rule speaks of, and whether by the name of one. */
function partsFor<P extends Part>(
  match: string,
  index: PartIndex<P>,
  what: string,
): [found: readonly P[], isName: boolean] {
  const { parts, by } = index.find(match);
  // All of nothing is no mistake.
  if (parts.length > 0 || match === '*') return [parts, by === 'name'];
  const [first] = index.parts;
  throw new EngineError(
    'bad-option',
    `The recipe speaks of ${what} "${match}", which the model does not have.`,
    first === undefined ? `It has no ${what}.` : `One that it has is ${first.name} (${first.opType}).`,
  );
}

type RuledParts = Pick<Measured, 'model' | 'layers' | 'unreached' | 'operators'>;

/** As {@link applyRecipe}, for many recipes of one model: its parts are looked up in an index that is made once. */
export function recipeApplier(
  { model, layers, unreached, operators }: RuledParts,
  profile: ProfileName,
): (rules: RecipeRules) => FixedChoices {
  const target = profiles[profile];
  const { graph } = model;
  const layerIndex = new PartIndex<Layer>([...layers, ...unreached]);
  const operatorIndex = new PartIndex(operators);
  const unranged = new Set(unreached);
  return (rules) => {
    const decided: {
      layers: Map<string, LayerChoice>;
      operators: Map<string, OperatorChoice>;
    } = { layers: new Map(), operators: new Map() };
    for (const { match, choice } of rules.layers) {
      const [found, isName] = partsFor(match, layerIndex, 'a layer');
      if (choice === 'auto') {
        for (const { name } of found) decided.layers.delete(name);
        continue;
      }
      const able = found.filter((layer) => choicesOf(layer, target, graph).includes(choice));
      const [first] = found;
      if (first !== undefined && (isName || able.length === 0)) refuseChoice(first, choice, target, graph);
      // What no sample reached has no ranges for most grids, whichever rule would give it one.
      for (const layer of able)
        if (!unranged.has(layer) || fitsWithoutRanges(layer, choice, target))
          decided.layers.set(layer.name, choice);
    }
    for (const { match, choice } of rules.operators)
      for (const { name } of partsFor(match, operatorIndex, 'an operator')[0])
        if (choice === 'auto') decided.operators.delete(name);
        else decided.operators.set(name, choice);
    const clips = checkedClips(rules.clips ?? [], () => tensorsOf(layers, operators));
    return { ...decided, remedies: rules.remedies ?? null, clips };
  };
}

/**
 * What a recipe decides of a model; the last rule that speaks of a part counts. A rule for several layers leaves out those
 * that have no form on its grid, unless none has.
 * @throws EngineError `bad-option` for what the model does not have, or a layer cannot be
 */
export function applyRecipe(rules: RecipeRules, measured: RuledParts, profile: ProfileName): FixedChoices {
  return recipeApplier(measured, profile)(rules);
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
