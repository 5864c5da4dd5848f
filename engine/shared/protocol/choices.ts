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

/** What a recipe decides of the whole network; what is left out is for others to say. */
export type NetworkDecision = Partial<Pick<Decisions, 'remedies' | 'weights'>>;

/** A clip on |x| in the units of the tensor as the model's file has it. */
export type TensorClip = [tensor: string, clip: number];

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

/** What can be done to a float model so that it loses less in int8. */
export type RemedyName = 'equalize' | 'split-depthwise' | 'round' | 'correct-bias' | 'gelu10';

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
