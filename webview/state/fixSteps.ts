import { isFloatChoice } from '../../engine/shared/floatLayers';
import type { Fix, Report } from '../../engine/shared/protocol/report';
import type { NetworkDecision, RemedyName } from '../../engine/shared/protocol/choices';
import type { FromWebview } from '../../engine/shared/protocol/webview';
import type { State } from './state';

/** What one click on a fix decides, and how that is called. */
export interface FixStep {
  label: string;
  message: FromWebview;
}

/** What the user decided already. */
type Decided = Pick<State, 'decided' | 'decidedOperators' | 'decidedNetwork'>;

/** The decisions of an analysis that says what is advised. */
type Advised = Pick<Report, 'decisions' | 'settings'>;

/** The step that a card offers by what the user decided; `null` where there is nothing to decide. */
export function fixStep(fix: Fix, state: Decided, report: Advised): FixStep | null {
  if (fix.change?.remedies !== undefined) return remedyStep(fix.change.remedies, state, report);
  if (fix.change?.weights !== undefined) return weightsStep(fix, fix.change.weights, state);
  if (fix.kind === 'remedy') return null;
  const { names, taken } = fix;
  const choice = ownChoice(fix, state) !== undefined ? null : taken ? 'int8' : 'float';
  const label = choice === null ? 'As Advised' : choice === 'int8' ? 'Use int8' : 'Keep in Float';
  const message: FromWebview =
    fix.kind === 'operator'
      ? { type: 'decideOperators', operators: names, choice }
      : { type: 'decide', layers: names, choice };
  return { label, message };
}

/** Whose word it is that the model has a fix or does not: the user's own, or the analysis'. */
export function fixStatus(fix: Fix, state: Decided): { words: string; isOwn: boolean } {
  const own = ownWords(fix, state);
  if (own !== null) return { words: own, isOwn: true };
  const tried = fix.kind === 'remedy' ? 'Tried, and not in the advised model' : '';
  return { words: fix.taken ? 'The advised model has it' : tried, isOwn: false };
}

function ownWords(fix: Fix, state: Decided): string | null {
  const { remedies, weights } = state.decidedNetwork;
  if (fix.change?.remedies !== undefined && remedies !== undefined)
    return holds(remedies, fix.change.remedies) ? 'Your recipe has it' : 'Your recipe leaves it out';
  if (fix.change?.weights !== undefined && weights !== undefined) return `You decided ${weights}`;
  const own = ownChoice(fix, state);
  if (own === undefined) return null;
  return isFloatChoice(own) ? `You keep it in ${own}` : `You decided ${own}`;
}

function ownChoice({ kind, names }: Fix, { decided, decidedOperators }: Decided) {
  const known =
    kind === 'layer' ? decided : kind === 'operator' ? decidedOperators : new Map<string, never>();
  return names.map((name) => known.get(name)).find((choice) => choice !== undefined);
}

function weightsStep(
  { taken }: Fix,
  weights: NonNullable<NetworkDecision['weights']>,
  { decidedNetwork }: Decided,
): FixStep | null {
  const own = decidedNetwork.weights;
  if (own === weights)
    return { label: 'As Advised', message: { type: 'decideNetwork', change: { weights: null } } };
  // Scales for each channel are tried wherever there are none, so that they cannot be left out.
  if (taken && own === undefined) return null;
  return { label: 'Use It', message: { type: 'decideNetwork', change: { weights } } };
}

/**
 * A recipe's remedies are all that is done: the first one that is named or left out begins with those of the advised model, and
 * with scales that it found to pay. A list that says what is advised anyway is taken out again.
 */
function remedyStep(
  remedies: readonly RemedyName[],
  { decidedNetwork: own }: Decided,
  { decisions, settings }: Advised,
): FixStep {
  const advised = decisions.remedies;
  const now = own.remedies ?? advised;
  const isIn = holds(now, remedies);
  const without = (list: readonly RemedyName[], gone: readonly RemedyName[]) =>
    list.filter((name) => !gone.includes(name));
  const back = isIn
    ? without(now, without(remedies, advised))
    : [...now, ...remedies.filter((name) => advised.includes(name) && !now.includes(name))];
  const wasDecided = settings.recipe?.remedies !== undefined;
  const isBack = holds(back, advised) && holds(advised, back);
  const leave: FixStep['message'] = { type: 'decideNetwork', change: { remedies: null } };
  if (own.remedies !== undefined && wasDecided && isIn)
    return { label: 'Leave It to the Analysis', message: leave };
  if (own.remedies !== undefined && !wasDecided && isBack) return { label: 'As Advised', message: leave };
  const next = isIn ? without(now, remedies) : [...now, ...without(remedies, now)];
  const isScaled = own.weights === undefined && decisions.weights !== settings.weights;
  const change = { remedies: next, ...(isScaled ? { weights: decisions.weights } : {}) };
  return { label: isIn ? 'Leave Out' : 'Use It', message: { type: 'decideNetwork', change } };
}

function holds(list: readonly RemedyName[], all: readonly RemedyName[]): boolean {
  return all.every((name) => list.includes(name));
}
