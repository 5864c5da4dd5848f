import { neighbours, type Edges } from './rankNodes';

const SWEEPS = 6;

/** How many pairs of edges between two neighbouring ranks cross, by a tree of counts (Barth, Mutzel and Jünger 2004). */
function crossings(
  upper: readonly number[],
  position: readonly number[],
  after: readonly number[][],
): number {
  const targets: number[] = [];
  for (const node of upper)
    targets.push(...(after[node] ?? []).map((next) => position[next] ?? 0).sort((a, b) => a - b));
  const size = targets.reduce((most, t) => Math.max(most, t), 0) + 2;
  const tree = new Int32Array(size + 1);
  let found = 0;
  targets.forEach((target, seen) => {
    let notBeyond = 0;
    for (let i = target + 1; i > 0; i -= i & -i) notBeyond += tree[i] ?? 0;
    found += seen - notBeyond;
    for (let i = target + 1; i <= size; i += i & -i) tree[i] = (tree[i] ?? 0) + 1;
  });
  return found;
}

/**
 * Orders nodes within ranks so that few edges cross: barycenters, down and up in turn (Sugiyama 1981); the best order stays.
 * @param ranks nodes by rank, in an order to begin with; every edge leads to the next rank
 */
export function orderRanks(ranks: readonly number[][], count: number, edges: Edges): number[][] {
  const { before, after } = neighbours(count, edges);
  const position = new Array<number>(count).fill(0);
  const place = (list: readonly number[]) => list.forEach((node, i) => (position[node] = i));
  const total = (lists: readonly number[][]) =>
    lists.reduce((sum, list) => sum + crossings(list, position, after), 0);
  let current = ranks.map((list) => [...list]);
  current.forEach(place);
  let best = current;
  let fewest = total(current);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
    const isDown = sweep % 2 === 0;
    const sides = isDown ? before : after;
    current = current.map((list) => [...list]);
    for (const list of isDown ? current : current.toReversed()) {
      if (list.length < 2) continue;
      const centre = new Map(
        list.map((node) => {
          const near = sides[node] ?? [];
          const sum = near.reduce((s, other) => s + (position[other] ?? 0), 0);
          return [node, near.length === 0 ? (position[node] ?? 0) : sum / near.length];
        }),
      );
      list.sort((a, b) => (centre.get(a) ?? 0) - (centre.get(b) ?? 0));
      place(list);
    }
    const now = total(current);
    if (now < fewest) [best, fewest] = [current, now];
  }
  return best;
}
