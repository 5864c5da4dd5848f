import type { ModelSummary } from '../../engine/protocol';
import { formatBlocks, formatPlural, formatShape } from '../../engine/format';
import { screenOf } from '../store';
import { addDataState, addDataSummary } from './dataSummary';
import { add, addButton, addName, emptied, whenChanged, type Host, type Update } from './dom';
import { addPreview } from './previewView';
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
      const running = state.progress !== null;

      const steps = add(section, 'ol', 'steps');
      const first = add(steps, 'li', '');
      add(first, 'h2', '', 'Calibration data');
      addDataSummary(first, data);
      addDataState(first, state.dataState);
      const choose = addButton(
        first,
        'choose-data',
        data === null ? 'Choose calibration data…' : 'Change…',
        data === null ? 'primary' : 'secondary',
        () => host.post({ type: 'chooseData' }),
      );
      const second = add(steps, 'li', '');
      add(second, 'h2', '', 'Analysis');
      const layers = formatPlural(model.layers.length, 'layer');
      const done = model.quantized !== null && model.quantized.layers.length > 0 && model.layers.length === 0;
      add(
        second,
        'p',
        'muted',
        done
          ? 'Its layers are quantized already. Analyze the float original, and score this file with “quantscope evaluate”.'
          : `Runs the model in float and in int8, measures what each of its ${layers} costs, and advises which to keep in float.`,
      );
      const analyze = addButton(second, 'analyze', 'Analyze', data === null ? 'secondary' : 'primary', () =>
        host.post({ type: 'analyze' }),
      );
      [choose, analyze].forEach((button) => button.setAttribute('aria-disabled', String(running)));
      if (done) analyze.setAttribute('aria-disabled', 'true');
      if (data !== null) addPreview(section, data);
      drawModelFacts(section, model);
      if (model.quantized !== null) addScales(section, model.quantized);
      section.querySelector<HTMLElement>(`[data-action="${focused ?? ''}"]`)?.focus();
    },
  );
}
