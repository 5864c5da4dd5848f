import type { ModelGraph } from '../../engine/shared/protocol/model';

/** Indices of nodes whose name or operator holds a text, whatever its case; in the network's order. */
export function searchGraph({ nodes }: ModelGraph, text: string): number[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return [];
  return nodes.flatMap(({ name, opType }, i) =>
    name.toLowerCase().includes(wanted) || opType.toLowerCase() === wanted ? [i] : [],
  );
}
