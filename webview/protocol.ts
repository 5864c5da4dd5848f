import type {
  DataSummary,
  ErrorData,
  LayerChoice,
  MeasuredLayer,
  ModelSummary,
  Progress,
  QuantizeResult,
  Report,
} from '../engine/protocol';

/** Samples are being looked at, or those that were used before no longer can be. */
export type DataState =
  { kind: 'reading'; path: string } | { kind: 'failed'; path: string; error: ErrorData };

/** From the extension to the view. The view keeps the last one of each type. */
export type ToWebview =
  | { type: 'model'; summary: ModelSummary }
  | { type: 'data'; data: DataSummary | null }
  /** What is being done about the data; `null` when it is settled. */
  | { type: 'dataState'; state: DataState | null }
  /** Layers that an analysis under way has measured, to add to those before; none forgets them all. */
  | { type: 'measured'; layers: MeasuredLayer[] }
  | { type: 'report'; report: Report | null }
  /** What changed since the report was made, in sentences; none when it is fresh. */
  | { type: 'stale'; reasons: string[] }
  /** `null` when nothing runs. */
  | { type: 'progress'; progress: Progress | null }
  /** What the user decided of layers, whatever the analysis advises; pairs, since a name may be `__proto__`. */
  | { type: 'decided'; choices: [layer: string, choice: LayerChoice][] }
  | { type: 'quantized'; result: QuantizeResult }
  /** The last command failed; `null` clears it. */
  | { type: 'error'; error: ErrorData | null }
  /** Show, or hide, what the data holds beside a report. */
  | { type: 'showData'; on: boolean }
  /** Show this layer's detail. */
  | { type: 'select'; layer: string };

/** From the view to the extension. */
export type FromWebview =
  /** The script has loaded: send everything. */
  | { type: 'ready' }
  | { type: 'analyze' }
  | { type: 'chooseData' }
  | { type: 'cancel' }
  | { type: 'quantize' }
  /** The user decides what layers are; `null` leaves them to the analysis again. */
  | { type: 'decide'; layers: string[]; choice: LayerChoice | null }
  | { type: 'showLog' };
