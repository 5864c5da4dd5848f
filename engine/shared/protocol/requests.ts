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

/**
 * What a layer computes on.
 * - `int8`: the target's pair of 8-bit activations and weights.
 * - `uint8`: the same with unsigned weights around 128, whose products do not saturate on x86 without VNNI and are slower there.
 * - `int16`: 16-bit activations beside int8 weights; onnxruntime computes it in float.
 * - `int4`: weights in 4 bits with a scale for each output, in ONNX's own operators; what multiplies them is up to the runtime:
 *   onnxruntime quantizes the input of a MatMul as for `int4-block`, and computes all else in float.
 * - `int4-block`: weights in 4 bits with a scale for each block of 32 inputs of each output (onnxruntime's MatMulNBits), which
 *   quantizes its input block by block as it runs.
 * - `dynamic`: int8 weights, and an input that is quantized by its own range as it runs; needs no calibration.
 * - `int8-weights`: weights stored in int8 that become floats as it runs; needs no calibration. What computes the product is up to the
 *   runtime: onnxruntime quantizes the input of a MatMul as for `int4-block`, and computes all else in float.
 */
export type LayerGrid = 'int8' | 'uint8' | 'int16' | 'int4' | 'int4-block' | 'dynamic' | 'int8-weights';
/** What a layer is in a quantized model; `float16` computes in float too, and has its weights stored as halves. */
export type LayerChoice = LayerGrid | 'float' | 'float16';
/** Where an operator between the layers is computed. */
export type OperatorChoice = 'int8' | 'float';
export type WeightGranularity = 'per-channel' | 'per-tensor';
/** How pictures become tensors where nothing else says so. */
export type PresetName = 'imagenet' | 'ocr' | '0-1' | '-1-1';
/** `x86` needs a processor with VNNI; `x86-avx2` is for those without, whose weights take 7 bits. */
export type ProfileName = 'x86' | 'x86-avx2' | 'arm' | 'tensorrt';
/** `auto` is what the processor that measures takes. */
export type ProfileChoice = ProfileName | 'auto';
export type MetricName =
  'top1' | 'top5' | 'ctc' | 'frames' | 'iou' | 'segments' | 'sqnr' | 'cosine' | 'agreement';
/** `max`, `entropy`, `mse`, or `percentile:P` with 50 ≤ P ≤ 100. */
export type CalibrationMethod = 'max' | 'entropy' | 'mse' | `percentile:${number}`;
/** One method for all tensors, or the best one for each. */
export type UsedMethod = CalibrationMethod | 'mixed';
export type CalibrationChoice = UsedMethod | 'auto';

export interface TensorShape {
  name: string;
  /** ONNX element type in lower case: `float`, `int64`, `uint8`, … */
  type: string;
  /** A number, or the symbol of a dynamic dimension (`?` where it has none); `null` when the rank is unknown. */
  dims: (number | string)[] | null;
}

/** One quantizable operator (Conv, ConvTranspose, Gemm, MatMul, LSTM, GRU, Gather of embeddings). */
export interface LayerSummary {
  /** In bodies of If, Loop and Scan with the path: `If_1/then_branch/Conv_3`. */
  name: string;
  opType: string;
  /** The weight's name, or `null` for a product of two activations. */
  weight: string | null;
  /** The tensor that leaves it. */
  output: string;
  /** `null` while nobody has told: the file does not, and onnxruntime was not asked. */
  outputShape: TensorShape['dims'];
  weightShape: number[] | null;
  weightBytes: number;
  /** What it can be on onnxruntime's targets; TensorRT takes of these int8, float and float16. Analyses of earlier versions lack it. */
  choices?: LayerChoice[];
}

/** The least and the largest of so many values. */
export interface ValueRange {
  count: number;
  min: number;
  max: number;
}

/** A tensor that a file keeps or passes on as integers: value = (integer − zero point) · scale. */
export interface QuantizedTensor {
  tensor: string;
  kind: 'activation' | 'weight';
  /** Type in lower case: `uint8`, `int4`, `float8e4m3fn`, … */
  type: string;
  /** `null` when it is computed while the model runs. */
  scale: ValueRange | null;
  zeroPoint: ValueRange | null;
  /** Axis along which there are several scales; `null` where there is one or the operator says otherwise. */
  axis: number | null;
  /** Values that share a scale along the axis; `null` where all do. */
  blockSize: number | null;
}

/** A product that its file has quantized already. */
export interface QuantizedLayer {
  name: string;
  opType: string;
  /** Pairs around it, an integer operator, an input quantized anew at every run, or only its weight. */
  form: 'qdq' | 'qoperator' | 'dynamic' | 'weight-only';
}

export interface QuantizedModel {
  /** That of its layers; `mixed` when they differ. */
  form: QuantizedLayer['form'] | 'mixed';
  tensors: QuantizedTensor[];
  layers: QuantizedLayer[];
}

export interface ModelSummary {
  path: string;
  /** Of the file, with the files that hold its weights. */
  bytes: number;
  /** SHA-256 of the file, in hex; of weights in other files or in a large one, name, size and time of change count. */
  hash: string;
  irVersion: number;
  opset: number;
  /** Operator sets besides the default one, such as `com.microsoft 1`. */
  otherOpsets: string[];
  producer: string;
  parameters: number;
  nodeCount: number;
  /** Operator type to number of nodes, most frequent first. */
  operators: Record<string, number>;
  inputs: TensorShape[];
  outputs: TensorShape[];
  layers: LayerSummary[];
  /** Functions that exporters write out in parts; `name` is that of the node that makes the result. */
  blocks: {
    kind: 'LayerNorm' | 'GELU' | 'HardSwish' | 'SiLU' | 'Softmax';
    name: string;
    nodes: string[];
  }[];
  /** Products that have to stay in float, and why. */
  unquantizable: { name: string; opType: string; reason: string }[];
  /** What is done differently with this model than its file says, in sentences. */
  notes: string[];
  /** How the file is quantized as it comes; `null` for a float model. Its float layers are in `layers`. */
  quantized: QuantizedModel | null;
}

/** A node of the network as it is quantized, or one of the model's inputs and outputs. */
export interface GraphNode {
  name: string;
  kind: 'input' | 'operator' | 'output';
  /** Empty for inputs and outputs. */
  opType: string;
  /** The layer that it is, or that it is the bias or activation function of. */
  layer: string | null;
  /** Index of the innermost group that holds it. */
  group: number | null;
}

/** Nodes that are shown as one until they are opened. */
export interface GraphGroup {
  /** The path that its nodes' names share, or the kind of a block. */
  name: string;
  kind: 'path' | 'block';
  /** Index of the group around it; smaller than its own. */
  parent: number | null;
}

/** A tensor on its way; `from` and `to` are indices of nodes. */
export interface GraphEdge {
  from: number;
  to: number;
  tensor: string;
  /** `null` where the file does not tell. */
  dims: TensorShape['dims'];
}

/** The network to draw; constants are no nodes of it. */
export interface ModelGraph {
  /** Of the model that it was made of: {@link ModelSummary.hash}. */
  hash: string;
  nodes: GraphNode[];
  groups: GraphGroup[];
  edges: GraphEdge[];
}

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

/** What a recipe decides of the whole network; what is left out is for others to say. */
export type NetworkDecision = Partial<Pick<Decisions, 'remedies' | 'weights'>>;

/** A clip on |x| in the units of the tensor as the model's file has it. */
export type TensorClip = [tensor: string, clip: number];

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

/** What the workflow decided, enough to make the same model again. */
export interface Decisions {
  method: UsedMethod;
  weights: WeightGranularity;
  /** Operators between the layers that are computed on integers where integers reach them, by name. */
  operators: string[];
  /** Layers that are not plain int8. */
  choices: Record<string, LayerChoice>;
  /** What was done to the float model before, in this order. */
  remedies: RemedyName[];
  /** Clips that the user decided; left out when there are none. */
  clips?: TensorClip[];
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

/** What can be done to a float model so that it loses less in int8. */
export type RemedyName = 'equalize' | 'split-depthwise' | 'round' | 'correct-bias' | 'gelu10';

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

export interface QuantizeSettings extends AnalyzeSettings {
  output: string;
  /** Times choose nothing, so that the same settings give the same bytes; left out, they may. */
  reproducible?: boolean;
  /** Layers to keep in float, whatever the recipe says, with none beside; `null` lets the analysis choose. */
  keepFloat: string[] | null;
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

/** What a choice of grids is paid with: the file's bytes, multiplied bits, or milliseconds of one sample on one thread. */
export type Resource = 'bytes' | 'bops' | 'latency';

/** A model's bytes, bit operations (multiply-adds × weight bits × activation bits) and milliseconds. */
export type ResourceUse = Record<Resource, number>;

/** The most that a network may take of a resource. */
export interface Budget {
  resource: Resource;
  /** In the resource's unit; or 0.3 for 30% of what the float model takes. */
  limit: number;
  isShare: boolean;
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

/** What one layer costs on one grid, the rest in float. */
export interface ChoiceCost {
  choice: LayerChoice;
  /** Of the model's outputs: noise power against signal power. */
  noise: number;
  drop: number;
  /** Of the drop, over the samples. */
  standardError: number;
  /** What the model takes more than in float; negative for less. */
  extra: ResourceUse;
}

/** A network on the front: what is predicted of it from its layers, and what was measured. */
export interface TradeOffPoint {
  /** Layers that are not plain int8, by name. */
  choices: Record<string, LayerChoice>;
  predicted: ResourceUse & { outputDb: number; drop: number; standardError: number };
  /** On the samples that choose; `null` where it was not built. */
  verified: { score: number; drop: number; standardError: number; outputDb: number; bytes: number } | null;
}

/** Version of {@link TradeOff}; raised when a field changes its meaning or goes. */
export const TRADE_OFF_VERSION = 2;

export interface TradeOff {
  /** When it was made, ISO 8601; earlier versions lack it. */
  created?: string;
  model: Pick<ModelSummary, 'path' | 'hash' | 'bytes'>;
  settings: SettledSettings & Pick<TradeOffSettings, 'budgets' | 'along' | 'grids' | 'by'>;
  float: FloatResult;
  /** What the float model takes: budgets are shares of this. */
  floatUse: ResourceUse;
  /** The score of the float model on the samples that choose. */
  choosing: { score: number };
  layers: { name: string; opType: string; orthogonality: number | null; choices: ChoiceCost[] }[];
  /** From the least of the resource to the most, none dominated by another. */
  points: TradeOffPoint[];
  /** Index of the chosen one. */
  chosen: number;
  /** How far the chosen one's score is off its prediction: negative where it is worse. */
  offPrediction: ScoreDifference;
  /** The chosen network on the samples that prove. */
  result: Int8Result;
  /** Budgets that it does not keep by what was measured, and what that is, in the budget's terms. */
  missed: { budget: Budget; measured: number }[];
  verdict: TargetVerdict;
  /** Only where the verdict is `met`. */
  meetsTarget: boolean;
  decisions: Decisions;
  recipe: Recipe;
  notebook: NotebookEntry[];
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

export type Stage = 'calibrate' | 'choose' | 'evaluate' | 'local' | 'sensitivity' | 'select' | 'quantize';

export interface Progress {
  stage: Stage;
  /** What is being done, for people: `Measuring each layer`. */
  title: string;
  done: number;
  /** 0 while nobody knows it. */
  total: number;
  /** Estimated from this stage's pace; `null` until it is known. */
  secondsLeft: number | null;
}

export type ErrorCode =
  | 'bad-model'
  | 'bad-data'
  | 'bad-option'
  | 'not-found'
  | 'unsupported'
  | 'runtime'
  | 'cancelled'
  | 'write-failed';

/** What an EngineError becomes on the wire (`data` of a ResponseError). */
export interface ErrorData {
  code: ErrorCode;
  message: string;
  hint: string;
}

/** What the engine may take of the machine, sent when it starts; `null` leaves it to the engine. */
export interface EngineLimits {
  /** Threads that compute. */
  threads: number | null;
  /** Bytes of samples and of results between layers that are kept so as not to be computed again. */
  memory: number | null;
}

/** What a recipe comes to for a model. */
export interface ResolvedRecipe {
  /** `null` where the text cannot be read. */
  recipe: Recipe | null;
  /** What each layer that it speaks of is. */
  choices: [layer: string, choice: LayerChoice][];
  /** Where each operator that it speaks of is computed. */
  operators: [operator: string, choice: OperatorChoice][];
  /** What is wrong with it. */
  problems: ErrorData[];
}

/** What is known of a name, as Markdown, and its columns in the line. */
export interface NameHover {
  value: string;
  start: number;
  end: number;
}

/** Parameters and result of every custom request, by method; all live under `quantscope/`. */
export interface Requests {
  /** Reads a model file: its summary, and its finished analysis and last plan if they are cached for these very bytes. */
  'quantscope/open': {
    params: { path: string };
    result: { summary: ModelSummary; report: Report | null; tradeOff: TradeOff | null };
  };
  /** The analysis of these very bytes that the finished one took the place of. */
  'quantscope/previous': { params: { path: string }; result: Report | null };
  /** Measures; answers with the report, or with error `cancelled` after `$/cancelRequest`. */
  'quantscope/analyze': { params: { path: string; settings: AnalyzeSettings }; result: Report };
  /** Writes an int8 model and proves it. */
  'quantscope/quantize': { params: { path: string; settings: QuantizeSettings }; result: QuantizeResult };
  /** Chooses a grid for each layer within budgets or for a target, runs the choice and proves it. */
  'quantscope/plan': { params: { path: string; settings: TradeOffSettings }; result: TradeOff };
  /** The model in ONNX's textual syntax; `uri` is that of the document that will show it. */
  'quantscope/text': { params: { path: string; uri: string }; result: string };
  /** The network to draw; needs no data. */
  'quantscope/graph': { params: { path: string }; result: ModelGraph };
  /** Refuses, as the work itself does, a file to write that is read: of the model, beside it, or of `data`. */
  'quantscope/checkOutput': { params: { path: string; output: string; data: string | null }; result: null };
  /** What tells one state of a data source on disk from another: see {@link Report.dataStamp}. */
  'quantscope/stamp': { params: { path: string; data: string }; result: string };
  /**
   * What a clip does to the model's score, by running it; needs a finished analysis and its data. Clips and layers that the
   * settings' recipe decides are in the networks that it is tried in.
   */
  'quantscope/tryClip': {
    params: {
      path: string;
      settings: AnalyzeSettings;
      layer: string;
      tensor: string;
      clip: number;
      /** At most so many of the samples that choose; `null` for all. */
      samples: number | null;
    };
    result: ClipTrial;
  };
  /** Ranges of a layer's weights, channel by channel; needs no data. */
  'quantscope/layer': { params: { path: string; layer: string }; result: LayerWeights };
  /** What a page shows of a model beside its report; needs a finished analysis, and no data. */
  'quantscope/pageParts': { params: { path: string }; result: PageParts };
  /** A layer's outputs in int8 against those in float, on a few samples; needs a finished analysis and its data. */
  'quantscope/scatter': {
    params: { path: string; settings: AnalyzeSettings; layer: string };
    result: OutputScatter;
  };
  /** What a layer reads before and after the remedies of the advised model; needs a finished analysis and its data. */
  'quantscope/remediedInputs': {
    params: { path: string; settings: AnalyzeSettings; layer: string };
    result: RemediedInputs;
  };
  /** What a recipe's text decides of a model, rule by rule: what one of them cannot do leaves the others. */
  'quantscope/recipe': { params: { path: string; text: string; file: string }; result: ResolvedRecipe };
  /** What open models say of the name at a column of a line, as Markdown, and from where to where it is; `path` is the file's. */
  'quantscope/hover': { params: { path: string; line: string; column: number }; result: NameHover | null };
  /** Says what a data source holds, before it is used. */
  'quantscope/data': {
    params: { path: string; data: string; preset: PresetName | null };
    result: DataSummary;
  };
}

/** What a network scored on some of the samples that choose. */
export interface NetworkScore {
  score: number;
  /** Of the float model on the same samples, less this. */
  drop: number;
  standardError: number;
  /** Signal to noise of the model's outputs, in dB. */
  outputDb: number;
}

/** A clip that was tried, beside the one in use. */
export interface ClipTrial {
  layer: string;
  tensor: string;
  clip: number;
  /** The clip in use. */
  used: number;
  /** How many of the samples that choose were run, and how many there are. */
  samples: number;
  allSamples: number;
  /** Signal to noise at the layer's own output, fed with float inputs, in dB. */
  sqnrDb: { tried: number; used: number };
  /** This layer alone in int8. */
  alone: { tried: NetworkScore; used: NetworkScore };
  /** Everything as advised; `null` where nothing there has the tensor on a grid of 8 bits. */
  advised: { tried: NetworkScore; used: NetworkScore } | null;
}

/** Least, quartiles and largest of the weights of channels; of each an entry for every box. */
export interface ChannelBoxes {
  min: number[];
  low: number[];
  median: number[];
  high: number[];
  max: number[];
}

/** How the weights of a layer's output channels are spread. */
export interface WeightRanges {
  boxes: ChannelBoxes;
  /** Largest magnitude of all weights, and the median of the channels' own. */
  reach: number;
  medianReach: number;
  /** One step of the grid that one scale for the whole weight would give. */
  step: number;
  /** How many channels reach no further than that step. */
  withinStep: number;
  /** Channels that reach many times as far as the median, the furthest first; not all of many. */
  outliers: { channel: number; reach: number; times: number }[];
  outlierCount: number;
}

export interface LayerWeights {
  layer: string;
  weight: string;
  shape: number[];
  channels: number;
  /** How many neighbouring channels a box stands for; the last one for what is left. */
  joined: number;
  before: WeightRanges;
  /** With the remedies of the advised model that change ranges; `null` where they left this layer as it was. */
  after: WeightRanges | null;
}

/** What a report in a file of its own shows of the model itself. */
export interface PageParts {
  /** The network to draw, or why the page has none. */
  graph: ModelGraph | ErrorData;
  /** Of the layers with the largest drops. */
  weights: LayerWeights[];
  /** Those that were made of this analysis: of the same layers from the terminal, of those that were asked for in the editor. */
  scatters: OutputScatter[];
}

/** A report that another one is held against. */
export interface OtherReport {
  report: Report;
  /** Where it comes from, for people. */
  label: string;
}

/** All that a report in a file of its own shows. */
export interface PageContents {
  report: Report;
  /** `null` where the model is no longer what the report is of. */
  parts: PageParts | null;
  /** The last plan of the model; `null` when there is none. */
  tradeOff: TradeOff | null;
  /** What the report is compared with; `null` for nothing. */
  compared: OtherReport | null;
}

/** What a layer reads, with the clip that its grid has: of the calibrator, a remedy or the user. */
export interface ClippedInput extends LayerInput {
  clip: number;
}

/** What a layer reads in the float model, and in the one that the remedies of the advised model made of it. */
export interface RemediedInputs {
  layer: string;
  /** Those of the advised model that change how far activations or their grids reach. */
  remedies: RemedyName[];
  /** Calibration samples that each of the two models was run on. */
  samples: number;
  /** In the order in which the layer reads them; none after where it is as before, several where the layer was split. */
  inputs: { before: ClippedInput; after: ClippedInput[] }[];
}

/** How a layer's outputs in int8 lie against those in float. */
export interface ScatterCounts {
  /** Square of bins: the int8 value's bin from the least up, in each of them the float value's from the least up. */
  counts: number[];
  /** Signal to noise of all values, drawn or not, in dB. */
  sqnrDb: number;
}

export interface OutputScatter {
  layer: string;
  tensor: string;
  samples: number;
  /** How many values these have, and how many of them are counted: where there are many, every n-th. */
  values: number;
  counted: number;
  /** Bins along each axis, from `low` to `high` on both. */
  bins: number;
  low: number;
  high: number;
  /** The layer alone in int8. */
  alone: ScatterCounts;
  /** Everything in int8; `null` where its model does not make the tensor. */
  net: ScatterCounts | null;
}

export interface DataSummary {
  data: string;
  metric: MetricName;
  hasTruth: boolean;
  calibrationSamples: number;
  evaluationSamples: number;
  sharedSamples: boolean;
  /** The first samples that calibrate: pictures and figures of them, never their tensors. */
  preview: SamplePreview[];
  /** What looks wrong with the data, each a sentence with its figures and the way out. */
  warnings: string[];
}

/** One sample as the model is fed with it. */
export interface SamplePreview {
  name: string;
  /** A class index, a text, or how much a list holds; `null` when nothing is known. */
  truth: number | string | null;
  /** The first inputs of the model. */
  inputs: InputPreview[];
  /** How many inputs more it has. */
  moreInputs: number;
}

export interface InputPreview {
  input: string;
  /** Element type: `float32`, `int64`, … */
  type: string;
  dims: number[];
  /** Of the finite values; `null` when there are none. */
  min: number | null;
  max: number | null;
  mean: number | null;
  /** NaN and infinities. */
  nonFinite: number;
  picture: TensorPicture;
}

/** A tensor drawn small, by what it looks like. */
export type TensorPicture =
  /** `pixels` are 8 bits a channel in RGB order, in base64; black is the tensor's least value, white its largest. */
  | { kind: 'image'; width: number; height: number; channels: 1 | 3; pixels: string }
  /** The least and the largest value of each column of samples, from left to right. */
  | { kind: 'wave'; low: number[]; high: number[] }
  /** The first whole numbers of a list of ids. */
  | { kind: 'tokens'; values: number[] }
  /** The first rows and columns; `null` stands for NaN and infinities. */
  | { kind: 'table'; rows: (number | null)[][] };

/** Parameters of every custom notification from the engine. */
export interface Notifications {
  'quantscope/progress': { path: string; progress: Progress };
  /** What an analysis that runs has measured of layers, as it comes; a layer may come again with more. */
  'quantscope/measured': { path: string; layers: MeasuredLayer[] };
  /** An analysis or a plan of the open model's very bytes was kept, by this process or another one, such as a terminal's. */
  'quantscope/kept': { path: string };
}
