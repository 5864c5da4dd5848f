import type { ModelSummary } from '../../engine/shared/protocol/model';
import { baseName, formatBytes, formatCount, formatPlural } from '../../engine/shared/format';
import { type State } from '../state/state';
import { screenOf } from '../state/store';
import { add, addButton, addName, emptied, whenChanged, type Host, type Update } from '../ui/dom';
import { addIcon } from '../ui/icons';

function facts(model: ModelSummary): string[] {
  return [
    formatBytes(model.bytes),
    ['opset ' + String(model.opset), ...model.otherOpsets].join(', '),
    formatPlural(model.nodeCount, 'operator'),
    formatPlural(model.layers.length, 'layer'),
    `${formatCount(model.parameters)} parameters`,
  ];
}

function labelData(button: HTMLElement, { data, view }: State): void {
  emptied(button);
  button.setAttribute('aria-expanded', String(view.showData));
  const warnings = data?.warnings.length ?? 0;
  if (warnings > 0) addIcon(button, 'warning', formatPlural(warnings, 'warning'));
  add(button, 'span', '', 'Data');
  addIcon(button, view.showData ? 'up' : 'down');
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
    (state) => [screenOf(state), state.progress === null, state.view.showData, state.data],
    (state) => {
      // Rebuilding while it has the focus would lose the focus.
      if (screenOf(state) !== 'report') emptied(actions);
      else if (actions.childElementCount === 0) {
        const data = addButton(actions, 'show-data', 'Data', 'secondary', () =>
          host.dispatch({ type: 'showData', on: data.getAttribute('aria-expanded') !== 'true' }),
        );
        data.setAttribute('aria-controls', 'data-panel');
        addButton(actions, 'analyze', 'Analyze Again', 'secondary', () => host.post({ type: 'analyze' }));
        addButton(actions, 'quantize', 'Quantize…', 'primary', () => host.post({ type: 'quantize' }));
      }
      actions.querySelectorAll('button').forEach((button) => {
        if (button.dataset['action'] === 'show-data') labelData(button, state);
        else button.setAttribute('aria-disabled', String(state.progress !== null));
      });
    },
  );
  return (state) => {
    drawTitle(state);
    drawActions(state);
  };
}
