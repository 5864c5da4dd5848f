import { globMatches } from './globMatches';
import { KnownNames } from './knownNames';

/** A layer or an operator that rules may speak of. */
export interface Part {
  name: string;
  opType: string;
}

/** One with what it can be. */
export interface RuledPart extends Part {
  choices: readonly string[];
}

export interface Found<P> {
  /** In the model's order. */
  parts: readonly P[];
  /** A name comes before a type, a type before a pattern (docs/recipe.md). */
  by: 'name' | 'type' | 'pattern';
}

/** Patterns whose parts are remembered; more would be hostile. */
const REMEMBERED = 1000;

function grouped<P>(parts: readonly P[], keyOf: (part: P) => string): Map<string, P[]> {
  const groups = new Map<string, P[]>();
  for (const part of parts) {
    const group = groups.get(keyOf(part));
    if (group === undefined) groups.set(keyOf(part), [part]);
    else group.push(part);
  }
  return groups;
}

/**
 * Parts of a model by what rules say: a name or a type costs one look-up, a pattern only the names that begin as it does up to its
 * first wildcard.
 */
export class PartIndex<P extends Part> {
  private readonly byName: ReadonlyMap<string, P[]>;
  private readonly byType: ReadonlyMap<string, P[]>;
  private readonly sorted: readonly { name: string; part: P; at: number }[];
  private readonly patterns = new Map<string, P[]>();
  private readonly meant: KnownNames;
  readonly names: ReadonlySet<string>;

  /** @param parts in the model's order */
  constructor(readonly parts: readonly P[]) {
    this.byName = grouped(parts, ({ name }) => name);
    this.names = new Set(this.byName.keys());
    this.byType = grouped(parts, ({ opType }) => opType);
    this.meant = new KnownNames(new Set([...this.names, ...this.byType.keys()]));
    const places = new Map(parts.map((part, at) => [part, at]));
    this.sorted = [...this.byName]
      .flatMap(([name, group]) => group.map((part) => ({ name, part, at: places.get(part) ?? 0 })))
      .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }

  get types(): string[] {
    return [...this.byType.keys()];
  }

  find(match: string): Found<P> {
    const named = this.byName.get(match);
    if (named !== undefined) return { parts: named, by: 'name' };
    const typed = this.byType.get(match);
    if (typed !== undefined) return { parts: typed, by: 'type' };
    const known = this.patterns.get(match);
    if (known !== undefined) return { parts: known, by: 'pattern' };
    const parts = this.scan(match);
    if (this.patterns.size >= REMEMBERED) this.patterns.clear();
    this.patterns.set(match, parts);
    return { parts, by: 'pattern' };
  }

  private scan(pattern: string): P[] {
    const wild = pattern.search(/[*?]/);
    if (wild < 0) return [];
    if (pattern === '*') return [...this.parts];
    const prefix = pattern.slice(0, wild);
    let [low, high] = [0, this.sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.sorted[middle]?.name ?? '') < prefix) low = middle + 1;
      else high = middle;
    }
    const found: { part: P; at: number }[] = [];
    for (let next = low; next < this.sorted.length; next++) {
      const entry = this.sorted[next];
      if (entry?.name.startsWith(prefix) !== true) break;
      if (globMatches(pattern, entry.name)) found.push(entry);
    }
    return found.sort((a, b) => a.at - b.at).map(({ part }) => part);
  }

  /** The name, or the type, that a mistyped one was meant to be; `null` when none is near. */
  nearest(meant: string): string | null {
    return this.meant.nearest(meant);
  }
}
