import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  errorJourney,
  isCarried,
  journeyBins,
  worstIntroducers,
  type JourneyLayer,
} from '../../../webview/chart/errorJourney';
import { tilePlaces } from '../../../webview/chart/tileScale';
import { describeBin, describeJourney } from '../../../webview/overview/journeyView';

const layer = (name: string, sqnrDb: number | null, pathDb: number | null = null): JourneyLayer => ({
  name,
  sqnrDb,
  pathDb,
});
const chain = [
  layer('stem', 38, 38),
  layer('bad', 8, 8),
  layer('after', 35, 10),
  layer('head', 36, 12),
  layer('own', 30, 28),
];
const size = { width: 640, height: 190 };

describe("the error's journey", () => {
  test('a layer stands out that adds 6 dB more noise than the middle one', () => {
    expect(worstIntroducers(chain)).toEqual([1]);
    // The middle one of these is 38: from 32 down they stand out.
    const levels = [38, 31.9, 32.1, 20, 39, 40, 38];
    expect(worstIntroducers(levels.map((db, i) => layer(`l${i}`, db)))).toEqual([3, 1]);
    expect(worstIntroducers([layer('a', 30), layer('b', 29)])).toEqual([1]);
    expect(worstIntroducers([layer('a', null)])).toEqual([]);
  });

  test('noise is carried where twice as much arrives as the layer adds', () => {
    expect(chain.map(isCarried)).toEqual([false, false, true, true, false]);
    expect(isCarried(layer('edge', 30, 26.9))).toBe(true);
    expect(isCarried(layer('untold', 30))).toBe(false);
  });

  test('says in words what is seen', () => {
    expect(describeJourney(chain)).toBe(
      '\u2068bad\u2069 adds most noise, 8.0 dB at its own output. At 2 of 5 layers most of the noise was carried there from before, and 28.0 dB are left at the last one.',
    );
    expect(describeJourney([layer('a', 30)])).toContain('cannot be told');
    expect(describeJourney([])).toContain('Nobody has measured');
    const { bins } = errorJourney(chain, size);
    expect(bins.map((bin) => describeBin(bin, chain))[2]).toBe(
      'after: adds noise at 35.0 dB; 10.0 dB with everything in int8, most of it carried there',
    );
  });

  test('thousands of layers become at most 600 bins, each of which shows its noisiest layer', () => {
    const level = fc.oneof(fc.constant(null), fc.double({ min: -30, max: 90, noNaN: true }));
    const many = fc.array(fc.tuple(level, level), { minLength: 1, maxLength: 3000 });
    fc.assert(
      fc.property(many, (levels) => {
        const layers = levels.map(([own, path], i) => layer(`l${i}`, own, path));
        const bins = journeyBins(layers);
        expect(bins.length).toBeLessThanOrEqual(600);
        expect(bins[0]?.first).toBe(0);
        expect(bins.at(-1)?.last).toBe(layers.length - 1);
        bins.forEach((bin, i) => {
          if (i > 0) expect(bin.first).toBe((bins[i - 1]?.last ?? 0) + 1);
          expect(bin.worst).toBeGreaterThanOrEqual(bin.first);
          expect(bin.worst).toBeLessThanOrEqual(bin.last);
          for (const { sqnrDb } of layers.slice(bin.first, bin.last + 1))
            if (sqnrDb !== null) expect(bin.ownDb).toBeLessThanOrEqual(sqnrDb);
        });
      }),
      { numRuns: 30 },
    );
  });

  test('noisier is higher, all of it within the plot, and marks stand on their bars', () => {
    const { y, plot, marks, bars, path } = errorJourney(chain, size);
    expect(y(8)).toBeLessThan(y(38));
    for (const { sqnrDb, pathDb } of chain)
      for (const db of [sqnrDb, pathDb]) {
        expect(y(db ?? 0)).toBeGreaterThanOrEqual(plot.top);
        expect(y(db ?? 0)).toBeLessThanOrEqual(plot.bottom);
      }
    const mark = marks[0];
    expect(marks).toHaveLength(1);
    expect(mark?.y).toBeCloseTo(y(8));
    expect(mark?.x).toBeCloseTo(plot.left + (1.5 * (plot.right - plot.left)) / 5);
    expect(bars.match(/M/g)).toHaveLength(5);
    expect(path.match(/M/g)).toHaveLength(1);
  });

  test('the line breaks where nobody knows, and JSON’s null is no number', () => {
    const broken = [layer('a', 30, 30), layer('b', null, null), layer('c', 20, 15)];
    const { path, bars } = errorJourney(broken, size);
    expect(path.match(/M/g)).toHaveLength(2);
    expect(bars.match(/M/g)).toHaveLength(2);
    expect(path + bars).not.toMatch(/NaN|Infinity|null/);
  });
});

describe('places on a tile', () => {
  const exact = (value: number) => ({ value, low: value, high: value });
  test('run in order from where the line begins', () => {
    const [a, b] = tilePlaces([exact(10), exact(5)], 0);
    expect(a?.at).toBeCloseTo(94);
    expect(b?.at).toBeCloseTo(47);
  });
  test('hold intervals, equal values and what is no number', () => {
    const [a, b] = tilePlaces([{ value: 1, low: 0.5, high: 1.5 }, exact(Infinity)], null);
    expect([a?.low, a?.at, a?.high]).toEqual([6, 50, 94]);
    expect(b).toBeNull();
    expect(tilePlaces([exact(1), exact(1)], null).map((p) => p?.at)).toEqual([50, 50]);
  });
});
