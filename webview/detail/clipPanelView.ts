import type { ClipTrial, NetworkScore } from '../../engine/shared/protocol/layerDetail';
import type { LayerInput, Report } from '../../engine/shared/protocol/report';
import {
  formatDb,
  formatExactCount,
  formatMeasuredDrop,
  formatShare,
  formatValue,
} from '../../engine/shared/format';
import { clipEffect, type ClipEffect } from '../chart/clipEffect';
import type { TriedClip } from '../../engine/shared/protocol/webview';
import type { State } from '../state/state';
import { add, addButton, addText, emptied, whenChanged, type Host } from '../ui/dom';
import { addIcon } from '../ui/icons';
import { ownValue } from '../../engine/shared/ownValue';

/** The clip that a tensor's grid has: the user's own, or else that of the method in use. */
export function clipInUse(input: LayerInput, state: Pick<State, 'decidedClips'>): number {
  return decidedClip(input, state) ?? ownValue(input.clips, input.method) ?? 0;
}

/** The clip that the user decided for a tensor. */
export function decidedClip(
  { tensor, decided }: LayerInput,
  { decidedClips }: Pick<State, 'decidedClips'>,
): number | undefined {
  return decidedClips === null ? decided : decidedClips.get(tensor);
}

/** Whether a clip is the one in use, but for what a handle rounds. */
export function isSameClip(clip: number, used: number): boolean {
  return Math.abs(clip - used) <= 1e-9 * used;
}

export interface ClipPanel {
  /** Shows what the clip does where it stands. */
  show: (effect: ClipEffect, every: number) => void;
  update: (state: State) => void;
}

/** Appends what the clip does where it stands, what it did to the model when it was let go, and the buttons to take it. */
export function addClipPanel(
  parent: HTMLElement,
  { layer, input, report }: { layer: string; input: LayerInput; report: Report },
  host: Host,
  place: (clip: number) => void,
): ClipPanel {
  const { tensor } = input;
  const panel = add(parent, 'div', 'clip-panel');
  const live = add(panel, 'dl', 'figures clip-figures');
  const note = add(panel, 'p', 'grid-note muted');
  const buttons = add(panel, 'div', 'clip-buttons');
  let clip = 0;
  let used = 0;
  let decided: number | undefined;
  const use = addButton(buttons, 'use-clip', 'Use This Clip', 'primary', () => {
    host.post({ type: 'decideClip', tensor, clip });
  });
  const measure = addButton(buttons, 'try-clip', 'Measure Its Effect', 'secondary', () => {
    host.post({ type: 'tryClip', layer, tensor, clip });
  });
  const back = addButton(buttons, 'reset-clip', 'Back to the Clip in Use', 'secondary', () => place(used));
  const leave = addButton(buttons, 'leave-clip', 'Leave It to the Calibrator', 'secondary', () => {
    host.post({ type: 'decideClip', tensor, clip: null });
  });
  const trial = add(panel, 'div', 'clip-trial');
  trial.setAttribute('role', 'status');

  const drawButtons = () => {
    const isMoved = !isSameClip(clip, used);
    for (const button of [use, measure, back]) button.hidden = !isMoved;
    leave.hidden = decided === undefined;
  };
  const show = (effect: ClipEffect, every: number) => {
    ({ clip } = effect);
    const now = clipEffect(input, used, report.settings.profile);
    const isMoved = !isSameClip(clip, used);
    emptied(live);
    const figure = (term: string, value: string, beside: string) => {
      const group = add(live, 'div', '');
      add(group, 'dt', '', term);
      const text = add(group, 'dd', '', value);
      if (isMoved) add(text, 'span', 'muted', ` in use ${beside}`);
    };
    const cuts = ({ share, clipped }: ClipEffect) => `${formatShare(share)} (${formatExactCount(clipped)})`;
    const codes = ({ codesUsed, codes: all }: ClipEffect) => `${codesUsed} of ${all}`;
    const noise = ({ sqnrDb }: ClipEffect) => (sqnrDb === null ? 'no noise' : formatDb(sqnrDb));
    figure('Clip', `±${formatValue(clip)}`, `±${formatValue(used)}`);
    figure('Cuts off', cuts(effect), cuts(now));
    figure('Step', formatValue(effect.grid.step), formatValue(now.grid.step));
    figure('Codes used', codes(effect), codes(now));
    figure('SQNR of the tensor', noise(effect), noise(now));
    const teeth = every === 1 ? 'every step' : `every ${every}${every === 2 ? 'nd' : 'th'} step`;
    const least =
      input.least === undefined
        ? ''
        : ` Below ${formatValue(input.least)} nothing makes a difference to what reads it.`;
    note.textContent = `The grid over it: ${teeth} of int8. Hatched: cut off.${least} Drag along the axis to zoom.`;
    drawButtons();
  };
  const drawTrial = whenChanged(
    ({ trials }) => [trials.get(tensor), used],
    ({ trials }) => {
      emptied(trial);
      const tried = trials.get(tensor);
      if (tried?.layer === layer) drawTried(trial, tried, used, report);
    },
  );
  return {
    show,
    update: (state) => {
      decided = decidedClip(input, state);
      used = clipInUse(input, state);
      drawButtons();
      drawTrial(state);
    },
  };
}

function drawTried(
  parent: HTMLElement,
  { clip, answer, goesOn }: TriedClip,
  used: number,
  report: Report,
): void {
  if (answer.kind === 'waiting') {
    add(parent, 'p', 'muted', `Measuring what ±${formatValue(clip)} does to the model…`);
    return;
  }
  if (answer.kind === 'failed') {
    const line = add(parent, 'p', 'warning');
    addIcon(line, 'warning', 'Not measured');
    addText(line, 'span', 'clamped', `${answer.error.message} ${answer.error.hint}`);
    return;
  }
  drawFigures(parent, answer.result, { used, goesOn }, report);
}

/** @param used the clip that is in use now, and may be another one than when it was compared with */
function drawFigures(
  parent: HTMLElement,
  found: ClipTrial,
  { used, goesOn }: { used: number; goesOn: boolean },
  { float }: Report,
): void {
  const table = add(parent, 'table', 'clip-table trial-table');
  const few = found.samples < found.allSamples;
  const on = few ? `${found.samples} of ${found.allSamples}` : `all ${found.allSamples}`;
  const rest = goesOn ? '; the others are being run' : '';
  add(table, 'caption', 'muted', `Measured on ${on} samples that choose${rest}`);
  const head = add(add(table, 'thead', ''), 'tr', '');
  const titleOf = (clip: number, otherwise: string) =>
    `${isSameClip(clip, used) ? 'In use' : otherwise} ±${formatValue(clip)}`;
  ['Loses', titleOf(found.clip, 'With'), titleOf(found.used, 'Before')].forEach((title) => {
    add(head, 'th', '', title).scope = 'col';
  });
  const body = add(table, 'tbody', '');
  const row = (title: string, ...values: string[]) => {
    const line = add(body, 'tr', '');
    add(line, 'th', '', title).scope = 'row';
    values.forEach((value) => add(line, 'td', '', value));
  };
  const drop = (score: NetworkScore) => formatMeasuredDrop(float.metric, score);
  const both = (title: string, pair: { tried: NetworkScore; used: NetworkScore }) => {
    row(title, drop(pair.tried), drop(pair.used));
    row('… at the model’s outputs', formatDb(pair.tried.outputDb), formatDb(pair.used.outputDb));
  };
  both('This layer alone in int8', found.alone);
  if (found.advised === null) row('Everything as advised', ...new Array<string>(2).fill('not on this grid'));
  else both('Everything as advised', found.advised);
  row('SQNR of the layer', formatDb(found.sqnrDb.tried), formatDb(found.sqnrDb.used));
}
