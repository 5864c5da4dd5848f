import type {
  Budget,
  CalibrationChoice,
  LayerChoice,
  PresetName,
  ProfileChoice,
  ProfileName,
  Resource,
  UsedMethod,
  WeightGranularity,
} from './choices';
import type { RecipeRules } from './recipe';

export interface AnalyzeSettings {
  /** Path of an npz file or of a folder; docs/data.md has every kind. */
  data: string;
  /** For pictures of a folder whose `quantscope.json` does not say how they become tensors; `null` for none. */
  preset: PresetName | null;
  /** At most so many samples of each part; `null` for all. */
  samples: number | null;
  weights: WeightGranularity;
  calibration: CalibrationChoice;
  profile: ProfileChoice;
  /** Relative drop that is still accepted: 0.01 for "within 1% of float". */
  targetDrop: number;
  /** What the user decided about layers and operators; the rest is chosen. */
  recipe?: RecipeRules;
  /** Goes on without samples that cannot be loaded or run, and names them; left out, the first one ends the work. */
  skipFailed?: boolean;
  /** Path of a file that `calibrate` or `merge` wrote: takes the place of the calibration pass. */
  calibrated?: string;
}

export interface SettledSettings extends AnalyzeSettings {
  /** The target that `auto` stood for. */
  profile: ProfileName;
  /** The method used; the winner when `calibration` is `auto`. */
  method: UsedMethod;
  calibrationSamples: number;
  /** Samples on which the workflow compared what it tried. */
  choosingSamples: number;
  /** Samples that prove the result, and chose nothing. */
  evaluationSamples: number;
  /** True when there were too few samples to keep the parts apart. */
  sharedSamples: boolean;
}

export interface QuantizeSettings extends AnalyzeSettings {
  output: string;
  /** Times choose nothing, so that the same settings give the same bytes; left out, they may. */
  reproducible?: boolean;
  /** Layers to keep in float, whatever the recipe says, with none beside; `null` lets the analysis choose. */
  keepFloat: string[] | null;
}

export interface TradeOffSettings extends AnalyzeSettings {
  /** All of them are kept; empty where the target drop alone decides. */
  budgets: Budget[];
  /** The resource along which the front runs. */
  along: Resource;
  /** What layers may be besides int8 and float, where they can. */
  grids: LayerChoice[];
  /** `noise`: as each was measured alone. `orthogonality`: by OMPQ's importance, which never looks at quantization. */
  by: 'noise' | 'orthogonality';
  /** Scores every point of the front, not only those that the choice takes. */
  verifyAll: boolean;
}

/** What the engine may take of the machine, sent when it starts; `null` leaves it to the engine. */
export interface EngineLimits {
  /** Threads that compute. */
  threads: number | null;
  /** Bytes of samples and of results between layers that are kept so as not to be computed again. */
  memory: number | null;
}
