import { formatPlural } from '../../engine/shared/format';
import { type State } from '../state/state';
import { screenOf } from '../state/store';
import { add, addButton, emptied, whenChanged, type Host, type Update } from '../ui/dom';
import { addIcon } from '../ui/icons';

/** What a first analysis left behind when it was cancelled; `null` where there is nothing to go on with. */
function leftBehind({ error, model, measured, report }: State): string | null {
  if (error?.code !== 'cancelled' || model === null || report !== null || measured.size === 0) return null;
  const all = formatPlural(model.layers.length, 'layer');
  const run = [...measured.values()].filter(({ isForetold, alone }) => !isForetold || alone !== null).length;
  return run === 0
    ? `None of ${all} was measured before; what is foretold of them stays in the list.`
    : `${run} of ${all} ${run === 1 ? 'was' : 'were'} measured before; what is known of them stays in the list.`;
}

/** The last command's failure, or what it left behind when it was cancelled; for a broken model, all there is to see. */
export function mountError(parent: HTMLElement, host: Host): Update {
  const banner = add(parent, 'div', '');
  banner.setAttribute('role', 'alert');
  return whenChanged(
    (state) => [state.error, screenOf(state), leftBehind(state)],
    (state) => {
      const { error } = state;
      const left = leftBehind(state);
      emptied(banner);
      const cancelled = error?.code === 'cancelled';
      // That something was cancelled the editor tells for a moment.
      banner.hidden = error === null || (cancelled && left === null);
      if (error === null || banner.hidden) return;
      banner.className = cancelled ? 'banner cancelled' : 'banner error';
      banner.dataset['code'] = error.code;
      addIcon(banner, cancelled ? 'stopped' : 'fail');
      const text = add(banner, 'div', 'banner-text');
      // Messages name tensors and files.
      add(text, 'p', '', error.message).dir = 'auto';
      if (error.hint !== '') add(text, 'p', 'muted', error.hint).dir = 'auto';
      if (error.code === 'bad-model' && state.model === null)
        add(text, 'p', 'muted', 'It is read again as soon as the file changes.');
      if (left !== null) {
        add(text, 'p', 'muted', left);
        addButton(banner, 'analyze-again', 'Analyze Again', 'secondary', () =>
          host.post({ type: 'analyze' }),
        );
      }
      if (error.code === 'bad-data' && state.model !== null) {
        addButton(banner, 'choose-other-data', 'Choose Data…', 'secondary', () =>
          host.post({ type: 'chooseData' }),
        );
      }
      if (!cancelled) {
        addButton(banner, 'show-log', 'Show Log', 'secondary', () => host.post({ type: 'showLog' }));
      }
    },
  );
}
