import type { Report } from '../../engine/shared/protocol/report';
import { formatDrop, formatPlural, formatScore } from '../../engine/shared/format';
import type { State } from '../state/state';
import { keptLayers, measuredAs } from '../state/layerRows';
import {
  add,
  addButton,
  addKeepBox,
  addName,
  addText,
  emptied,
  whenChanged,
  type Host,
  type Update,
} from '../ui/dom';
import { addIcon } from '../ui/icons';

function drawList(parent: HTMLElement, report: Report, host: Host): void {
  if (report.keepFloat.length === 0) {
    const { kind } = report.verdict;
    const none =
      kind === 'not-measurable'
        ? 'Which layers should stay in float cannot be measured on these samples.'
        : kind === 'met'
          ? 'No layer needs to stay in float: all of them can run in int8.'
          : 'No layer is worth keeping in float: what was tried gains too little.';
    add(parent, 'p', 'muted', none);
    return;
  }
  const byName = new Map(report.layers.map((layer) => [layer.name, layer]));
  const list = add(parent, 'ul', 'advice-list');
  for (const name of report.keepFloat) {
    const layer = byName.get(name);
    const item = add(list, 'li', '');
    addKeepBox(item, name, null, host).dataset['advised'] = 'true';
    const text = add(item, 'div', 'advice-text');
    const link = addName(text, 'button', 'link', name);
    link.type = 'button';
    link.addEventListener('click', () => host.dispatch({ type: 'select', layer: name }));
    if (layer === undefined) continue;
    add(text, 'span', 'advice-drop', formatDrop(report.float.metric, layer.drop));
    addText(text, 'p', 'muted clamped', layer.advice.reason);
  }
}

function drawStatus(line: HTMLElement, report: Report, state: State, host: Host): void {
  emptied(line);
  const kept = keptLayers(state);
  const measured = measuredAs(report, kept);
  line.dataset['measured'] = measured;
  const missed = measured === 'advised' && !report.advised.meetsTarget;
  addIcon(line, measured === 'unmeasured' ? 'info' : missed ? 'warning' : 'pass');
  const text = add(line, 'span', '');
  if (measured === 'unmeasured') {
    text.textContent = `Your choice, ${formatPlural(kept.size, 'layer')} in float: not measured yet. Quantize will measure it.`;
  } else {
    const result = measured === 'int8' ? report.int8 : report.advised;
    const choice = measured === 'int8' ? 'Your choice, nothing in float' : 'As advised';
    text.textContent = `${choice}: measured, ${formatScore(result.metric, result.score)}.`;
  }
  if (measured === 'advised') return;
  addButton(line, 'reset-advice', 'Use Advice', 'secondary', () =>
    host.post({ type: 'decide', layers: [...state.decided.keys()], choice: null }),
  );
}

/** The layers advised to stay in float and why, and whether the user's choice has been measured. */
export function mountAdvice(parent: HTMLElement, host: Host): Update {
  const section = add(parent, 'section', 'advice-panel');
  section.setAttribute('aria-label', 'Advice');
  const title = add(section, 'h2', '', 'Advised to stay in float');
  const count = add(title, 'span', 'badge');
  const status = add(section, 'div', 'advice-status');
  status.setAttribute('role', 'status');
  const body = add(section, 'div', 'advice-body');

  const drawBody = whenChanged(
    (state) => [state.report],
    ({ report }) => {
      emptied(body);
      section.hidden = report === null;
      count.textContent = String(report?.keepFloat.length ?? 0);
      if (report === null) return;
      drawList(body, report, host);
    },
  );
  const drawChoice = whenChanged(
    (state) => [state.report, state.decided],
    (state) => {
      if (state.report === null) return;
      const kept = keptLayers(state);
      drawStatus(status, state.report, state, host);
      body.querySelectorAll<HTMLInputElement>('input[data-keep-float]').forEach((box) => {
        box.checked = kept.has(box.dataset['keepFloat'] ?? '');
      });
    },
  );
  return (state) => {
    drawBody(state);
    drawChoice(state);
  };
}
