import type { ModelSummary } from '../../engine/protocol';
import { baseName, formatBytes, formatCount, formatPlural } from '../../engine/format';
import { screenOf } from '../store';
import { add, addButton, addName, emptied, whenChanged, type Host, type Update } from './dom';

function facts(model: ModelSummary): string[] {
  return [
    formatBytes(model.bytes),
    ['opset ' + String(model.opset), ...model.otherOpsets].join(', '),
    formatPlural(model.nodeCount, 'operator'),
    formatPlural(model.layers.length, 'layer'),
    `${formatCount(model.parameters)} parameters`,
  ];
}

/** The model's name and measure, and, once there is a report, what can be done next. */
export function mountHeader(parent: HTMLElement, host: Host): Update {
  const header = add(parent, 'header', 'model-header');
  const title = add(header, 'div', 'model-title');
  const actions = add(header, 'div', 'actions');

  const drawTitle = whenChanged(
    (state) => [state.model],
    ({ model }) => {
      emptied(title);
      if (model === null) return;
      addName(title, 'h1', '', baseName(model.path)).title = model.path;
      const line = add(title, 'ul', 'facts');
      facts(model).forEach((fact) => add(line, 'li', '', fact));
    },
  );
  const drawActions = whenChanged(
    (state) => [screenOf(state), state.progress === null],
    (state) => {
      // Rebuilding while it has the focus would lose the focus.
      if (screenOf(state) !== 'report') emptied(actions);
      else if (actions.childElementCount === 0) {
        addButton(actions, 'choose-data', 'Data…', 'secondary', () => host.post({ type: 'chooseData' }));
        addButton(actions, 'analyze', 'Analyze Again', 'secondary', () => host.post({ type: 'analyze' }));
        addButton(actions, 'quantize', 'Quantize…', 'primary', () => host.post({ type: 'quantize' }));
      }
      actions.querySelectorAll('button').forEach((button) => {
        button.setAttribute('aria-disabled', String(state.progress !== null));
      });
    },
  );
  return (state) => {
    drawTitle(state);
    drawActions(state);
  };
}
