import type { FloatGroup, RunNode } from '../shared/protocol/report';

/** Gathers float nodes by operator and reason: the largest groups first, those of one size by operator. */
export function floatGroups(nodes: readonly RunNode[]): FloatGroup[] {
  const groups = new Map<string, FloatGroup>();
  for (const { name, opType, reason } of nodes) {
    if (reason === null) continue;
    const key = `${opType}\n${reason}`;
    const group = groups.get(key) ?? { opType, reason, nodes: [] };
    group.nodes.push(name);
    groups.set(key, group);
  }
  return [...groups.values()].sort(
    (a, b) => b.nodes.length - a.nodes.length || (a.opType < b.opType ? -1 : a.opType > b.opType ? 1 : 0),
  );
}
