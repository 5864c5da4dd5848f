import { select, type Selection } from 'd3-selection';
import { shorten } from '../../engine/shared/format';
import { keepMessage } from '../state/keepFloatMessage';
import type { FromWebview } from '../../engine/shared/protocol/webview';
import { isStandalone } from './isStandalone';
import type { Action, State } from '../state/state';

/** What a view may do besides drawing. */
export interface Host {
  post(message: FromWebview): void;
  dispatch(action: Action): void;
}

/** Draws the state into what a view has mounted. */
export type Update = (state: State) => void;

export type Element<E extends HTMLElement = HTMLElement> = Selection<E, unknown, null, undefined>;

/** Appends an element with a class and, if given, a text. */
export function add<K extends keyof HTMLElementTagNameMap>(
  parent: HTMLElement,
  tag: K,
  className: string,
  text?: string,
): HTMLElementTagNameMap[K] {
  const element = parent.appendChild(document.createElement(tag));
  if (className !== '') element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

/**
 * Sets a name that comes from a model file: as text, isolated from the direction of what surrounds it,
 * with the name itself in the tooltip. Names can be long, hold markup, or switch the writing direction.
 */
export function setName(element: HTMLElement, name: string): void {
  element.classList.add('name');
  element.dir = 'auto';
  if (element.textContent !== name) element.textContent = name;
  element.title = shorten(name, 500);
}

/** Appends an element that shows a name from a model file. */
export function addName<K extends keyof HTMLElementTagNameMap>(
  parent: HTMLElement,
  tag: K,
  className: string,
  name: string,
): HTMLElementTagNameMap[K] {
  const element = add(parent, tag, className);
  setName(element, name);
  return element;
}

/**
 * Appends a sentence that may quote names from a model file, so isolated like them; a class `clamped` cuts it
 * after some lines.
 */
export function addText<K extends keyof HTMLElementTagNameMap>(
  parent: HTMLElement,
  tag: K,
  className: string,
  text: string,
): HTMLElementTagNameMap[K] {
  const element = add(parent, tag, className, text);
  element.dir = 'auto';
  element.title = shorten(text, 500);
  return element;
}

/** Appends a button with a `data-action`. While `aria-disabled` it keeps the focus but does nothing. */
export function addButton(
  parent: HTMLElement,
  action: string,
  label: string,
  kind: 'primary' | 'secondary',
  run: () => void,
): HTMLButtonElement {
  const button = add(parent, 'button', `button ${kind}`, label);
  button.type = 'button';
  button.dataset['action'] = action;
  button.addEventListener('click', () => {
    if (button.getAttribute('aria-disabled') !== 'true') run();
  });
  return button;
}

/** Appends a checkbox that keeps a layer in float, with its label around it; `data-advised` says whether that is advised. */
export function addKeepBox(
  parent: HTMLElement,
  layer: string,
  label: string | null,
  host: Host,
): HTMLInputElement {
  const frame = label === null ? parent : add(parent, 'label', 'check');
  const box = add(frame, 'input', '');
  box.type = 'checkbox';
  box.dataset['keepFloat'] = layer;
  box.disabled = isStandalone();
  box.addEventListener('change', () =>
    host.post(keepMessage(box.dataset['keepFloat'] ?? layer, box.checked, box.dataset['advised'] === 'true')),
  );
  if (label === null) box.setAttribute('aria-label', `Keep ${shorten(layer, 200)} in float`);
  else add(frame, 'span', '', label);
  return box;
}

/** Empties an element and gives it back as a selection. */
export function emptied<E extends HTMLElement>(element: E): Element<E> {
  element.replaceChildren();
  return select(element);
}

/** An update that draws only when one of the picked values is another one than last time. */
export function whenChanged(pick: (state: State) => readonly unknown[], draw: Update): Update {
  let last: readonly unknown[] | null = null;
  return (state) => {
    const now = pick(state);
    if (last?.every((value, i) => Object.is(value, now[i])) === true) return;
    last = now;
    draw(state);
  };
}
