import type { ClipTrial, LayerWeights, OutputScatter, RemediedInputs } from './layerDetail';
import type { DataSummary } from './data';
import type { ErrorData, Progress } from './error';
import type { LayerChoice, NetworkDecision, OperatorChoice, TensorClip } from './choices';
import type { MeasuredLayer, QuantizeResult, Report } from './report';
import type { ModelGraph, ModelSummary } from './model';
import type { OtherReport } from './page';
import type { TradeOff } from './plan';

/** Samples are being looked at, or those that were used before no longer can be. */
export type DataState =
  { kind: 'reading'; path: string } | { kind: 'failed'; path: string; error: ErrorData };

/** What the engine answers to a question about a layer. */
export type Answer<T> =
  { kind: 'waiting' } | { kind: 'failed'; error: ErrorData } | { kind: 'done'; result: T };

/** A clip that is tried on the model; once some samples were run, `goesOn` tells that more are. */
export interface TriedClip {
  layer: string;
  tensor: string;
  clip: number;
  answer: Answer<ClipTrial>;
  goesOn: boolean;
}

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
  /** The same of operators between the layers. */
  | { type: 'decidedOperators'; choices: [operator: string, choice: OperatorChoice][] }
  /** What the user decided of the whole network. */
  | { type: 'decidedNetwork'; decision: NetworkDecision }
  /** Clips that the user decided, whatever the calibrator says. */
  | { type: 'decidedClips'; clips: TensorClip[] }
  | { type: 'clipTrial'; trial: TriedClip }
  | { type: 'layerWeights'; layer: string; answer: Answer<LayerWeights> }
  | { type: 'scatter'; layer: string; answer: Answer<OutputScatter> }
  | { type: 'remediedInputs'; layer: string; answer: Answer<RemediedInputs> }
  /** What this model's report is compared with. */
  | ({ type: 'compared' } & OtherReport)
  | { type: 'quantized'; result: QuantizeResult }
  /** The last plan of the model; `null` when there is none of the file as it is. */
  | { type: 'tradeOff'; tradeOff: TradeOff | null }
  /** The last command failed; `null` clears it. */
  | { type: 'error'; error: ErrorData | null }
  /** Show, or hide, what the data holds beside a report. */
  | { type: 'showData'; on: boolean }
  /** The network to draw. */
  | { type: 'graph'; answer: Answer<ModelGraph> }
  /** Show this layer's detail. */
  | { type: 'select'; layer: string };

/** What a user changes of the whole network's decisions: `null` takes one back. */
export type NetworkChange = { [K in keyof NetworkDecision]?: NetworkDecision[K] | null };

/** From the view to the extension. */
export type FromWebview =
  /** The script has loaded: send everything. */
  | { type: 'ready' }
  | { type: 'analyze' }
  | { type: 'chooseData' }
  /** Samples are made up from the shapes of the inputs. */
  | { type: 'useSynthetic' }
  | { type: 'cancel' }
  | { type: 'quantize' }
  | { type: 'plan' }
  /** The user decides what layers are; `null` leaves them to the analysis again. */
  | { type: 'decide'; layers: string[]; choice: LayerChoice | null }
  /** The same of operators between the layers. */
  | { type: 'decideOperators'; operators: string[]; choice: OperatorChoice | null }
  /** The user decides of the whole network; what is left out stays. */
  | { type: 'decideNetwork'; change: NetworkChange }
  /** What would this clip do to the model's score? A later one takes its place. */
  | { type: 'tryClip'; layer: string; tensor: string; clip: number }
  /** The user decides a clip; `null` leaves it to the calibrator again. */
  | { type: 'decideClip'; tensor: string; clip: number | null }
  | { type: 'layerWeights'; layer: string }
  | { type: 'compareOutputs'; layer: string }
  /** What does a layer read before and after the advised remedies? */
  | { type: 'compareInputs'; layer: string }
  /** Which other report is to be compared? */
  | { type: 'compare' }
  /** Have the user say where a file goes; `data` is text, and base64 of a PNG. */
  | { type: 'save'; name: string; kind: 'svg' | 'png' | 'csv'; data: string }
  /** The graph is to be shown. */
  | { type: 'wantGraph' }
  | { type: 'showLog' };
