import type { MetricName } from '../../shared/protocol/choices';
import type { Tensor, Truth } from '../samples/dataset';

/** score = Σ value · weight / Σ weight over the samples. */
export interface SampleScore {
  value: number;
  weight: number;
}

/** What is kept of one output of the float model; plain data that can be sent to a worker. */
export interface RememberedOutput {
  values: Float32Array | Float64Array | Int32Array | Uint8Array;
  /** For `agreement` on outputs without classes: values are on one side of it or on the other. */
  threshold: number | null;
}

/** By output name. */
export type Reference = Record<string, RememberedOutput>;

/** The outputs of one run of a model, by name. */
export type Outputs = Record<string, Tensor>;

/** Scores one sample at a time. More is better, and outputs that are not finite score worst, never NaN. */
export interface Metric {
  readonly name: MetricName;
  /**
   * What must be remembered of the float model's outputs to score another model on this sample; `null` when the
   * truth is enough.
   */
  reference(outputs: Outputs): Reference | null;
  /**
   * @throws EngineError `bad-data` when outputs, truth or reference are not what this metric needs
   */
  score(outputs: Outputs, truth: Truth, reference: Reference | null): SampleScore;
}
