import { assert, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import type { Point } from '../../../webview/graph/layeredLayout';
import { seenPoints, traceLink, type Tracing } from '../../../webview/graph/traceLink';

/** Down from 0, ten apart. */
const straightDown = (count: number): Point[] =>
  Array.from({ length: count }, (_, i) => ({ x: 0, y: 10 * i }));

/** The path that edges make, as heights it is moved and drawn to. */
function pathOf(
  links: Point[][],
  tracing: Partial<Tracing>,
): { moves: number[]; lines: number[]; seen: boolean[] } {
  const [moves, lines]: number[][] = [[], []];
  const context = {
    moveTo: (_: number, y: number) => moves?.push(y),
    lineTo: (_: number, y: number) => lines?.push(y),
    bezierCurveTo: (...at: number[]) => lines?.push(at[5] ?? NaN),
  };
  const all = {
    camera: { x: -50, y: 0, scale: 1 },
    seen: { width: 100, height: 1000 },
    isCoarse: false,
    traced: new Set<Point>(),
    ...tracing,
  };
  const seen = links.map((points) => traceLink(context, points, all));
  return { moves: moves ?? [], lines: lines ?? [], seen };
}

test('of a long edge, only what the window shows is drawn, with one point more on either side', () => {
  expect(seenPoints(straightDown(5000), 20_005, 20_025).map(({ y }) => y)).toEqual([
    20_000, 20_010, 20_020, 20_030,
  ]);
  assert(
    property(integer({ min: -50, max: 350 }), integer({ min: 0, max: 200 }), (top, height) => {
      const points = straightDown(30);
      const bottom = top + height;
      const wanted = points.filter(({ y }, i) =>
        (points[i + 1]?.y ?? -Infinity) > top && (i === 0 || (points[i - 1]?.y ?? NaN) <= bottom)
          ? true
          : y >= top && y <= bottom,
      );
      const isBeside = bottom < 0 || top > 290;
      const kept = seenPoints(points, top, bottom);
      if (isBeside) expect(kept).toEqual([]);
      else for (const { y } of points) if (y >= top && y <= bottom) expect(kept.map((p) => p.y)).toContain(y);
      expect(kept.length).toBeLessThanOrEqual(wanted.length + 2);
    }),
  );
});

test('an edge that leads up is seen where it passes', () => {
  const up = [
    { x: 0, y: 300 },
    { x: 0, y: 100 },
  ];
  expect(seenPoints(up, 150, 200)).toEqual(up);
  expect(seenPoints(up, 301, 400)).toEqual([]);
  expect(seenPoints(up, 0, 99)).toEqual([]);
});

test('what edges share is drawn once', () => {
  const shared = straightDown(6);
  const short = [...shared.slice(0, 3), { x: 20, y: 30 }];
  const { moves, lines } = pathOf([short, shared], {});
  expect(moves).toEqual([0, 20]);
  expect(lines).toEqual([10, 20, 30, 30, 40, 50]);
});

test('from far away, points too near to be told apart are left out, but not the end', () => {
  const far = { camera: { x: -50, y: 0, scale: 0.01 }, seen: { width: 100, height: 1e6 }, isCoarse: true };
  expect(pathOf([straightDown(50)], far).lines).toEqual([200, 400, 490]);
});

test('an edge beside the window is not drawn', () => {
  const beside = { camera: { x: 10, y: 0, scale: 1 } };
  expect(pathOf([straightDown(5)], beside)).toEqual({ moves: [], lines: [], seen: [false] });
});
