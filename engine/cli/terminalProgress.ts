import { SingleBar } from 'cli-progress';
import { formatDuration } from '../shared/format';
import { neutral } from '../shared/neutral';
import type { OnProgress } from '../common/progress';
import type { Progress } from '../shared/protocol/error';
import { drawsBars } from './standardStreams';

/** Draws one bar per stage on stderr; draws nothing where that is no terminal, or one without a cursor to move. */
export class TerminalProgress {
  private bar: SingleBar | undefined;
  private stage: Progress['title'] | undefined;

  readonly onProgress: OnProgress = (progress) => {
    if (!drawsBars()) return;
    const left = progress.secondsLeft === null ? '' : `${formatDuration(progress.secondsLeft)} left`;
    const { done, total } = progress;
    const payload = {
      title: neutral(progress.title),
      left,
      count: total === 0 ? String(done) : `${done}/${total}`,
    };
    const shown = total === 0 ? 0 : done;
    if (this.stage !== progress.title || done < this.done) {
      this.stop();
      this.bar = new SingleBar({
        format: '{title} {bar} {count} {left}',
        barCompleteChar: '█',
        barIncompleteChar: '░',
        barsize: 30,
        hideCursor: true,
        clearOnComplete: true,
        stream: process.stderr,
      });
      this.bar.start(Math.max(1, total), shown, payload);
      this.stage = progress.title;
    }
    this.done = done;
    this.bar?.update(shown, payload);
  };

  private done = 0;

  /** Clears the bar, so that other text can follow. */
  stop(): void {
    this.bar?.stop();
    this.bar = undefined;
    this.stage = undefined;
  }
}
