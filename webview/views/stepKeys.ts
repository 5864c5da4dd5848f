/** Lets the keys of a slider move along a row of items: arrows by one, pages by a tenth, Home and End. */
export function listenToSteps(
  element: HTMLElement,
  current: () => number,
  count: () => number,
  show: (index: number) => void,
): void {
  element.addEventListener('keydown', (event) => {
    const page = Math.max(1, Math.round(count() / 10));
    const targets = new Map<string, number>([
      ['ArrowRight', current() + 1],
      ['ArrowUp', current() + 1],
      ['ArrowLeft', current() - 1],
      ['ArrowDown', current() - 1],
      ['PageUp', current() + page],
      ['PageDown', current() - page],
      ['Home', 0],
      ['End', count() - 1],
    ]);
    const target = targets.get(event.key);
    if (target === undefined) return;
    event.preventDefault();
    show(target);
  });
}
