import type {
  CalibrationChoice,
  LayerChoice,
  OperatorChoice,
  PresetName,
  ProfileChoice,
  RemedyName,
  TensorClip,
  WeightGranularity,
} from './choices';

/** Version of {@link Recipe}; raised when a key changes its meaning or goes. */
export const RECIPE_VERSION = 1;

/** A line of a recipe. */
export interface RecipeRule<Choice> {
  /** A name, a type of operators, or a pattern of names in which `*` stands for anything and `?` for one character. */
  match: string;
  /** `auto` leaves to the analysis what rules before it decide. */
  choice: Choice | 'auto';
}

/** Decisions about parts of a model; of rules that speak of the same part, the last one counts. */
export interface RecipeRules {
  layers: RecipeRule<LayerChoice>[];
  operators: RecipeRule<OperatorChoice>[];
  /** What is done to the float model before, and nothing else; left out, that is chosen. */
  remedies?: RemedyName[];
  /** Clips on |x| of 8-bit activations, whatever the calibrator says; pairs, since a tensor may be called `__proto__`. */
  clips?: TensorClip[];
}

/** A user's decisions, as a recipe file holds them (docs/recipe.md). What it leaves open is for others to say. */
export interface Recipe extends RecipeRules {
  version: typeof RECIPE_VERSION;
  /** {@link ModelSummary.hash} of the model that it was decided for. */
  model?: string;
  /** As {@link AnalyzeSettings.data}; in a file from its own folder. */
  data?: string;
  preset?: PresetName;
  samples?: number;
  profile?: ProfileChoice;
  weights?: WeightGranularity;
  calibration?: CalibrationChoice;
  targetDrop?: number;
}
