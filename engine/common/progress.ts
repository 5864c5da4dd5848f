import type { Progress, Stage } from '../shared/protocol/error';

export type OnProgress = (progress: Progress) => void;

/** Counts the steps of one stage and estimates the time left from the pace so far. */
export class StageProgress {
  private done = 0;
  private readonly started = performance.now();

  constructor(
    private readonly stage: Stage,
    private readonly title: string,
    private readonly total: number,
    private readonly report: OnProgress | undefined,
  ) {
    this.send();
  }

  /** Counts steps as done. */
  step(steps = 1): void {
    this.done = Math.min(this.total, this.done + steps);
    this.send();
  }

  /** The stage is over, though it took fewer steps than it might have. */
  end(): void {
    this.step(this.total - this.done);
  }

  private send(): void {
    const elapsed = (performance.now() - this.started) / 1000;
    const secondsLeft = this.done === 0 ? null : (elapsed / this.done) * (this.total - this.done);
    this.report?.({ stage: this.stage, title: this.title, done: this.done, total: this.total, secondsLeft });
  }
}
