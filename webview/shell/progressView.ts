import { formatDuration, formatExactCount } from '../../engine/shared/format';
import { add, addButton, type Host, type Update } from '../ui/dom';

/** What is being done, how far it is, and a way to stop it. */
export function mountProgress(parent: HTMLElement, host: Host): Update {
  const banner = add(parent, 'div', 'banner progress');
  const title = add(banner, 'span', 'progress-title');
  // The stage is announced, not every step of the bar.
  title.setAttribute('role', 'status');
  const bar = add(banner, 'div', 'bar');
  bar.setAttribute('role', 'progressbar');
  const fill = add(bar, 'div', 'bar-fill');
  const count = add(banner, 'span', 'progress-count muted');
  const left = add(banner, 'span', 'progress-left muted');
  addButton(banner, 'cancel', 'Cancel', 'secondary', () => host.post({ type: 'cancel' }));

  return ({ progress }) => {
    banner.hidden = progress === null;
    if (progress === null) {
      title.textContent = '';
      return;
    }
    const { total, secondsLeft } = progress;
    const done = Math.min(progress.done, total);
    const known = progress.done > 0 ? formatExactCount(progress.done) : '';
    if (title.textContent !== progress.title) title.textContent = progress.title;
    bar.setAttribute('aria-label', progress.title);
    bar.classList.toggle('unknown', total === 0);
    if (total === 0) bar.removeAttribute('aria-valuenow');
    else bar.setAttribute('aria-valuenow', String(Math.round((100 * done) / total)));
    fill.style.width = total === 0 ? '' : `${(100 * done) / total}%`;
    count.textContent = total === 0 ? known : `${formatExactCount(done)} of ${formatExactCount(total)}`;
    left.textContent = secondsLeft === null ? '' : `${formatDuration(secondsLeft)} left`;
  };
}
