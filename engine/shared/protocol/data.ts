import type { MetricName } from './choices';

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
