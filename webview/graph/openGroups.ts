import type { ModelGraph } from '../../engine/shared/protocol/model';

/** So many boxes are seen at first, where groups can be closed for it. */
const AT_FIRST = 400;

/** The groups that are open at first: paths from the outside in while there is room; blocks are closed. */
export function openAtFirst({ nodes, groups }: ModelGraph): Set<number> {
  const open = new Set<number>();
  const inside = groups.map(() => 0);
  for (const { group } of nodes) if (group !== null) inside[group] = (inside[group] ?? 0) + 1;
  let seen = nodes.filter(({ group }) => group === null).length;
  for (const { parent } of groups) {
    if (parent === null) seen++;
    else inside[parent] = (inside[parent] ?? 0) + 1;
  }
  const waiting = groups.flatMap(({ parent }, i) => (parent === null ? [i] : []));
  // The list grows while it is walked.
  for (const group of waiting) {
    const more = (inside[group] ?? 0) - 1;
    if (groups[group]?.kind === 'block' || seen + more > AT_FIRST) continue;
    seen += more;
    open.add(group);
    groups.forEach(({ parent }, i) => {
      if (parent === group) waiting.push(i);
    });
  }
  return open;
}

/** The same groups, with those open that hold a node. */
export function openAround(
  { nodes, groups }: ModelGraph,
  open: ReadonlySet<number>,
  node: number,
): Set<number> {
  const opened = new Set(open);
  for (let group = nodes[node]?.group ?? null; group !== null; group = groups[group]?.parent ?? null)
    opened.add(group);
  return opened;
}
