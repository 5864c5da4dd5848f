import { screenOf } from '../store';
import { add, addButton, emptied, whenChanged, type Host, type Update } from './dom';
import { addIcon } from './icons';

/** The last command's failure, or that it was cancelled; for a broken model, all there is to see. */
export function mountError(parent: HTMLElement, host: Host): Update {
  const banner = add(parent, 'div', '');
  banner.setAttribute('role', 'alert');
  return whenChanged(
    (state) => [state.error, screenOf(state) === 'failed'],
    (state) => {
      const { error } = state;
      emptied(banner);
      banner.hidden = error === null;
      if (error === null) return;
      const cancelled = error.code === 'cancelled';
      banner.className = cancelled ? 'banner cancelled' : 'banner error';
      banner.dataset['code'] = error.code;
      addIcon(banner, cancelled ? 'stopped' : 'fail');
      const text = add(banner, 'div', 'banner-text');
      // Messages name tensors and files.
      add(text, 'p', '', error.message).dir = 'auto';
      if (error.hint !== '') add(text, 'p', 'muted', error.hint).dir = 'auto';
      if (!cancelled) {
        addButton(banner, 'show-log', 'Show Log', 'secondary', () => host.post({ type: 'showLog' }));
      }
    },
  );
}
