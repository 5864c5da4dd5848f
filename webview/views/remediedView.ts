import { select } from 'd3-selection';
import { rangeRemedies } from '../../engine/describeFindings';
import { formatPlural } from '../../engine/format';
import type { ClippedInput, RemediedInputs, RemedyName, Report } from '../../engine/protocol';
import { changedFigures, withClipInUse } from '../chart/inputChange';
import { magnitudesOf } from '../chart/magnitudesOf';
import { addExport } from '../export/addExport';
import { shownLayer } from '../layerRows';
import type { State } from '../store';
import { mountAsked } from './askedPart';
import { add, addName, addText, type Host, type Update } from './dom';
import { addHistogram, histogramCaption, type DrawnHistogram } from './histogramView';

/** What the advised remedies did that may change what layers read; empty where none does. */
function describeRemedies(remedies: readonly RemedyName[]): string {
  return remedies.flatMap((name) => rangeRemedies[name] ?? []).join('; ');
}

/** Mounts what the chosen layer reads before and after the advised remedies. */
export function mountRemedied(parent: HTMLElement, host: Host): Update {
  const remediesOf = ({ report }: State) => describeRemedies(report?.decisions.remedies ?? []);
  return mountAsked(parent, host, {
    part: 'remedied-part',
    name: 'Inputs before and after the remedies',
    title: 'Inputs: before and after the remedies',
    action: {
      ...{ id: 'compare-inputs', label: 'Compare Inputs' },
      message: (layer) => ({ type: 'compareInputs', layer }),
    },
    isShown: (layer, state) => layer.inputs.length > 0 && remediesOf(state) !== '',
    promise: (state) =>
      `The advised model has ${remediesOf(state)}. Runs the calibration samples through its float model and counts what this layer reads there.`,
    waiting: 'Running samples through the remedied model…',
    answers: ({ remedied }) => remedied,
    depends: ({ view }) => [view.logCounts, view.magnitudes, view.range],
    draw: (body, result, _, state) => {
      if (state.report !== null) drawInputs(body, result, state, state.report, host);
    },
  });
}

function drawInputs(
  parent: HTMLElement,
  { inputs, remedies, samples }: RemediedInputs,
  state: State,
  report: Report,
  host: Host,
): void {
  if (inputs.every(({ after }) => after.length === 0)) {
    add(parent, 'p', 'muted', `The remedies leave what it reads as it is (${describeRemedies(remedies)}).`);
    return;
  }
  add(
    parent,
    'p',
    'muted',
    `Counted over ${formatPlural(samples, 'sample')}, run through both float models.`,
  );
  inputs.forEach((change, index) => {
    const part = add(parent, 'div', 'remedied-input');
    if (inputs.length > 1) {
      const title = add(part, 'h4', '');
      add(title, 'span', '', `Input ${index + 1}: `);
      addName(title, 'span', '', change.before.tensor);
    }
    if (change.after.length === 0) add(part, 'p', 'muted', 'The remedies leave it as it is.');
    else drawChange(part, change, { index, remedies, state, report, host });
  });
}

function drawChange(
  parent: HTMLElement,
  change: RemediedInputs['inputs'][number],
  {
    index,
    remedies,
    state,
    report,
    host,
  }: { index: number; remedies: readonly RemedyName[]; state: State; report: Report; host: Host },
): void {
  const list = add(parent, 'dl', 'figures clip-figures');
  for (const { term, before, after } of changedFigures(change, report.settings.profile)) {
    const group = add(list, 'div', '');
    add(group, 'dt', '', term);
    const value = add(group, 'dd', '');
    add(value, 'span', 'muted', before);
    add(value, 'span', '', ` → ${after.join(', ')}`);
  }
  const { logCounts, magnitudes, range } = state.view;
  const width = Math.min(parent.clientWidth, 900);
  const layer = shownLayer(state)?.name ?? '';
  const picture = (title: string, input: ClippedInput, when: string) => {
    const part = add(parent, 'figure', 'histogram-part');
    addText(part, 'figcaption', '', title);
    const { shown, method } = withClipInUse(input);
    const options = { width, logCounts, magnitudes, range, method };
    const drawn = addHistogram(part, shown, options, `remedied-${index}-${when}`);
    const name = `${layer}-${input.tensor}-${when}`;
    const caption = () =>
      histogramCaption(drawn.svg, shown, {
        layer,
        method,
        when: title.charAt(0).toLowerCase() + title.slice(1),
      });
    addExport(part, drawn.svg, { name, caption }, host);
    return drawn;
  };
  const { before, after } = change;
  const span = picture('Before the remedies', before, 'before');
  addSpan(
    span,
    after.map((input) => (magnitudes ? magnitudesOf(input) : input)),
  );
  const done = describeRemedies(remedies);
  after.forEach((input, part) => {
    const which = after.length > 1 ? `After, part ${part + 1} of ${after.length}: ` : 'After: ';
    picture(which + done, input, after.length > 1 ? `after-${part + 1}` : 'after');
  });
}

/** Brackets how far the tensor reaches afterwards, where that is clearly less than what is drawn. */
function addSpan({ svg, geometry }: DrawnHistogram, after: readonly { min: number; max: number }[]): void {
  const { plot, x } = geometry;
  const at = (value: number) => Math.max(plot.left, Math.min(plot.right, x(value)));
  const from = at(Math.min(0, ...after.map(({ min }) => min)));
  const to = at(Math.max(0, ...after.map(({ max }) => max)));
  if (to - from > 0.9 * (plot.right - plot.left)) return;
  const y = plot.top + 6;
  const group = select(svg).select('.overlay-over').append('g').attr('class', 'after-span');
  group.append('path').attr('d', `M${from.toFixed(1)} ${y + 5}V${y}H${to.toFixed(1)}V${y + 5}`);
  group
    .append('text')
    .attr('x', to + 5)
    .attr('y', y + 5)
    .text('reaches after');
}
