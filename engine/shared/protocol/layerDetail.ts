import type { RemedyName } from './choices';
import type { LayerInput } from './report';

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
