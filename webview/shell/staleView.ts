import { add, addButton, addText, emptied, whenChanged, type Host, type Update } from '../ui/dom';
import { addIcon } from '../ui/icons';

/** What changed since the report was made, with the way to a fresh one; hidden while nothing has. */
export function mountStale(parent: HTMLElement, host: Host): Update {
  const banner = add(parent, 'div', 'banner stale');
  banner.setAttribute('role', 'status');
  return whenChanged(
    (state) => [state.stale, state.report === null, state.progress === null],
    ({ stale, report, progress }) => {
      emptied(banner);
      // While it is analyzed anew there is nothing to be asked for.
      banner.hidden = stale.length === 0 || report === null || progress !== null;
      if (banner.hidden) return;
      addIcon(banner, 'warning');
      const text = add(banner, 'div', 'banner-text');
      stale.forEach((reason) => addText(text, 'p', 'clamped', reason));
      add(text, 'p', 'muted', 'What is shown is of before.');
      addButton(banner, 'analyze-stale', 'Analyze Again', 'primary', () => host.post({ type: 'analyze' }));
    },
  );
}
