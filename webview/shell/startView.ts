import type { ModelSummary } from '../../engine/shared/protocol/model';
import { baseName, formatBlocks, formatPlural, formatShape } from '../../engine/shared/format';
import { type State } from '../state/state';
import { screenOf } from '../state/store';
import { addDataState, addDataSummary } from '../data/dataSummary';
import { add, addButton, addName, emptied, whenChanged, type Host, type Update } from '../ui/dom';
import { addIcon } from '../ui/icons';
import { addPreview } from '../data/previewView';
import { addScales } from './scalesView';

/** More are counted, not listed. */
const MOST_UNQUANTIZABLE = 10;

function drawModelFacts(parent: HTMLElement, model: ModelSummary): void {
  const list = add(parent, 'dl', 'model-facts');
  const fact = (term: string, values: string[]) => {
    add(list, 'dt', '', term);
    const value = add(list, 'dd', '');
    values.forEach((text) => addName(value, 'span', '', text));
  };
  const tensor = (t: ModelSummary['inputs'][number]) => `${t.name}: ${t.type} ${formatShape(t.dims)}`;
  fact('Inputs', model.inputs.map(tensor));
  fact('Outputs', model.outputs.map(tensor));
  const operators = Object.entries(model.operators).map(([type, count]) => `${type} × ${count}`);
  fact('Operators', [operators.join(', ')]);
  if (model.blocks.length > 0) fact('Blocks', [formatBlocks(model.blocks)]);
  const { unquantizable } = model;
  if (unquantizable.length > 0) {
    const shown = unquantizable
      .slice(0, MOST_UNQUANTIZABLE)
      .map((u) => `${u.name} (${u.opType}): ${u.reason}`);
    const more = unquantizable.length - shown.length;
    fact('Stays in float', more === 0 ? shown : [...shown, `and ${more} more`]);
  }
  if (model.notes.length > 0) fact('Notes', model.notes);
  if (model.producer !== '') fact('Producer', [model.producer]);
}

/** Appends a step; one that is behind has a tick, and the one to take now is marked. */
function addStep(steps: HTMLElement, title: string, place: 'done' | 'now' | 'later'): HTMLLIElement {
  const step = add(steps, 'li', place);
  if (place === 'now') step.setAttribute('aria-current', 'step');
  const heading = add(step, 'h2', '');
  if (place === 'done') addIcon(heading, 'pass', 'Done');
  add(heading, 'span', '', title);
  return step;
}

function addModelStep(steps: HTMLElement, model: ModelSummary): void {
  const step = addStep(steps, 'Model', 'done');
  const line = add(step, 'p', 'data-line');
  addName(line, 'strong', '', baseName(model.path)).title = model.path;
  const { length } = model.layers;
  const layers =
    length === 0 ? 'No layer is left to quantize.' : `${formatPlural(length, 'layer')} to quantize.`;
  add(step, 'p', 'muted', layers);
}

function addSteps(section: HTMLElement, state: State, model: ModelSummary, host: Host): void {
  const { data, dataState, progress } = state;
  const isQuantized =
    model.quantized !== null && model.quantized.layers.length > 0 && model.layers.length === 0;
  const steps = add(section, 'ol', 'steps');
  addModelStep(steps, model);

  const samples = addStep(steps, 'Samples', data === null ? 'now' : 'done');
  addDataSummary(samples, data);
  addDataState(samples, dataState);
  const buttons = add(samples, 'div', 'buttons');
  const label = data === null ? 'Choose Data…' : 'Change…';
  const kind = data === null ? 'primary' : 'secondary';
  const all = [addButton(buttons, 'choose-data', label, kind, () => host.post({ type: 'chooseData' }))];
  if (data === null) {
    const made = addButton(buttons, 'use-synthetic', 'Use Made-up Samples', 'secondary', () =>
      host.post({ type: 'useSynthetic' }),
    );
    made.title =
      'Made up from the shapes of the inputs: shows how it works; its figures are not to be trusted.';
    all.push(made);
  }

  const analysis = addStep(steps, 'Analysis', data === null ? 'later' : 'now');
  const what = isQuantized
    ? 'Its layers are quantized already. Analyze the float original, and score this file with “quantscope evaluate”.'
    : 'Runs the model in float and in int8, measures what each layer costs, and advises which to keep in float. Nothing is written, and it can be cancelled.';
  add(analysis, 'p', 'muted', what);
  const analyze = addButton(
    add(analysis, 'div', 'buttons'),
    'analyze',
    'Analyze',
    data === null ? 'secondary' : 'primary',
    () => host.post({ type: 'analyze' }),
  );
  all.push(analyze);
  all.forEach((button) => button.setAttribute('aria-disabled', String(progress !== null)));
  if (isQuantized) analyze.setAttribute('aria-disabled', 'true');
}

/** Before the first analysis: what to do, in order. */
export function mountStart(parent: HTMLElement, host: Host): Update {
  const section = add(parent, 'section', 'start');
  section.setAttribute('aria-label', 'Start');
  return whenChanged(
    (state) => [
      screenOf(state) === 'model',
      state.model,
      state.data,
      state.dataState,
      state.progress === null,
    ],
    (state) => {
      const { model, data } = state;
      // Drawing anew must not drop the keyboard's place.
      const focused = section.querySelector<HTMLElement>(':focus')?.dataset['action'];
      emptied(section);
      section.hidden = screenOf(state) !== 'model' || model === null;
      if (section.hidden || model === null) return;
      addSteps(section, state, model, host);
      if (data !== null) addPreview(section, data, host);
      drawModelFacts(section, model);
      if (model.quantized !== null) addScales(section, model.quantized);
      section.querySelector<HTMLElement>(`[data-action="${focused ?? ''}"]`)?.focus();
    },
  );
}
