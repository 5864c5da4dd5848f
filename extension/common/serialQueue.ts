/** Work that is done one after another, so that what was asked for last is what stays. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  /** Does it once all before it has ended, however that did. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const done = this.last.then(work);
    this.last = done.catch(() => undefined);
    return done;
  }
}
