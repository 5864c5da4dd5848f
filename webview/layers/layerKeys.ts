import { ownValue } from '../../engine/shared/ownValue';
/** What keys do in the list. */
export interface KeyActions {
  /** Goes to the line so many further; past an end to the line there. */
  move: (by: number, extend: boolean) => void;
  /** Lines that a page holds. */
  page: () => number;
  toggle: () => void;
  selectAll: () => void;
  /** Leaves only the line that has the focus. */
  selectOne: () => void;
  openState: () => void;
  openDetail: () => void;
  /** Closes the group, or goes to its head. */
  fold: () => void;
  /** Opens the group, or goes into it. */
  unfold: () => void;
  /** Goes to the layer that typed letters name. */
  type: (letters: string) => void;
}

/** Letters that follow each other faster than this are one word. */
const WORD_MS = 800;
const FAR = 1e9;

/** Listens for the keys of the list, as the editor's own lists take them. */
export function listenForKeys(grid: HTMLElement, head: HTMLElement, actions: KeyActions): void {
  const moves: Record<string, () => number> = {
    ArrowDown: () => 1,
    ArrowUp: () => -1,
    PageDown: () => actions.page(),
    PageUp: () => -actions.page(),
    Home: () => -FAR,
    End: () => FAR,
  };
  const others: Record<string, () => void> = {
    Enter: actions.openDetail,
    F2: actions.openState,
    Escape: actions.selectOne,
    ArrowLeft: actions.fold,
    ArrowRight: actions.unfold,
  };
  let typed = '';
  let typedAt = -Infinity;

  /** Whether the key did something. */
  const take = (event: KeyboardEvent): boolean => {
    const { key } = event;
    if (event.altKey) return false;
    if (event.ctrlKey || event.metaKey) {
      if (key.toLowerCase() !== 'a') return false;
      actions.selectAll();
      return true;
    }
    const move = ownValue(moves, key);
    if (move !== undefined) {
      actions.move(move(), event.shiftKey);
      return true;
    }
    const isTyping = event.timeStamp - typedAt < WORD_MS;
    if (key === ' ' && !isTyping) {
      actions.toggle();
      return true;
    }
    if (key.length === 1) {
      typed = isTyping ? typed + key : key;
      typedAt = event.timeStamp;
      actions.type(typed);
      return true;
    }
    const other = ownValue(others, key);
    other?.();
    return other !== undefined;
  };
  grid.addEventListener('keydown', (event) => {
    if (!(event.target instanceof Element) || head.contains(event.target)) return;
    if (event.target instanceof HTMLSelectElement) {
      // The control of a row gives the focus back to the list.
      if (event.key === 'Escape') grid.focus({ preventScroll: true });
      return;
    }
    if (take(event)) event.preventDefault();
  });
}
