import type { Budget, Decisions, LayerChoice, ResourceUse } from './choices';
import type { ModelSummary } from './model';
import type { Recipe } from './recipe';
import type { FloatResult, Int8Result, NotebookEntry, ScoreDifference, TargetVerdict } from './report';
import type { SettledSettings, TradeOffSettings } from './settings';

/** What one layer costs on one grid, the rest in float. */
export interface ChoiceCost {
  choice: LayerChoice;
  /** Of the model's outputs: noise power against signal power. */
  noise: number;
  drop: number;
  /** Of the drop, over the samples. */
  standardError: number;
  /** What the model takes more than in float; negative for less. */
  extra: ResourceUse;
}

/** A network on the front: what is predicted of it from its layers, and what was measured. */
export interface TradeOffPoint {
  /** Layers that are not plain int8, by name. */
  choices: Record<string, LayerChoice>;
  predicted: ResourceUse & { outputDb: number; drop: number; standardError: number };
  /** On the samples that choose; `null` where it was not built. */
  verified: { score: number; drop: number; standardError: number; outputDb: number; bytes: number } | null;
}

/** Version of {@link TradeOff}; raised when a field changes its meaning or goes. */
export const TRADE_OFF_VERSION = 2;

export interface TradeOff {
  /** When it was made, ISO 8601; earlier versions lack it. */
  created?: string;
  model: Pick<ModelSummary, 'path' | 'hash' | 'bytes'>;
  settings: SettledSettings & Pick<TradeOffSettings, 'budgets' | 'along' | 'grids' | 'by'>;
  float: FloatResult;
  /** What the float model takes: budgets are shares of this. */
  floatUse: ResourceUse;
  /** The score of the float model on the samples that choose. */
  choosing: { score: number };
  layers: { name: string; opType: string; orthogonality: number | null; choices: ChoiceCost[] }[];
  /** From the least of the resource to the most, none dominated by another. */
  points: TradeOffPoint[];
  /** Index of the chosen one. */
  chosen: number;
  /** How far the chosen one's score is off its prediction: negative where it is worse. */
  offPrediction: ScoreDifference;
  /** The chosen network on the samples that prove. */
  result: Int8Result;
  /** Budgets that it does not keep by what was measured, and what that is, in the budget's terms. */
  missed: { budget: Budget; measured: number }[];
  verdict: TargetVerdict;
  /** Only where the verdict is `met`. */
  meetsTarget: boolean;
  decisions: Decisions;
  recipe: Recipe;
  notebook: NotebookEntry[];
  warnings: string[];
}
