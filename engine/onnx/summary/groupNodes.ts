import type { GraphGroup, GraphNode, ModelGraph, ModelSummary } from '../../shared/protocol/model';

interface Place {
  /** Nodes and groups directly in it. */
  size: number;
  parent: string | null;
}

/** Names of the folders around a name, outermost first: `/a/b/Conv` lies in `/a` and `/a/b`. */
function foldersOf(name: string): string[] {
  const folders: string[] = [];
  for (let at = name.indexOf('/', 1); at > 0 && folders.length < 32; at = name.indexOf('/', at + 1))
    folders.push(name.slice(0, at));
  return folders;
}

/** The longest list of folders that all of these lie in. */
function shared(paths: readonly string[][]): string[] {
  const [first = [], ...others] = paths;
  const end = first.findIndex((folder, i) => others.some((path) => path[i] !== folder));
  return end < 0 ? first : first.slice(0, end);
}

/**
 * Groups by the paths in nodes' names, and in them blocks, which are functions written out in parts. A group that would
 * hold nothing but one other thing is left out.
 */
export function groupNodes(
  nodes: readonly GraphNode[],
  blocks: ModelSummary['blocks'],
): Pick<ModelGraph, 'nodes' | 'groups'> {
  const operators = new Map(nodes.filter((n) => n.kind === 'operator').map((n) => [n.name, n]));
  const paths = new Map([...operators.keys()].map((name) => [name, foldersOf(name)]));
  const blockOf = new Map<string, number>();
  blocks.forEach((block, i) => {
    const members = block.nodes.filter((name) => operators.has(name) && !blockOf.has(name));
    if (members.length < 2) return;
    const path = shared(members.map((name) => paths.get(name) ?? []));
    for (const name of members) {
      blockOf.set(name, i);
      paths.set(name, path);
    }
  });

  const places = new Map<string, Place>();
  const countedBlocks = new Set<number>();
  for (const [name, path] of paths) {
    path.forEach((folder, i) => {
      if (places.has(folder)) return;
      const parent = path[i - 1] ?? null;
      places.set(folder, { size: 0, parent });
      const around = parent === null ? undefined : places.get(parent);
      if (around !== undefined) around.size++;
    });
    const block = blockOf.get(name);
    const inner = places.get(path.at(-1) ?? '');
    if (inner === undefined || (block !== undefined && countedBlocks.has(block))) continue;
    inner.size++;
    if (block !== undefined) countedBlocks.add(block);
  }

  const groups: GraphGroup[] = [];
  const indexOf = new Map<string, number | null>();
  // A folder is met before those in it.
  for (const [name, { size, parent }] of places) {
    const around = parent === null ? null : (indexOf.get(parent) ?? null);
    if (size > 1) groups.push({ name, kind: 'path', parent: around });
    indexOf.set(name, size > 1 ? groups.length - 1 : around);
  }
  const blockIndex = new Map<number, number>();
  const grouped = nodes.map((node) => {
    const around = indexOf.get(paths.get(node.name)?.at(-1) ?? '') ?? null;
    const block = node.kind === 'operator' ? blockOf.get(node.name) : undefined;
    if (node.kind !== 'operator' || block === undefined)
      return { ...node, group: node.kind === 'operator' ? around : null };
    let group = blockIndex.get(block);
    if (group === undefined) {
      groups.push({ name: blocks[block]?.kind ?? '', kind: 'block', parent: around });
      blockIndex.set(block, (group = groups.length - 1));
    }
    return { ...node, group };
  });
  return { nodes: grouped, groups };
}
