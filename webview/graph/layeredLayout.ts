import { orderRanks } from './orderRanks';
import { placeColumns } from './placeColumns';
import { rankNodes, type Edges } from './rankNodes';

export interface Size {
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

/** Where boxes stand, by their upper left corners, and over which points edges between them lead. */
export interface Layered extends Size {
  corners: Point[];
  /** By edge; empty where it leads straight on. Edges over one bend share its point. */
  bends: Point[][];
}

const GAP = { x: 18, y: 26, bend: 10 };
/** Bends of all edges together, per node: longer edges than that pays for are drawn straight. */
const BENDS_PER_NODE = 6;

/**
 * Layers from top to bottom (Sugiyama, Tagawa and Toda 1981): ranks, bends where edges pass ranks, few crossings, short edges.
 * Edges of one source share their bends. Time grows with nodes and edges, whatever the depth.
 */
export function layeredLayout(sizes: readonly Size[], edges: Edges): Layered {
  const count = sizes.length;
  const { rank, place } = rankNodes(count, edges);
  const widths = sizes.map((size) => size.width + GAP.x);
  const short: [number, number][] = [];
  const trails: number[][] = edges.map(() => []);
  const bendRank: number[] = [];

  // Shortest first, so that what is drawn straight is what would fill every rank.
  const forward = edges
    .map(([from, to], edge) => {
      const isForward = (place[from] ?? 0) < (place[to] ?? 0);
      return isForward ? { edge, from, to, span: (rank[to] ?? 0) - (rank[from] ?? 0) } : null;
    })
    .filter((edge) => edge !== null)
    .sort((a, b) => a.span - b.span);
  const chains = new Map<number, number[]>();
  for (const { edge, from, to, span } of forward) {
    const chain = chains.get(from) ?? [];
    if (bendRank.length + span - 1 - chain.length > BENDS_PER_NODE * count + 64) continue;
    while (chain.length < span - 1) {
      const bend = count + bendRank.length;
      bendRank.push((rank[from] ?? 0) + chain.length + 1);
      widths.push(GAP.bend);
      short.push([chain.at(-1) ?? from, bend]);
      chain.push(bend);
    }
    chains.set(from, chain);
    trails[edge] = chain.slice(0, span - 1);
    short.push([chain[span - 2] ?? from, to]);
  }

  const ranks: number[][] = [];
  const put = (node: number, r: number) => (ranks[r] ??= []).push(node);
  const inOrder = Array.from({ length: count }, (_, i) => i).sort(
    (a, b) => (place[a] ?? 0) - (place[b] ?? 0),
  );
  for (const node of inOrder) put(node, rank[node] ?? 0);
  bendRank.forEach((r, i) => put(count + i, r));
  for (let r = 0; r < ranks.length; r++) ranks[r] ??= [];
  const ordered = orderRanks(ranks, widths.length, short);
  const centres = placeColumns(ordered, widths, short, (node) => node >= count);

  const middles: number[] = [];
  let bottom = 0;
  for (const list of ordered) {
    const height = list.reduce((most, node) => Math.max(most, sizes[node]?.height ?? 0), 0);
    middles.push(bottom + height / 2);
    bottom += height + GAP.y;
  }
  const left = centres.reduce((least, x, i) => Math.min(least, x - (sizes[i]?.width ?? 0) / 2), Infinity);
  const right = centres.reduce((most, x, i) => Math.max(most, x + (sizes[i]?.width ?? 0) / 2), -Infinity);
  const places = bendRank.map((r, i) => ({ x: (centres[count + i] ?? 0) - left, y: middles[r] ?? 0 }));
  return {
    width: count === 0 ? 0 : right - left,
    height: Math.max(0, bottom - GAP.y),
    corners: sizes.map(({ width, height }, i) => ({
      x: (centres[i] ?? 0) - left - width / 2,
      y: (middles[rank[i] ?? 0] ?? 0) - height / 2,
    })),
    bends: trails.map((trail) => trail.flatMap((bend) => places[bend - count] ?? [])),
  };
}
