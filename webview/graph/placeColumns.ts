import { neighbours, type Edges } from './rankNodes';

const SWEEPS = 12;

/**
 * The places nearest to those wished for, by weighted squares, that keep the order and the distances.
 * Pooling of adjacent violators (Ayer et al. 1955), after distances are taken off.
 * @param gaps least distance of each from the one before
 */
export function nearestPlaces(
  wishes: readonly number[],
  weights: readonly number[],
  gaps: readonly number[],
): number[] {
  const pools: { sum: number; weight: number; count: number }[] = [];
  let offset = 0;
  const offsets = wishes.map((wish, i) => {
    offset += i === 0 ? 0 : (gaps[i] ?? 0);
    const weight = weights[i] ?? 1;
    let pool = { sum: (wish - offset) * weight, weight, count: 1 };
    for (
      let last = pools.at(-1);
      last !== undefined && last.sum / last.weight >= pool.sum / pool.weight;
      last = pools.at(-1)
    ) {
      pools.pop();
      pool = {
        sum: last.sum + pool.sum,
        weight: last.weight + pool.weight,
        count: last.count + pool.count,
      };
    }
    pools.push(pool);
    return offset;
  });
  const free = pools.flatMap(({ sum, weight, count }) => new Array<number>(count).fill(sum / weight));
  return offsets.map((taken, i) => taken + (free[i] ?? 0));
}

/**
 * Centres of nodes along their ranks: each as near to its neighbours as order and widths allow.
 * @param widths with the room around them
 * @param isBend nodes that only carry a long edge, which is to be straight
 */
export function placeColumns(
  ranks: readonly number[][],
  widths: readonly number[],
  edges: Edges,
  isBend: (node: number) => boolean,
): number[] {
  const { before, after } = neighbours(widths.length, edges);
  const x = new Array<number>(widths.length).fill(0);
  const gapsOf = ranks.map((list) =>
    list.map((node, i) => (i === 0 ? 0 : ((widths[list[i - 1] ?? 0] ?? 0) + (widths[node] ?? 0)) / 2)),
  );
  ranks.forEach((list, r) => {
    let at = 0;
    list.forEach((node, i) => (x[node] = at += gapsOf[r]?.[i] ?? 0));
    for (const node of list) x[node] = (x[node] ?? 0) - at / 2;
  });
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isDown = sweep % 2 === 0;
    for (let i = 0; i < ranks.length; i++) {
      const r = isDown ? i : ranks.length - 1 - i;
      const list = ranks[r] ?? [];
      const wishes: number[] = [];
      const weights: number[] = [];
      for (const node of list) {
        const sides = isDown ? before : after;
        // The last sweeps look both ways, so that a node stands between what it reads and what reads it.
        const near =
          sweep < SWEEPS - 4 ? (sides[node] ?? []) : [...(before[node] ?? []), ...(after[node] ?? [])];
        let sum = 0;
        let weight = 0;
        for (const other of near) {
          const pull = isBend(node) && isBend(other) ? 8 : isBend(node) || isBend(other) ? 2 : 1;
          sum += pull * (x[other] ?? 0);
          weight += pull;
        }
        wishes.push(weight === 0 ? (x[node] ?? 0) : sum / weight);
        weights.push(weight === 0 ? 0.1 : weight);
      }
      nearestPlaces(wishes, weights, gapsOf[r] ?? []).forEach((place, j) => {
        const node = list[j];
        if (node !== undefined) x[node] = place;
      });
    }
  }
  return x;
}
