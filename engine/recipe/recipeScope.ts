import { applyRecipe } from './applyRecipe';
import type { Model } from '../onnx/graph/model';
import type { Measured, Resolved } from '../evaluate/baseline';
import type { AnalyzeSettings } from '../shared/protocol/settings';
import type { LayerChoice, ProfileChoice, ProfileName } from '../shared/protocol/choices';
import { resolveProfile } from '../runtime/hostProfile';
import type { WorkerPool } from '../runtime/workerPool';
import { adaptTo } from '../quantize/targets/adaptModel';
import { partsOf } from '../quantize/quantizableParts';
import type { FixedChoices } from '../search/candidate/candidate';

/** What rules of a recipe may speak of, in the form that a target gives the model. */
export type RuledModel = Pick<Measured, 'model' | 'layers' | 'operators'> & { profile: ProfileName };

/** The layers and operators of one model that rules of a recipe may speak of; each target's form is made once. */
export class RuledParts {
  private readonly byProfile = new Map<ProfileName, RuledModel>();

  constructor(
    private readonly pool: WorkerPool,
    private readonly normalized: Model,
  ) {}

  async of(choice: ProfileChoice): Promise<RuledModel> {
    const profile = await resolveProfile(choice, this.pool.first);
    const known = this.byProfile.get(profile);
    if (known !== undefined) return known;
    const model = adaptTo(profile, this.normalized);
    const made = { model, profile, ...partsOf(model, profile) };
    this.byProfile.set(profile, made);
    return made;
  }
}

/**
 * What the settings' recipe decides of a measured model, and these layers in float whatever it says.
 * @throws EngineError `bad-option` as {@link applyRecipe} does
 */
export function fixedChoices(
  { recipe, profile }: Pick<Resolved<AnalyzeSettings>, 'recipe' | 'profile'>,
  measured: Measured,
  keepFloat: readonly string[] = [],
): FixedChoices {
  const decided = applyRecipe(recipe ?? { layers: [], operators: [] }, measured, profile);
  const floats = keepFloat.map((name) => [name, 'float'] as const);
  return { ...decided, layers: new Map<string, LayerChoice>([...decided.layers, ...floats]) };
}
