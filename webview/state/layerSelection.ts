/** Rows chosen together, as in the editor's own lists. Keys tell rows apart. */
export interface Selection {
  readonly chosen: ReadonlySet<string>;
  /** Where a range begins: the row that was chosen last by itself. */
  readonly anchor: string | null;
}

/** One row alone. */
export function selectOnly(key: string): Selection {
  return { chosen: new Set([key]), anchor: key };
}

/** Adds a row, or takes it out; the next range begins there. */
export function toggleRow({ chosen }: Selection, key: string): Selection {
  const next = new Set(chosen);
  if (!next.delete(key)) next.add(key);
  return { chosen: next, anchor: key };
}

/**
 * The rows from the anchor to `key`, and no others.
 * @param keys of all rows, in the order shown; an anchor that is not among them begins at `key`
 */
export function extendTo({ anchor }: Selection, keys: readonly string[], key: string): Selection {
  const to = keys.indexOf(key);
  const from = anchor === null ? -1 : keys.indexOf(anchor);
  if (to < 0) return selectOnly(key);
  if (from < 0 || anchor === null) return selectOnly(key);
  return { chosen: new Set(keys.slice(Math.min(from, to), Math.max(from, to) + 1)), anchor };
}

/** All rows; a range goes on from where it began. */
export function selectAll({ anchor }: Selection, keys: readonly string[]): Selection {
  return { chosen: new Set(keys), anchor: anchor ?? keys[0] ?? null };
}

/** What is left of a selection when only these rows are shown. */
export function keepShown({ chosen, anchor }: Selection, keys: readonly string[]): Selection {
  // One row, which is the rule, is found faster than all of them are gathered.
  const shown = chosen.size > 1 ? new Set(keys) : { has: (key: string) => keys.includes(key) };
  return {
    chosen: new Set([...chosen].filter((key) => shown.has(key))),
    anchor: anchor !== null && shown.has(anchor) ? anchor : null,
  };
}
