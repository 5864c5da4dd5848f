/**
 * Lets several workers work side by side and hand over what they found in the order in which they began: floats that are
 * added up in another order have other last bits.
 */
export class Turns {
  private last: Promise<void> = Promise.resolve();

  /** Hands over what `work` comes to once all that was begun before is handed over, or has failed. */
  async take<T>(work: Promise<T>, use: (result: T) => void): Promise<void> {
    const before = this.last;
    const turn = work.then(async (result) => {
      await before;
      use(result);
    });
    this.last = turn.catch(() => undefined);
    await turn;
  }
}
