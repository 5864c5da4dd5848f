import type { Expected, Rating, RatingRules } from '../data/metrics/rater';
import type { Tensor } from '../onnx/tensors/tensor';
import type { CalibrationMethod } from '../shared/protocol/choices';
import type { ErrorData } from '../shared/protocol/error';
import type { HistogramState } from '../stats/histogram';

/** Tensors by name. */
export type Feeds = Record<string, Tensor>;

export interface SessionOptions {
  threads: number;
  /**
   * Computes a quantized model as its text says, in floats between its pairs, instead of with this processor's integer
   * kernels: what another target makes of it.
   */
  unfused?: boolean;
  /** Where onnxruntime writes the graph as it will run it; for reading which nodes became integers. */
  optimizedModelPath?: string;
  /** Beginning of the path of the profile that onnxruntime writes. */
  profilePrefix?: string;
  /** Where the files lie that the model keeps weights in. */
  dataFolder?: string;
}

/** What a worker does, by kind. Sessions and observers live in the worker and go by number. */
export interface WorkerCalls {
  /**
   * Answers the shapes of the model's outputs as onnxruntime infers them, and the model's own names where onnxruntime knows it
   * by others; with rules if it is to be rated.
   */
  load: {
    params: {
      session: number;
      model: Uint8Array;
      options: SessionOptions;
      rules: RatingRules | undefined;
    };
    result: { shapes: [name: string, dims: (number | string)[]][]; names: string[] | null };
  };
  /**
   * Runs once; `milliseconds` is the time inside onnxruntime. `share` puts the outputs where all threads see them, in place of
   * tensors that nobody reads any more.
   */
  run: {
    params: {
      session: number;
      feeds: Feeds;
      outputs: string[];
      sequence: Sequence | undefined;
      share: { old: Feeds } | null;
    };
    result: { outputs: Feeds; milliseconds: number };
  };
  /** Runs once and scores the outputs, and those that are `known` besides, without handing them out. */
  rate: {
    params: {
      session: number;
      feeds: Feeds;
      outputs: string[];
      sequence: Sequence | undefined;
      known: Feeds;
      expected: Expected;
    };
    result: { rating: Rating; milliseconds: number };
  };
  /** Runs once and adds the tensors to the session's histograms, without handing them out. */
  observe: {
    params: {
      session: number;
      feeds: Feeds;
      tensors: string[];
      sample: number;
      sequence: Sequence | undefined;
    };
    result: null;
  };
  histograms: { params: { session: number }; result: Record<string, HistogramState> };
  /** Clips on |x| of each tensor by each of the methods, in their order, for 8-bit grids. */
  clips: {
    params: {
      methods: readonly CalibrationMethod[];
      symmetric: boolean;
      histograms: Record<string, HistogramState>;
    };
    result: Record<string, number[]>;
  };
  /** Writes the profile of a session that was loaded for it. */
  endProfiling: { params: { session: number }; result: null };
  release: { params: { session: number }; result: null };
}

export type WorkerKind = keyof WorkerCalls;

export type WorkerRequest = {
  [K in WorkerKind]: { id: number; kind: K; params: WorkerCalls[K]['params'] };
}[WorkerKind];

/** An error of ours comes with what it says; any other is onnxruntime's. */
export type WorkerResponse =
  { id: number; result: unknown } | { id: number; error: string; data: ErrorData | null };

/** Steps that run one after another, each fed with what the model answered in the one before. */
export interface Sequence {
  /** What each step after the first is fed besides what stays the same and what is fed back. */
  steps: Feeds[];
  /** Input to the output that is fed back to it. */
  carry: Record<string, string>;
}
