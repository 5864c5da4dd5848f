import type { ErrorData } from './error';
import type { LayerWeights, OutputScatter } from './layerDetail';
import type { ModelGraph } from './model';
import type { TradeOff } from './plan';
import type { Report } from './report';

/** What a report in a file of its own shows of the model itself. */
export interface PageParts {
  /** The network to draw, or why the page has none. */
  graph: ModelGraph | ErrorData;
  /** Of the layers with the largest drops. */
  weights: LayerWeights[];
  /** Those that were made of this analysis: of the same layers from the terminal, of those that were asked for in the editor. */
  scatters: OutputScatter[];
}

/** A report that another one is held against. */
export interface OtherReport {
  report: Report;
  /** Where it comes from, for people. */
  label: string;
}

/** All that a report in a file of its own shows. */
export interface PageContents {
  report: Report;
  /** `null` where the model is no longer what the report is of. */
  parts: PageParts | null;
  /** The last plan of the model; `null` when there is none. */
  tradeOff: TradeOff | null;
  /** What the report is compared with; `null` for nothing. */
  compared: OtherReport | null;
}
