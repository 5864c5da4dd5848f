/** Variants that are made before a worker asks for them. */
const AHEAD = 2;

/** What is made of each of a list, in its order, some of it before it is asked for. */
export class Ahead<T, M> {
  private readonly made = new Map<number, M>();
  private next = 0;

  constructor(
    private readonly all: readonly T[],
    private readonly make: (one: T) => M,
  ) {}

  /** Makes the next one, unless enough wait. */
  prepare(): void {
    const one = this.all[this.next];
    if (one === undefined || this.made.size >= AHEAD) return;
    this.made.set(this.next++, this.make(one));
  }

  /** That of the one at this place, which is asked for once, and not before those in front of it. */
  take(at: number): M {
    while (this.next <= at) {
      const one = this.all[this.next];
      if (one === undefined) throw new RangeError(`there is no ${at}`);
      this.made.set(this.next++, this.make(one));
    }
    const made = this.made.get(at);
    if (made === undefined) throw new RangeError(`${at} was taken before`);
    this.made.delete(at);
    return made;
  }
}
