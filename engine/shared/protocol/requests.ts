import type { LayerChoice, OperatorChoice, PresetName } from './choices';
import type { DataSummary } from './data';
import type { ErrorData, Progress } from './error';
import type { ClipTrial, LayerWeights, OutputScatter, RemediedInputs } from './layerDetail';
import type { ModelGraph, ModelSummary } from './model';
import type { PageParts } from './page';
import type { TradeOff } from './plan';
import type { Recipe } from './recipe';
import type { MeasuredLayer, QuantizeResult, Report } from './report';
import type { AnalyzeSettings, QuantizeSettings, TradeOffSettings } from './settings';

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

/** Parameters of every custom notification from the engine. */
export interface Notifications {
  'quantscope/progress': { path: string; progress: Progress };
  /** What an analysis that runs has measured of layers, as it comes; a layer may come again with more. */
  'quantscope/measured': { path: string; layers: MeasuredLayer[] };
  /** An analysis or a plan of the open model's very bytes was kept, by this process or another one, such as a terminal's. */
  'quantscope/kept': { path: string };
}
