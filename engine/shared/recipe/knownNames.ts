import { NearestName } from './nearestName';

/** Names that a text may hold, and which of them a mistyped one was meant to be. */
export class KnownNames {
  private near: NearestName | undefined;

  constructor(readonly all: ReadonlySet<string>) {}

  has(name: string): boolean {
    return this.all.has(name);
  }

  /** `null` when none is near. */
  nearest(meant: string): string | null {
    // Most texts hold no mistake.
    this.near ??= new NearestName(this.all);
    return this.near.find(meant);
  }
}
