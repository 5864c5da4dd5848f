import { SingleBar } from 'cli-progress';
import { formatDuration } from './format';
import type { OnProgress } from './progress';
import type { Progress } from './protocol';

/** Draws one bar per stage on stderr; draws nothing where stderr is no terminal. */
export class TerminalProgress {
  private bar: SingleBar | undefined;
  private stage: Progress['title'] | undefined;

  readonly onProgress: OnProgress = (progress) => {
    if (!process.stderr.isTTY) return;
    const left = progress.secondsLeft === null ? '' : `${formatDuration(progress.secondsLeft)} left`;
    const payload = { title: progress.title, left };
    if (this.stage !== progress.title || progress.done < this.done) {
      this.stop();
      this.bar = new SingleBar({
        format: '{title} {bar} {value}/{total} {left}',
        barCompleteChar: '█',
        barIncompleteChar: '░',
        barsize: 30,
        hideCursor: true,
        clearOnComplete: true,
        stream: process.stderr,
      });
      this.bar.start(progress.total, progress.done, payload);
      this.stage = progress.title;
    }
    this.done = progress.done;
    this.bar?.update(progress.done, payload);
  };

  private done = 0;

  /** Clears the bar, so that other text can follow. */
  stop(): void {
    this.bar?.stop();
    this.bar = undefined;
    this.stage = undefined;
  }
}
