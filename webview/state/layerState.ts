import { isFloatChoice } from '../../engine/shared/floatLayers';
import type { LayerChoice } from '../../engine/shared/protocol/choices';
import type { LayerSummary } from '../../engine/shared/protocol/model';
import type { Report } from '../../engine/shared/protocol/report';
import type { State, StateKind } from './state';

/** What a layer is going to be, and whose word that is. */
export interface LayerState {
  /** `null` while nobody knows: there is no analysis and no decision. */
  choice: LayerChoice | null;
  /** The user decided it; else the analysis has it so. */
  isDecided: boolean;
  /** What the analysis has it as; `null` before one. */
  advised: LayerChoice | null;
  /** Why it computes in float although it is int8, in a sentence; `null` where it does not. */
  fallsBack: string | null;
  /** What it can be. */
  choices: readonly LayerChoice[];
}

const always: readonly LayerChoice[] = ['int8', 'float'];

const onTensorrt: readonly LayerChoice[] = ['int8', 'float', 'float16'];

/** What a layer can be on the target of the analysis; before one, on onnxruntime's. */
export function choicesFor(layer: LayerSummary, report: Report | null): readonly LayerChoice[] {
  const choices = layer.choices ?? always;
  return report?.settings.profile === 'tensorrt' ? choices.filter((c) => onTensorrt.includes(c)) : choices;
}

function advisedChoices({ decisions, keepFloat }: Report): (name: string) => LayerChoice {
  const choices = new Map(Object.entries(decisions.choices));
  const kept = new Set(keepFloat);
  return (name) => choices.get(name) ?? (kept.has(name) ? 'float' : 'int8');
}

function floatReasons(report: Report): (name: string) => string | null {
  const measured = new Set(report.layers.filter((l) => !l.ranAsInteger).map((l) => l.name));
  const reasons = new Map(report.nodes.map((node) => [node.name, node.reason]));
  return (name) =>
    measured.has(name)
      ? (reasons.get(name) ?? 'The runtime has no integer kernel for it: it computes in float even in int8.')
      : null;
}

/** Tells of layers what they are going to be, by the analysis and by what the user decided. */
export function layerStates({
  report,
  decided,
}: Pick<State, 'report' | 'decided'>): (layer: LayerSummary) => LayerState {
  const advisedOf = report === null ? () => null : advisedChoices(report);
  const reasonOf = report === null ? () => null : floatReasons(report);
  return (layer) => {
    const own = decided.get(layer.name);
    const advised = advisedOf(layer.name);
    const choice = own ?? advised;
    return {
      choice,
      isDecided: own !== undefined,
      advised,
      // Measured with all layers in int8; other grids were not.
      fallsBack: choice === 'int8' ? reasonOf(layer.name) : null,
      choices: choicesFor(layer, report),
    };
  };
}

/** The kind of a state; `null` while it is not known. */
export function kindOf({ choice, fallsBack }: LayerState): StateKind | null {
  if (choice === null) return null;
  if (isFloatChoice(choice)) return 'float';
  if (choice !== 'int8') return 'other';
  return fallsBack === null ? 'int8' : 'falls-back';
}

/** Whose word a layer's state is, in few words: `yours`, `advised`, `runs in float`; empty for plain int8. */
export function shortReason(state: LayerState): string {
  if (state.choice === null) return '';
  if (state.isDecided) return 'yours';
  if (state.fallsBack !== null) return 'runs in float';
  return state.choice === 'int8' ? '' : 'advised';
}

/** Why a layer is what it is, in sentences. */
export function stateReason(state: LayerState, advice: string | null): string {
  if (state.choice === null) return 'An analysis will say what it should be.';
  const decided = state.isDecided
    ? `You decided ${state.choice}.${state.advised === null ? '' : ` The analysis has it in ${state.advised}.`}`
    : `${state.choice}, as advised.`;
  return [decided, state.fallsBack, advice].filter((part) => part !== null).join(' ');
}
