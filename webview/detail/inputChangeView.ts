import { rangeRemedies } from '../../engine/shared/findings';
import { formatPlural } from '../../engine/shared/format';
import type { RemediedInputs } from '../../engine/shared/protocol/layerDetail';
import type { RemedyName } from '../../engine/shared/protocol/choices';
import type { Report } from '../../engine/shared/protocol/report';
import { drawnRange, histogramGeometry, wholeRange } from '../chart/histogramGeometry';
import { changedFigures, withClipInUse } from '../chart/inputChange';
import { magnitudesOf } from '../chart/magnitudesOf';
import type { AxisRange } from '../chart/zoomRange';
import { addExport } from '../export/addExport';
import { shownLayer } from '../state/layerRows';
import type { State } from '../state/state';
import { mountAsked } from '../ui/askedPart';
import { add, addName, addText, emptied, type Host, type Update } from '../ui/dom';
import { addHistogram, histogramCaption } from './histogramView';
import { listenToZoom } from './histogramZoom';

/** What the advised remedies did that may change what layers read; empty where none does. */
function describeRemedies(remedies: readonly RemedyName[]): string {
  return remedies.flatMap((name) => rangeRemedies[name] ?? []).join('; ');
}

/** Mounts what the chosen layer reads before and after the advised remedies. */
export function mountRemedied(parent: HTMLElement, host: Host): Update {
  const remediesOf = ({ report }: State) => describeRemedies(report?.decisions.remedies ?? []);
  // What the user sees of the axes, until another layer is looked at.
  const zooms: Zooms = new Map();
  let zoomed = '';
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
    draw: (body, result, { name }, state) => {
      if (name !== zoomed) zooms.clear();
      zoomed = name;
      if (state.report !== null) drawInputs(body, result, { zooms, state, report: state.report, host });
    },
  });
}

/** Zooms by the axis: all pictures of an input share one. */
type Zooms = Map<string, AxisRange>;

interface Looks {
  zooms: Zooms;
  state: State;
  report: Report;
  host: Host;
}

function drawInputs(parent: HTMLElement, { inputs, remedies, samples }: RemediedInputs, looks: Looks): void {
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
    else drawChange(part, change, { index, remedies, ...looks });
  });
}

function drawChange(
  parent: HTMLElement,
  change: RemediedInputs['inputs'][number],
  { index, remedies, zooms, state, report, host }: Looks & { index: number; remedies: readonly RemedyName[] },
): void {
  const list = add(parent, 'dl', 'figures clip-figures');
  for (const { term, before, after } of changedFigures(change, report.settings.profile)) {
    const group = add(list, 'div', '');
    add(group, 'dt', '', term);
    const value = add(group, 'dd', '');
    add(value, 'span', 'muted', before);
    add(value, 'span', '', ` → ${after.join(', ')}`);
  }
  const pictures = add(parent, 'div', '');
  const layer = shownLayer(state)?.name ?? '';
  const drawn = picturesOf(change, index, remedies, state);
  const draw = (): void => {
    const at = [...pictures.querySelectorAll('.plot-frame')].findIndex(
      (one) => one === document.activeElement,
    );
    emptied(pictures);
    const { view } = state;
    const zoom = zooms.get(drawn.axis);
    const looks = {
      ...{ ...view, width: Math.min(parent.clientWidth, 900) },
      ...{ zoom: zoom ?? drawn.range, isZoomed: zoom !== undefined },
    };
    const ends = drawn.pictures.map(
      ({ along, method }) => histogramGeometry(along, { ...looks, method }).plot.right,
    );
    const right = Math.min(...ends);
    for (const one of drawn.pictures) {
      const part = add(pictures, 'figure', 'histogram-part');
      addText(part, 'figcaption', '', one.title);
      const { shown, method, when } = one;
      const histogram = addHistogram(part, shown, { ...looks, method, right }, `remedied-${index}-${when}`);
      listenToZoom(histogram, drawn, (to) => {
        if (to === null) zooms.delete(drawn.axis);
        else zooms.set(drawn.axis, to);
        draw();
      });
      const name = `${layer}-${shown.tensor}-${when}`;
      const title = one.title.charAt(0).toLowerCase() + one.title.slice(1);
      const caption = () => histogramCaption(histogram.svg, shown, { layer, method, when: title });
      addExport(part, histogram.svg, { name, caption }, host);
    }
    if (at >= 0) pictures.querySelectorAll<HTMLElement>('.plot-frame')[at]?.focus();
  };
  draw();
}

/** What is drawn of an input, on one axis: before the remedies, and each part of what it became. */
function picturesOf(
  { before, after }: RemediedInputs['inputs'][number],
  index: number,
  remedies: readonly RemedyName[],
  { view: { magnitudes, range } }: State,
) {
  const done = describeRemedies(remedies);
  const isSplit = after.length > 1;
  const pictures = [before, ...after].map((input, i) => {
    const part = isSplit ? `After, part ${i} of ${after.length}: ` : 'After: ';
    const title = i === 0 ? 'Before the remedies' : part + done;
    const when = i === 0 ? 'before' : isSplit ? `after-${i}` : 'after';
    const { shown, method } = withClipInUse(input);
    return { title, when, shown, method, along: magnitudes ? magnitudesOf(shown) : shown };
  });
  const union = (ranges: AxisRange[]): AxisRange => [
    Math.min(...ranges.map(([low]) => low)),
    Math.max(...ranges.map(([, high]) => high)),
  ];
  return {
    pictures,
    axis: `${magnitudes ? 'magnitudes' : 'values'} ${index}`,
    whole: union(pictures.map(({ along }) => wholeRange(along))),
    range: union(pictures.map(({ along, method }) => drawnRange(along, { range, method }))),
    binWidth: Math.min(...pictures.map(({ along }) => along.histogram.binWidth)),
  };
}
