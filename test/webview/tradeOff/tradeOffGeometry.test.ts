import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { labelExtent, labelsBeside, type Extent } from '../../../webview/chart/labelsBeside';
import {
  brushedPair,
  dropTicks,
  letterPlaces,
  nearestPoint,
  tradeOffGeometry,
} from '../../../webview/tradeOff/tradeOffGeometry';
import {
  applyMessages,
  gridCounts,
  layerDifferences,
  predictedUse,
  undoMessages,
} from '../../../webview/state/tradeOffChoices';
import { sampleReport } from '../sampleReport';
import { sampleTradeOff } from '../sampleTradeOff';

const plan = sampleTradeOff();
const size = { width: 800, height: 360 };
const small = {
  layers: ['a', 'b', '__proto__'].map((name) => ({
    ...{ name, opType: 'Conv', orthogonality: null },
    choices: [],
  })),
};
const own = JSON.parse('{"a": "float", "__proto__": "int4-block"}') as Record<string, 'float'>;

describe('the choices of a network', () => {
  test('are counted and compared, whatever the layers are called', () => {
    expect(gridCounts(small, own)).toEqual([
      ['float', 1],
      ['int8', 1],
      ['int4-block', 1],
    ]);
    expect(layerDifferences(small, own, { b: 'float' })).toEqual([
      { name: 'a', a: 'float', b: 'int8' },
      { name: 'b', a: 'int8', b: 'float' },
      { name: '__proto__', a: 'int4-block', b: 'int8' },
    ]);
  });

  test('become one decision for each choice, and what is advised anyway none', () => {
    const advised = (name: string) => (name === 'b' ? ('float' as const) : null);
    expect(applyMessages(small, own, advised)).toEqual([
      { type: 'decide', layers: ['a'], choice: 'float' },
      { type: 'decide', layers: ['b'], choice: 'int8' },
      { type: 'decide', layers: ['__proto__'], choice: 'int4-block' },
    ]);
    expect(applyMessages(small, { b: 'float' }, advised)).toEqual([
      { type: 'decide', layers: ['a', 'b', '__proto__'], choice: null },
    ]);
    expect(undoMessages(small, new Map([['b', 'float']]))).toEqual([
      { type: 'decide', layers: ['a', '__proto__'], choice: null },
      { type: 'decide', layers: ['b'], choice: 'float' },
    ]);
  });

  test('are predicted to take what their layers take', () => {
    const { floatUse, layers } = plan;
    const allFloat = Object.fromEntries(layers.map(({ name }) => [name, 'float' as const]));
    expect(predictedUse(plan, allFloat, 'bops')).toBe(floatUse.bops);
    expect(predictedUse(plan, {}, 'bytes')).toBeCloseTo(0.25 * floatUse.bytes, 0);
    expect(predictedUse(plan, { 'p2o.Conv.2': 'int16' }, 'bops')).toBeNull();
  });
});

describe('the front', () => {
  test('runs from the least of the resource to the most, within the plot', () => {
    for (const resource of ['latency', 'bytes', 'bops'] as const) {
      const { points, plot, front, reports } = tradeOffGeometry(plan, sampleReport(), resource, size);
      expect(points).toHaveLength(plan.points.length);
      points.forEach(({ predicted, verified }, i) => {
        expect(predicted.x).toBeGreaterThanOrEqual(points[i - 1]?.predicted.x ?? plot.left);
        for (const spot of [predicted, verified ?? predicted]) {
          expect(spot.x).toBeLessThanOrEqual(plot.right);
          expect(spot.top).toBeLessThanOrEqual(spot.y);
          expect(spot.bottom).toBeGreaterThanOrEqual(spot.y);
          expect(spot.top).toBeGreaterThanOrEqual(plot.top - 1e-9);
          expect(spot.bottom).toBeLessThanOrEqual(plot.bottom + 1e-9);
        }
      });
      expect(front).not.toMatch(/NaN/);
      expect(reports.map(({ variant }) => variant)).toEqual(['float', 'int8', 'advised']);
    }
  });

  test('the more a network loses, the lower it stands', () => {
    const { points } = tradeOffGeometry(plan, null, 'bytes', size);
    const [least, most] = [points[0], points.at(-1)];
    expect(least?.predicted.y).toBeGreaterThan(most?.predicted.y ?? Infinity);
    expect(points.find(({ index }) => index === 7)?.verified).toBeNull();
  });

  test('a pointer finds the nearest mark, and a rectangle its outer two', () => {
    const { points, plot } = tradeOffGeometry(plan, null, 'bytes', size);
    points.forEach(({ predicted }, i) => {
      const found = nearestPoint(points, predicted.x, predicted.y);
      expect(points[found]?.predicted.x).toBeCloseTo(predicted.x, 0);
      if (i < 5) expect(found).toBe(i);
    });
    expect(nearestPoint(points, -500, -500)).toBe(-1);
    const all = brushedPair(points, [plot.right + 1, plot.bottom + 1], [plot.left - 1, plot.top - 1]);
    expect(all).toEqual([0, points.length - 1]);
    expect(brushedPair(points, [0, 0], [1, 1])).toBeNull();
  });

  test('ticks of drops are round, within the axis and apart', () => {
    const ends = fc.double({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(ends, ends, (a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        fc.pre(high - low > 1e-9);
        const place = (drop: number) => ((drop - low) / (high - low)) * 300;
        const ticks = dropTicks(low, high, place);
        ticks.forEach((tick, i) => {
          expect(tick).toBeGreaterThanOrEqual(low);
          expect(tick).toBeLessThanOrEqual(high);
          if (i > 0) expect(place(tick) - place(ticks[i - 1] ?? 0)).toBeGreaterThanOrEqual(20 - 1e-9);
        });
        if (low <= 0 && high >= 0) expect(ticks).toContain(0);
      }),
    );
    expect(dropTicks(0, 0, () => 0)).toEqual([0]);
  });
});

describe('labels', () => {
  const plot = { left: 0, right: 200, top: 0, bottom: 100 };
  const touch = (a: Extent, b: Extent) =>
    a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const extents = (marks: Parameters<typeof labelsBeside>[0], drawn: Extent[] = []) =>
    labelsBeside(marks, drawn, plot).map((place, i) => labelExtent(place, marks[i]?.width ?? 0));

  test('of marks upon one another are all read', () => {
    const placed = extents([40, 30, 50, 20].map((width) => ({ x: 100, y: 50, width })));
    placed.forEach((one, i) => {
      for (const other of placed.slice(0, i)) expect(touch(one, other)).toBe(false);
      expect(touch(one, { left: 97, right: 103, top: 47, bottom: 53 })).toBe(false);
    });
  });

  test('stay within the plot at each of its corners, and off what is drawn', () => {
    for (const [x, y] of [
      [2, 2],
      [198, 2],
      [2, 98],
      [198, 98],
    ] as const) {
      const [placed] = extents([{ x, y, width: 60 }]);
      expect(placed?.left).toBeGreaterThanOrEqual(plot.left);
      expect(placed?.right).toBeLessThanOrEqual(plot.right);
      expect(placed?.top).toBeGreaterThanOrEqual(plot.top);
      expect(placed?.bottom).toBeLessThanOrEqual(plot.bottom);
    }
    const right = { left: 105, right: 200, top: 0, bottom: 100 };
    const [beside] = extents([{ x: 100, y: 50, width: 40 }], [right]);
    expect(beside?.right).toBeLessThanOrEqual(95);
  });

  test('of a plan do not touch, nor do the letters of two that are compared', () => {
    for (const resource of ['latency', 'bytes', 'bops'] as const) {
      const geometry = tradeOffGeometry(plan, sampleReport(), resource, { width: 420, height: 360 });
      const labels = geometry.reports.map(({ label, variant }) => labelExtent(label, variant.length * 7.2));
      const letters = letterPlaces(
        geometry,
        geometry.points.slice(4, 6).map(({ predicted }) => predicted),
      ).map((place) => labelExtent(place, 7.2));
      const all = [...labels, ...letters];
      expect(all).toHaveLength(5);
      all.forEach((one, i) => {
        for (const other of all.slice(0, i)) expect(touch(one, other)).toBe(false);
      });
    }
  });
});
