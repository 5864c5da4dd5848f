import type { MetricName, PresetName } from '../../shared/protocol/choices';
import type { Shapes } from '../samples/dataset';

/** Name of the file that makes a folder a data set. */
export const MANIFEST_NAME = 'quantscope.json';

/**
 * What `quantscope.json` says about the folder it lies in. Plain JSON; an unknown key is an error.
 * The smallest one: `{ "version": 1, "samples": { "folder": "images" } }`.
 */
export interface Manifest {
  version: 1;
  /**
   * The one input of the model that pictures and `.npy` files feed. Not needed; it guards against use with another
   * model. A model with several inputs takes `.npz` files.
   */
  input?: string | undefined;
  /** How pictures become tensors, by name; keys of `preprocess` go before. */
  preset?: PresetName | undefined;
  /** How a picture becomes a tensor. This or `preset` is needed as soon as a sample is a picture. */
  preprocess?: Preprocess | undefined;
  /** How a `.wav` becomes steps of the model; needed as soon as a sample is one. */
  audio?: Audio | undefined;
  /**
   * For a model that keeps a state: input to the output that is fed back to it, such as `{"state": "stateN"}`. A state
   * starts at zeros, and each file is one run of steps.
   */
  state?: Record<string, string> | undefined;
  /** Inputs that are the same number for every sample, such as `{"sr": 16000}`. */
  constants?: Record<string, number> | undefined;
  /**
   * How answers are scored. Without it: `ctc` when truths are texts, `top1` when they are numbers,
   * `frames` when they are lists of 0 and 1, `agreement` when there are none.
   */
  metric?: MetricName | undefined;
  /** What counts as found: `frames` 0.5, `iou` 0.3 and `segments` 0.2 when left out. Other metrics know none. */
  threshold?: number | undefined;
  /**
   * The outputs that the metric looks at, all when left out: a detector's scores may be compared and its boxes, whose
   * largest coordinate says nothing, left alone.
   */
  outputs?: string[] | undefined;
  /** The characters of a `ctc` model. */
  alphabet?: Alphabet | undefined;
  /** All samples, when nothing says which of them calibrate: even ones do, odd ones evaluate. */
  samples?: Part | undefined;
  /** Instead of `samples`, and together with `evaluation`. */
  calibration?: Part | undefined;
  evaluation?: Part | undefined;
}

/** Samples one by one, or every sample file of a folder in the order of the names and without truth. */
export type Part = SampleEntry[] | { folder: string };

export interface SampleEntry {
  /**
   * Path below the manifest's folder, with `/`. A picture (`.png`, `.jpg`, `.jpeg`, `.bmp`); a `.npy` with one
   * whole input; or a `.npz` with every input of one sample, each array named and shaped like its input.
   */
  file: string;
  /**
   * A class index for `top1` and `top5`; the text for `ctc`; for `frames` a list of 0 and 1, one for each step; for `iou`
   * outlines `[x, y, x, y, x, y, …]`, for `segments` segments `[x, y, x, y]`. These are in pixels of the picture as
   * it is in its file, the left upper corner of the first pixel at 0, 0, and go through the same resizing, cropping and padding; for a
   * `.npy` or `.npz` they are fractions of the width and the height.
   */
  truth?: number | string | readonly number[] | Shapes | undefined;
}

/**
 * The classes of a `ctc` model. Class 0 is the blank; then come the file's characters, one a line; then,
 * with `space`, the space.
 */
export interface Alphabet {
  file: string;
  /** False when left out. */
  space?: boolean | undefined;
}

/**
 * The steps in their order: resize, crop, normalize, pad. Pictures are read as 8 bits a channel; transparency
 * and the camera's orientation mark are ignored. A number for `scale`, `mean` or `std` counts for every channel;
 * a list has one per channel in the order of `color`.
 */
export interface Preprocess {
  /** `NCHW` when left out. */
  layout?: 'NCHW' | 'NHWC' | undefined;
  /** `RGB` when left out. */
  color?: 'RGB' | 'BGR' | 'gray' | undefined;
  /** Pictures keep their size when left out. */
  resize?: Resize | undefined;
  /** value = (pixel · scale − mean) / std, with pixels from 0 to 255. Left out: scale 1, mean 0, std 1. */
  scale?: number | number[] | undefined;
  mean?: number | number[] | undefined;
  std?: number | number[] | undefined;
  pad?: Pad | undefined;
}

/** Bilinear, pixel centres at halves, without smoothing: what OpenCV's `resize` does. */
export interface Resize {
  /**
   * `stretch`: to width × height. `keep-aspect`: to the width or the height that is given, the other follows; to
   * the largest size inside both when both are given. `crop`: to the smallest size that covers width × height, of
   * which the middle is cut out.
   */
  mode: 'stretch' | 'keep-aspect' | 'crop';
  width?: number | undefined;
  height?: number | undefined;
  /**
   * For `crop`: the size to cover is this many times width × height; 1 when left out. ImageNet's models are measured
   * with 256/224.
   */
  zoom?: number | undefined;
}

/** Padding goes to the right and the bottom. */
export interface Pad {
  minWidth?: number | undefined;
  minHeight?: number | undefined;
  /** Width and height grow to the next multiple of it. */
  multipleOf?: number | undefined;
  /** After normalization; 0 when left out. */
  value?: number | undefined;
}

/** Waves are read as one channel within ±1, at their own rate. */
export interface Audio {
  /** A file of another rate is refused. */
  sampleRate?: number | undefined;
  /** Values of a step; the whole wave is one when left out. */
  frame?: number | undefined;
  /** Values from before the frame that a step has in front, zeros at first; 0 when left out. */
  context?: number | undefined;
}
