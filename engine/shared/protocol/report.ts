import type {
  CalibrationMethod,
  Decisions,
  MetricName,
  NetworkDecision,
  OperatorChoice,
  UsedMethod,
} from './choices';
import type { ModelSummary } from './model';
import type { Recipe } from './recipe';
import type { SettledSettings } from './settings';

/**
 * Everything that crosses a process border: plain data and the names of requests.
 * The one engine file that `extension` and `webview` may import. It imports nothing.
 */

/** Version of {@link Report}; raised when a field changes its meaning or goes. */
export const REPORT_VERSION = 10;

/** A histogram with bins of one width on both sides of zero, as drawn and as stored in a report. */
export interface HistogramData {
  /** Width of every bin, in the tensor's own units; a power of two. */
  binWidth: number;
  /** `positive[i]` counts values in [i·binWidth, (i+1)·binWidth); trailing empty bins are cut. Zeros are here. */
  positive: number[];
  /** `negative[i]` counts values in (−(i+1)·binWidth, −i·binWidth]; trailing empty bins are cut. */
  negative: number[];
}

/** Where the middle half of the measured values lies. */
export interface LatencySpread {
  low: number;
  high: number;
}

export interface FloatResult {
  metric: MetricName;
  score: number;
  /** Median milliseconds of one sample on one thread. */
  latencyMs: number;
  latencySpread: LatencySpread;
  /** Size of the file. */
  bytes: number;
}

/** A difference of scores over the same samples. */
export interface ScoreDifference {
  /** Against float: negative where it lost. */
  difference: number;
  /** 95% of such samples would give a difference between these; both are the difference where there is one sample. */
  low: number;
  high: number;
}

/**
 * - `met`: the upper end of the drop's interval of 95% is within the target;
 * - `missed`: the lower end is beyond it;
 * - `inconclusive`: neither; the samples are too few to say;
 * - `not-measurable`: the data, the model or the metric tell nothing.
 */
export type VerdictKind = 'met' | 'missed' | 'inconclusive' | 'not-measurable';

/** Whether a target is met, as far as the samples tell. */
export interface TargetVerdict {
  kind: VerdictKind;
  /** Why, in sentences. */
  reason: string;
  /** Of what is inconclusive: how likely it is within the target, where that is known. */
  probability?: number;
  /** Likewise, about how many samples would settle it. */
  samples?: number;
}

export interface Int8Result extends FloatResult {
  verdict: TargetVerdict;
  difference: ScoreDifference;
  /** How many times faster than float, by runs side by side. */
  speedup: { median: number } & LatencySpread;
  /** Share of the layers' multiplications with additions that are computed in float. */
  floatShare: number;
  /** Where the time goes that it takes more than float, most first; empty when it is not slower. */
  slower: { opType: string; milliseconds: number; floatMilliseconds: number }[];
  /** Nodes of the graph as onnxruntime runs it that compute on integers. */
  integerNodes: number;
  /** Nodes of the same graph that compute on floats; conversions between the two are not counted. */
  floatNodes: number;
  /** Those nodes by operator and reason, most of them first. */
  floatGroups: FloatGroup[];
}

/** Float nodes of one operator that are in float for one reason. */
export interface FloatGroup {
  opType: string;
  reason: string;
  /** Their names as onnxruntime runs them. */
  nodes: string[];
}

export interface RunNode {
  name: string;
  opType: string;
  /** `conversion` also stands for moving values and for arithmetic on shapes, indices and masks. */
  kind: 'integer' | 'float' | 'conversion';
  /** Why a float node is not computed on integers, in a sentence; `null` for other nodes. */
  reason: string | null;
}

/** How often a tensor held each, and the sample in which the first one came. */
export interface NotFiniteValues {
  nan: number;
  positive: number;
  negative: number;
  /** `null` when its name is not known any more. */
  sample: string | null;
}

export interface LayerInput {
  tensor: string;
  histogram: HistogramData;
  min: number;
  max: number;
  /** Values that are in no bin, because they are no numbers; left out when all are. */
  notFinite?: NotFiniteValues;
  /** How many of the values in the first positive bin are exactly zero. */
  zeros?: number;
  /** Values below make no difference to what reads them, and its grid begins here; left out for most. */
  least?: number;
  /** Clip on |x| by method. */
  clips: Record<string, number>;
  /** The one in use. */
  method: CalibrationMethod;
  /** The clip that the user decided, which comes before the method's. */
  decided?: number;
}

export interface LayerAdvice {
  decision: 'int8' | 'float';
  reason: string;
}

/**
 * What makes a layer lose accuracy, by measured facts:
 * - `weight-channels`: one scale for channels of a weight whose ranges differ many times;
 * - `lost-channels`: the same scale leaves some channels of a weight, most of whose channels are fine, no code but 0;
 * - `low-rank`: a weight that acts along few directions, and inputs that lie along others, which its rounding lets through;
 * - `outliers`: few values far out cost all others bits;
 * - `unlike-parts`: tensors of unlike ranges were joined on one grid;
 * - `shared-grid`: a part of a tensor is read whose whole, which has the same grid, reaches many times as far;
 * - `half-unused`: a symmetric grid for values on one side of zero;
 * - `lobe-lost`: the small negative values of an activation function fall into one step;
 * - `upstream`: most of the error at its output came with what it reads;
 * - `magnified`: its own noise is small, and what follows magnifies it;
 * - `coarse`: nothing but that 8 bits are too few.
 */
export type CauseKind =
  | 'weight-channels'
  | 'lost-channels'
  | 'low-rank'
  | 'outliers'
  | 'unlike-parts'
  | 'shared-grid'
  | 'half-unused'
  | 'lobe-lost'
  | 'upstream'
  | 'magnified'
  | 'coarse';

export interface Cause {
  kind: CauseKind;
  /** The facts, in a sentence. */
  reason: string;
  /** What fits, in a sentence; `null` where nothing but a finer grid or float does. */
  remedy: string | null;
  /** Decibels of noise at the layer's own output that it would save, foretold from histograms and weights; `null` where they tell nothing. */
  gainDb: number | null;
}

export interface LayerReport {
  name: string;
  opType: string;
  weight: string | null;
  inputs: LayerInput[];
  /** Signal to quantization noise at this layer's own output, fed with float inputs, in dB. */
  sqnrDb: number;
  /** Cosine between that output in int8 and in float, over all its values. */
  cosine: number;
  /** The model's score with this layer alone in int8. */
  score: number;
  /** choosing.score − score. */
  drop: number;
  /** Of the drop, over the samples: it is noise where it is no larger than about twice this. */
  standardError: number;
  /** How many of the samples that choose were run for it: fewer than all once they settled whether the drop matters. */
  samples: number;
  /** Signal to quantization noise of the model's outputs with this layer alone in int8, in dB: ranks where scores are equal. */
  outputDb: number;
  /** Cosine between the same outputs and float's, the mean over outputs and samples. */
  outputCosine: number;
  /**
   * How little its output is alike to those of the other layers over samples, from 0 to 1: one less the mean of OMPQ's metric over
   * them. It never looks at rounding. `null` where it cannot be told.
   */
  orthogonality: number | null;
  /** Signal to noise at its output in the net with all in int8, in dB, with all that came before; `null` where it cannot be told. */
  pathDb: number | null;
  /** Cosine there, likewise. */
  pathCosine: number | null;
  /** `null` where there is nothing to explain. */
  cause: Cause | null;
  /** All in int8 but this layer; `null` where it was not asked for, since all in int8 does. */
  without: { score: number; standardError: number } | null;
  /** As `sqnrDb`, with the remedies and scales of the advised model; `null` where it has no others. */
  mendedDb: number | null;
  /** Whether onnxruntime computed it on integers when all layers were int8. */
  ranAsInteger: boolean;
  advice: LayerAdvice;
}

/**
 * One thing that brings accuracy back where everything in int8 misses the target: by itself, on the samples that choose.
 */
export interface Fix {
  kind: 'remedy' | 'operator' | 'layer';
  /** What to do, for people: `Keep p2o.Conv.28 in float`. */
  what: string;
  /** Of the layer or the operators; empty for remedies of the whole. */
  names: string[];
  /** The score without it, and with it. */
  from: number;
  to: number;
  /** Of what it gains, over samples. */
  standardError: number;
  /** Whether it is enough by itself. */
  isEnough: boolean;
  /** Bytes that weights take more. */
  bytes: number;
  /** Share of multiply-adds that is computed in float more. */
  floatShare: number;
  /** Milliseconds of a sample more, as onnxruntime's profile has it; `null` where nobody measured it. */
  milliseconds: number | null;
  /** Whether the advised model has it. */
  taken: boolean;
  /** What a recipe says for a remedy; left out for layers and operators, which it names, and by earlier versions. */
  change?: NetworkDecision;
}

/**
 * An operator between the layers. Alone, its result is rounded to the grid that it has in int8, and all else computed in float.
 */
export interface OperatorReport {
  name: string;
  opType: string;
  /** The function that it is a part of, where an exporter wrote that out; `null` for others. */
  block: string | null;
  /** Signal to the noise that its grid adds to its result, in dB, from its histogram. */
  sqnrDb: number;
  /** Signal to noise of the model's outputs with it alone rounded, in dB. */
  outputDb: number;
  /** What it costs alone; on few samples where those showed others to be noisier. */
  drop: number;
  standardError: number;
  samples: number;
  /** All in int8 but this operator; `null` where it was not asked for, since all in int8 does. */
  without: { score: number; standardError: number } | null;
  decision: OperatorChoice;
}

/**
 * A layer while the analysis runs. First there is what its histograms foretell; then its noise is measured; then what it costs alone
 * in int8, on few samples and then on as many as settle whether that matters.
 */
export interface MeasuredLayer extends Pick<LayerReport, 'name' | 'sqnrDb'> {
  /** The noise is foretold, and not measured yet. */
  isForetold: boolean;
  alone: (Pick<LayerReport, 'drop' | 'standardError' | 'outputDb'> & { isSettled: boolean }) | null;
}

/** Two layers in int8, the rest in float. */
export interface LayerPair {
  layers: [string, string];
  /** What they lose together, and the sum of what they lose alone. */
  drop: number;
  sum: number;
  /** Of the difference of the two, sample by sample. */
  standardError: number;
  /** Whether they differ by more than three standard errors, which chance hardly does for any of fifteen pairs. */
  isBeyondNoise: boolean;
}

/** Layers that do not cost together what they cost alone, on those of the samples that choose which each of them was run on. */
export interface Interactions {
  /** How many layers, those that cost most; `null` where it is all of them. */
  layers: number | null;
  /** How many samples. */
  samples: number;
  /** These layers in int8, with what stands between them in float. */
  jointDrop: number;
  sumOfDrops: number;
  /** Of the difference of the two, sample by sample. */
  standardError: number;
  /** Of the layers that cost most, on all samples that choose. */
  pairs: LayerPair[];
}

/** What a target would not do as hoped with a model, told before it is exported. */
export interface LintFinding {
  /** The target does not load it; computes it in float; or has an integer form that is slower than float. */
  severity: 'refuses' | 'float' | 'slow';
  /** Empty for what concerns the whole model. */
  opType: string;
  /** Names of the nodes that this is true of. */
  nodes: string[];
  message: string;
  /** The way out. */
  hint: string;
}

export interface Report {
  version: typeof REPORT_VERSION;
  /** When the analysis ended, ISO 8601. */
  created: string;
  model: ModelSummary;
  settings: SettledSettings;
  /** State of the data when it was measured; absent from reports of before it was kept. */
  dataStamp?: string;
  float: FloatResult;
  /** Every layer in int8. */
  int8: Int8Result;
  /** That of `advised`. */
  verdict: TargetVerdict;
  /** All but `keepFloat` in int8, measured jointly; equal to `int8` when nothing stays in float. */
  advised: Int8Result & {
    /** Only where the verdict is `met`. */
    meetsTarget: boolean;
  };
  /** How each node of the all-int8 model was run. */
  nodes: RunNode[];
  /** The score on the samples that choose, which the layers' scores are to be held against. */
  choosing: { score: number };
  /** What stands between the layers and cost accuracy in int8; empty when it is not to blame. */
  blamed: BlamedOperators[];
  /** All that the workflow tried, in its order. */
  notebook: NotebookEntry[];
  decisions: Decisions;
  /** In the model's own order. */
  layers: LayerReport[];
  /** What stands between them and computes in int8, the noisiest at the outputs first. */
  operators: OperatorReport[];
  /** `null` where the layers' drops add up to what all of them lose together. */
  interactions: Interactions | null;
  /** What would mend it, what is enough first and of that what costs least; empty where everything in int8 is near enough. */
  fixes: Fix[];
  /** Names of the layers advised to stay in float, worst first. */
  keepFloat: string[];
  /** Score on the calibration part by method, when `calibration` is `auto`. */
  calibrationTable: { method: UsedMethod; score: number }[];
  /** What the target would not do as hoped with the advised model. */
  lint: LintFinding[];
  warnings: string[];
}

export type NotebookStep =
  'calibrator' | 'operators' | 'remedy' | 'grid' | 'float layers' | 'latency' | 'verification';

/** One thing that the workflow tried, as in a laboratory notebook. */
export interface NotebookEntry {
  step: NotebookStep;
  /** What it was, for people. */
  tried: string;
  /** On the samples that choose; for `verification` on those that do not. */
  score: number;
  /** Against float on the same samples: negative where it lost. */
  difference: number;
  /** Of the difference, over samples. */
  standardError: number;
  /** Signal to noise of the outputs against the float model's; `null` where it decided nothing. */
  sqnrDb: number | null;
  /** Milliseconds of one sample, where that was what decided. */
  latencyMs?: number;
  /** Of a remedy: what the network that was tried has of them, and how its weights are scaled. Earlier versions lack it. */
  network?: Required<NetworkDecision>;
  /** Whether the result has it. */
  kept: boolean;
}

/** Operators between the layers that cost accuracy in int8. */
export interface BlamedOperators {
  opType: string;
  /** Those that stay in float. */
  nodes: string[];
  /** What the score gained when all of the type left int8. */
  gain: number;
}

export interface QuantizeResult {
  output: string;
  /** {@link ModelSummary.hash} of the model that was quantized. */
  modelHash: string;
  settings: SettledSettings;
  /** State of the data before it was read. */
  dataStamp: string;
  keepFloat: string[];
  decisions: Decisions;
  /** The decisions as a recipe that leaves nothing open. */
  recipe: Recipe;
  blamed: BlamedOperators[];
  notebook: NotebookEntry[];
  float: FloatResult;
  int8: Int8Result;
  verdict: TargetVerdict;
  /** Only where the verdict is `met`. */
  meetsTarget: boolean;
  /** What the target would not do as hoped with the model. */
  lint: LintFinding[];
  /** What users have to know of the data, in sentences. */
  warnings: string[];
}

export interface EvaluateResult {
  model: string;
  against: string | null;
  metric: MetricName;
  score: number;
  floatScore: number | null;
  /** Against float, for a drop of 1%; without float `null`, unless nothing can be measured. */
  verdict: TargetVerdict | null;
  latencyMs: number;
  bytes: number;
  samples: number;
  /** What users have to know of the data, in sentences. */
  warnings: string[];
}
