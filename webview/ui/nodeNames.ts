import { add, addName } from './dom';

/** Names that are listed; more are counted. */
const MOST_NAMES = 6;
/** Names that a hint holds. */
const MOST_HINTED = 200;

/** Appends the names of nodes, and how many more there are. */
export function addNodeNames(parent: HTMLElement, nodes: readonly string[]): void {
  const names = add(parent, 'p', 'finding-nodes muted');
  nodes.slice(0, MOST_NAMES).forEach((name) => addName(names, 'span', '', name));
  const more = nodes.length - MOST_NAMES;
  if (more > 0)
    add(names, 'span', '', `and ${more} more`).title = nodes.slice(MOST_NAMES, MOST_HINTED).join('\n');
}
