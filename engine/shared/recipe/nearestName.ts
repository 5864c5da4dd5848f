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
  /** By pair, the names that hold it; of pairs that most names hold, those that do not, since names of a model begin alike. */
  private readonly holders = new Map<string, { isUsual: boolean; names: readonly number[] }>();
  private readonly counts: Int32Array;

  constructor(names: Iterable<string>) {
    this.names = [...new Set(names)].filter(({ length }) => length <= MAX_LENGTH);
    this.counts = new Int32Array(this.names.length);
    const holders = new Map<string, number[]>();
    this.names.forEach((name, index) => {
      const pairs = pairsOf(name.toLowerCase());
      this.counts[index] = pairs.size;
      for (const pair of pairs) {
        const known = holders.get(pair);
        if (known === undefined) holders.set(pair, [index]);
        else known.push(index);
      }
    });
    for (const [pair, held] of holders) {
      const isUsual = 2 * held.length > this.names.length;
      this.holders.set(pair, { isUsual, names: isUsual ? this.without(held) : held });
    }
  }

  private without(held: readonly number[]): number[] {
    const holds = new Set(held);
    return [...this.names.keys()].filter((index) => !holds.has(index));
  }

  /** How many pairs each name shares with others. */
  private shared(pairs: ReadonlySet<string>): Int32Array {
    const shared = new Int32Array(this.names.length);
    let usual = 0;
    for (const pair of pairs) {
      const found = this.holders.get(pair);
      if (found === undefined) continue;
      const { isUsual, names } = found;
      if (isUsual) usual++;
      for (const index of names) shared[index] = (shared[index] ?? 0) + (isUsual ? -1 : 1);
    }
    return shared.map((count) => count + usual);
  }

  /** The names that are most alike by Dice's coefficient, the most alike first. */
  private candidates(pairs: ReadonlySet<string>): number[] {
    const best: { index: number; alike: number }[] = [];
    this.shared(pairs).forEach((common, index) => {
      const alike = (2 * common) / (pairs.size + (this.counts[index] ?? 0));
      if (common === 0 || (best.length === CANDIDATES && alike <= (best.at(-1)?.alike ?? 0))) return;
      const place = best.findLastIndex((other) => other.alike >= alike) + 1;
      best.splice(place, 0, { index, alike });
      if (best.length > CANDIDATES) best.pop();
    });
    return best.map(({ index }) => index);
  }

  /** `null` when none is near. */
  find(meant: string): string | null {
    if (meant.length > MAX_LENGTH) return null;
    const lower = meant.toLowerCase();
    let best: { name: string; distance: number } | null = null;
    for (const index of this.candidates(pairsOf(lower))) {
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

/**
 * Characters to insert, leave out or change to make one text of another (Levenshtein).
 * @param limit beyond which only "more" matters
 * @returns at most `limit + 1`
 */
export function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const change = (before[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const cost = Math.min(change, (before[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      row.push(cost);
      least = Math.min(least, cost);
    }
    if (least > limit) return limit + 1;
    before = row;
  }
  return Math.min(before[b.length] ?? 0, limit + 1);
}
