/** Edges as pairs of indices of nodes. */
export type Edges = readonly (readonly [from: number, to: number])[];

/** Lists of neighbours by node. */
export function neighbours(count: number, edges: Edges): { before: number[][]; after: number[][] } {
  const before: number[][] = Array.from({ length: count }, () => []);
  const after: number[][] = Array.from({ length: count }, () => []);
  for (const [from, to] of edges) {
    after[from]?.push(to);
    before[to]?.push(from);
  }
  return { before, after };
}

/**
 * Ranks from the top, by the longest path from what has no predecessors; a node that reads less than it is read moves down to
 * those that read it. Where groups make circles, edges against the order of the nodes are not counted.
 * @returns the rank of each node, and each node's place in an order in which edges that count point forward
 */
export function rankNodes(count: number, edges: Edges): { rank: number[]; place: number[] } {
  const { before, after } = neighbours(count, edges);
  const waiting = before.map((list) => list.length);
  const place = new Array<number>(count).fill(-1);
  const ready: number[] = [];
  for (let node = count - 1; node >= 0; node--) if (waiting[node] === 0) ready.push(node);
  const order: number[] = [];
  let cursor = 0;
  while (order.length < count) {
    let node = ready.pop();
    if (node === undefined) {
      // A circle: the first node that is left goes on.
      while (place[cursor] !== -1) cursor++;
      node = cursor;
    }
    if (place[node] !== -1) continue;
    place[node] = order.length;
    order.push(node);
    for (const next of after[node] ?? []) {
      waiting[next] = (waiting[next] ?? 0) - 1;
      if (waiting[next] === 0 && place[next] === -1) ready.push(next);
    }
  }
  const isForward = (from: number, to: number) => (place[from] ?? 0) < (place[to] ?? 0);
  const rank = new Array<number>(count).fill(0);
  for (const node of order)
    for (const next of after[node] ?? [])
      if (isForward(node, next)) rank[next] = Math.max(rank[next] ?? 0, (rank[node] ?? 0) + 1);
  for (const node of order.toReversed()) {
    const readers = (after[node] ?? []).filter((next) => isForward(node, next));
    const read = (before[node] ?? []).filter((last) => isForward(last, node));
    if (readers.length > read.length)
      rank[node] = Math.max(rank[node] ?? 0, Math.min(...readers.map((next) => rank[next] ?? 0)) - 1);
  }
  return { rank, place };
}
