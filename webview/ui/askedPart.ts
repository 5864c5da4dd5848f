import type { LayerReport } from '../../engine/shared/protocol/report';
import type { Answer, FromWebview } from '../../engine/shared/protocol/webview';
import { shownLayer } from '../state/layerRows';
import type { State } from '../state/state';
import { add, addButton, addText, emptied, whenChanged, type Host, type Update } from './dom';
import { addIcon } from './icons';

/** A part of the chosen layer's detail that running the model answers, and so only when it is asked for. */
interface AskedPart<T> {
  /** Class of the part. */
  part: string;
  /** What it is for who cannot see it. */
  name: string;
  title: string;
  action: { id: string; label: string; message: (layer: string) => FromWebview };
  isShown: (layer: LayerReport, state: State) => boolean;
  /** What the action would do. */
  promise: (state: State) => string;
  /** What it is doing. */
  waiting: string;
  answers: (state: State) => ReadonlyMap<string, Answer<T>>;
  /** What the drawing depends on besides layer, answer and width. */
  depends?: (state: State) => unknown[];
  draw: (body: HTMLElement, result: T, layer: LayerReport, state: State) => void;
}

/** Mounts the part: what it would do and its button, then that it is under way, then what was answered or why it was not. */
export function mountAsked<T>(parent: HTMLElement, host: Host, asked: AskedPart<T>): Update {
  const { action } = asked;
  const section = add(parent, 'section', asked.part);
  section.setAttribute('aria-label', asked.name);
  const head = add(section, 'div', 'part-head');
  add(head, 'h3', '', asked.title);
  const button = addButton(head, action.id, action.label, 'secondary', () => {
    host.post(action.message(button.dataset['layer'] ?? ''));
  });
  const body = add(section, 'div', '');
  const answerOf = (state: State, layer: LayerReport) => asked.answers(state).get(layer.name);
  const draw = whenChanged(
    (state) => {
      const layer = shownLayer(state);
      const answer = layer === null ? undefined : answerOf(state, layer);
      return [layer, answer, body.clientWidth, ...(asked.depends?.(state) ?? [])];
    },
    (state) => {
      const layer = shownLayer(state);
      emptied(body);
      if (layer === null) return;
      const answer = answerOf(state, layer);
      button.dataset['layer'] = layer.name;
      button.hidden = answer !== undefined && answer.kind !== 'failed';
      if (answer === undefined) add(body, 'p', 'muted', asked.promise(state));
      else if (answer.kind === 'waiting')
        add(body, 'p', 'muted', asked.waiting).setAttribute('role', 'status');
      else if (answer.kind === 'failed') {
        const line = add(body, 'p', 'warning');
        addIcon(line, 'warning', 'Not compared');
        addText(line, 'span', 'clamped', `${answer.error.message} ${answer.error.hint}`);
      } else asked.draw(body, answer.result, layer, state);
    },
  );
  return (state) => {
    const layer = shownLayer(state);
    section.hidden = layer === null || !asked.isShown(layer, state);
    // A panel that is hidden has no width to draw for.
    if (body.clientWidth > 0) draw(state);
  };
}
