import type { MetricName, PresetName } from '../../shared/protocol/choices';
import type { Tensor } from '../../onnx/tensors/tensor';

export type { ElementType, InputSpec, Tensor, TensorData } from '../../onnx/tensors/tensor';

/**
 * What is known to be right for a sample: a class index; a text; 0 or 1 for each step; or shapes. `null` when nothing is.
 */
export type Truth = number | string | Steps | Shapes | null;
export type Steps = readonly number[];
/** Each is x, y, x, y, … in fractions of the width and the height of the picture that the model is fed with. */
export type Shapes = readonly (readonly number[])[];

export interface Sample {
  /** A file's name or `#17`: what errors call it. */
  name: string;
  /** By input name. */
  feeds: Record<string, Tensor>;
  truth: Truth;
  /** For a model with a state: what follows after the first step. */
  sequence?: {
    steps: Record<string, Tensor>[];
    /** Input to the output that is fed back to it. */
    carry: Record<string, string>;
  };
}

/** Samples that are decoded one at a time, when asked for. */
export interface SampleSource {
  readonly length: number;
  /** @throws EngineError `bad-data` that names the sample and what is wrong with it */
  load(index: number): Promise<Sample>;
}

/** What the user says about data besides where it is. */
export interface OpenOptions {
  /** For pictures that no manifest says how to prepare. */
  preset: PresetName | null;
  /** Samples of each part that will be used; `null` or nothing for all. A stream is read no further than it takes. */
  samples?: number | null;
  /** Ends the reading of a stream. */
  signal?: AbortSignal | undefined;
  /** Called while a stream is read, with how many samples it had so far. */
  onSample?: ((read: number) => void) | undefined;
}

export interface Dataset {
  calibration: SampleSource;
  evaluation: SampleSource;
  /** True when both parts are the same samples. */
  shared: boolean;
  metric: MetricName;
  /** For `ctc`: class index (after the blank) to character. */
  alphabet: string[];
  /** For metrics that cut a score; nothing for their own default. */
  threshold?: number | undefined;
  /** Outputs that the metric looks at; nothing for all. */
  outputs?: string[] | undefined;
  /** What users have to know of this data, in sentences. */
  warnings: string[];
  /** True when a stream had more samples than were read. */
  isCut?: boolean;
  /** The order of the channels that pictures became, where they did. */
  color?: 'RGB' | 'BGR' | 'gray' | undefined;
}
