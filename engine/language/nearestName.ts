import { editDistance } from './editDistance';

/** Names that are compared letter by letter. */
const CANDIDATES = 24;
/** Nobody mistypes longer ones, and comparing takes the product of both lengths. */
const MAX_LENGTH = 512;

function pairsOf(name: string): Set<string> {
  const pairs = new Set<string>();
  for (let i = 0; i + 1 < name.length; i++) pairs.add(name.slice(i, i + 2));
  return pairs;
}

/** Finds the name that a mistyped one was meant to be, by pairs of letters first: among thousands in well under a millisecond. */
export class NearestName {
  private readonly names: readonly string[];
  private readonly holders = new Map<string, number[]>();
  private readonly counts: Int32Array;

  constructor(names: Iterable<string>) {
    this.names = [...new Set(names)].filter(({ length }) => length <= MAX_LENGTH);
    this.counts = new Int32Array(this.names.length);
    this.names.forEach((name, index) => {
      const pairs = pairsOf(name.toLowerCase());
      this.counts[index] = pairs.size;
      for (const pair of pairs) {
        const holders = this.holders.get(pair);
        if (holders === undefined) this.holders.set(pair, [index]);
        else holders.push(index);
      }
    });
  }

  /** `null` when none is near. */
  find(meant: string): string | null {
    if (meant.length > MAX_LENGTH) return null;
    const lower = meant.toLowerCase();
    const pairs = pairsOf(lower);
    const shared = new Int32Array(this.names.length);
    for (const pair of pairs)
      for (const index of this.holders.get(pair) ?? []) shared[index] = (shared[index] ?? 0) + 1;
    // Dice's coefficient.
    const scored = Array.from(shared, (common, index) => ({
      index,
      alike: (2 * common) / (pairs.size + (this.counts[index] ?? 0)),
    })).filter(({ alike }) => alike > 0);
    scored.sort((a, b) => b.alike - a.alike);
    let best: { name: string; distance: number } | null = null;
    for (const { index } of scored.slice(0, CANDIDATES)) {
      const name = this.names[index] ?? '';
      const limit = Math.min(
        best === null ? Infinity : best.distance - 1,
        Math.max(2, Math.floor(meant.length * 0.4)),
      );
      const distance = editDistance(lower, name.toLowerCase(), limit);
      if (distance <= limit) best = { name, distance };
    }
    return best?.name ?? null;
  }
}
