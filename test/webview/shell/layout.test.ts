import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ModelGraph } from '../../../engine/shared/protocol/model';
import { layeredLayout } from '../../../webview/graph/layeredLayout';
import { openAtFirst } from '../../../webview/graph/openGroups';
import { nearestPlaces } from '../../../webview/graph/placeColumns';
import { layoutScene } from '../../../webview/graph/scene';

const box = { width: 80, height: 24 };

/** A graph without circles, given by pairs, with some nodes in groups within groups. */
const graphs = fc
  .record({
    count: fc.integer({ min: 1, max: 40 }),
    pairs: fc.array(fc.tuple(fc.nat(39), fc.nat(39)), { maxLength: 80 }),
    places: fc.array(fc.option(fc.nat(3)), { minLength: 40, maxLength: 40 }),
  })
  .map(({ count, pairs, places }): ModelGraph => {
    const edges = pairs.flatMap(([a, b]) =>
      a < b && b < count ? [{ from: a, to: b, tensor: `${a}`, dims: null }] : [],
    );
    const nodes = Array.from({ length: count }, (_, i) => ({
      ...{ name: `n${i}`, kind: 'operator' as const, opType: 'Relu', layer: null },
      group: places[i] ?? null,
    }));
    const groups = [null, 0, 0, null].map((parent, i) => ({ name: `g${i}`, kind: 'path' as const, parent }));
    return { hash: '', nodes, groups, edges };
  });

test('boxes of one graph never overlap, and edges lead down', () => {
  fc.assert(
    fc.property(graphs, ({ nodes, edges }) => {
      const { corners } = layeredLayout(
        nodes.map(() => box),
        edges.map(({ from, to }) => [from, to] as const),
      );
      for (const { from, to } of edges)
        expect((corners[to]?.y ?? 0) - (corners[from]?.y ?? 0)).toBeGreaterThan(box.height);
      corners.forEach((a, i) =>
        corners.slice(i + 1).forEach((b) => {
          expect(Math.abs(a.x - b.x) >= box.width - 1e-6 || Math.abs(a.y - b.y) >= box.height).toBe(true);
        }),
      );
    }),
  );
});

test('open groups hold what is in them, closed ones stand for it, and no edge between two boxes is lost', () => {
  fc.assert(
    fc.property(graphs, fc.subarray([0, 1, 2, 3]), (graph, open) => {
      const { boxes, links } = layoutScene(graph, new Set(open));
      const shownAs = (node: number): number => {
        let shown = boxes.findIndex((b) => b.node === node);
        for (let g = graph.nodes[node]?.group ?? null; g !== null; g = graph.groups[g]?.parent ?? null) {
          const at = boxes.findIndex((b) => b.group === g);
          if (at >= 0 && boxes[at]?.isOpen === false) shown = at;
          const [outer, inner] = [boxes[at], boxes[shown]];
          if (outer?.isOpen !== true || inner === undefined) continue;
          expect(inner.x).toBeGreaterThanOrEqual(outer.x);
          expect(inner.x + inner.width).toBeLessThanOrEqual(outer.x + outer.width + 1e-6);
          expect(inner.y + inner.height).toBeLessThanOrEqual(outer.y + outer.height + 1e-6);
        }
        return shown;
      };
      const drawn = new Set(links.map(({ from, to }) => `${from} ${to}`));
      for (const { from, to } of graph.edges) {
        const [a, b] = [shownAs(from), shownAs(to)];
        expect(a).toBeGreaterThanOrEqual(0);
        if (a !== b) expect(drawn).toContain(`${a} ${b}`);
      }
    }),
  );
});

test('places keep order and distances, and are the nearest to the wishes', () => {
  expect(nearestPlaces([0, 0, 30], [1, 1, 1], [0, 10, 10])).toEqual([-5, 5, 30]);
  expect(nearestPlaces([0, 0], [3, 1], [0, 8])).toEqual([-2, 6]);
});

test('a residual network stands straight: a chain keeps its column', () => {
  const chain = [
    [0, 1],
    [1, 2],
    [2, 3],
  ] as const;
  const { corners } = layeredLayout(
    Array.from({ length: 4 }, () => box),
    chain,
  );
  expect(new Set(corners.map(({ x }) => Math.round(x))).size).toBe(1);
});

test('blocks are closed at first, and paths open while there is room', () => {
  const nodes = Array.from({ length: 900 }, (_, i) => ({
    ...{ name: `n${i}`, kind: 'operator' as const, opType: 'Relu', layer: null },
    group: i < 100 ? 0 : i < 110 ? 2 : 1,
  }));
  const groups = [
    { name: 'small', kind: 'path' as const, parent: null },
    { name: 'large', kind: 'path' as const, parent: null },
    { name: 'GELU', kind: 'block' as const, parent: 0 },
  ];
  expect([...openAtFirst({ hash: '', nodes, groups, edges: [] })]).toEqual([0]);
});
