import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HistogramData, LayerInput } from '../../../engine/shared/protocol/report';
import { histogramGeometry, type HistogramOptions } from '../../../webview/chart/histogramGeometry';
import { placeLabels } from '../../../webview/chart/placeLabels';
import { rebin, shareBeyond, totalCount } from '../../../webview/chart/rebin';
import { stepFormula, stepSize } from '../../../webview/chart/stepSize';
import { describeHistogram } from '../../../webview/detail/histogramView';
import { sampleReport } from '../sampleReport';

const counts = fc.array(fc.nat(1_000_000), { maxLength: 300 });
const histograms: fc.Arbitrary<HistogramData> = fc.record({
  binWidth: fc.integer({ min: -20, max: 10 }).map((power) => 2 ** power),
  positive: counts,
  negative: counts,
});

describe('rebin', () => {
  test('loses no value, whatever is drawn', () => {
    fc.assert(
      fc.property(
        histograms,
        fc.nat(400),
        fc.nat(400),
        fc.integer({ min: 1, max: 500 }),
        (h, low, high, limit) => {
          const { bins, below, above } = rebin(h, -low * h.binWidth, high * h.binWidth, limit);
          const drawn = bins.reduce((sum, bin) => sum + bin.count, 0);
          expect(below + drawn + above).toBe(totalCount(h));
          // One more on either side of zero, for what is left over.
          expect(bins.length).toBeLessThanOrEqual(limit + 2);
        },
      ),
    );
  });

  test('gives neighbouring bins of one width with an edge at zero', () => {
    fc.assert(
      fc.property(histograms, fc.integer({ min: 1, max: 100 }), (h, limit) => {
        const { bins } = rebin(h, -h.negative.length * h.binWidth, h.positive.length * h.binWidth, limit);
        expect(bins.length).toBeGreaterThan(0);
        expect(bins.some((bin) => bin.from === 0 || bin.to === 0)).toBe(true);
        bins.slice(1).forEach((bin, i) => expect(bin.from).toBe(bins[i]?.to));
      }),
    );
  });

  test('joins known counts', () => {
    const h = { binWidth: 0.5, positive: [1, 2, 3, 4, 5], negative: [10, 20] };
    expect(rebin(h, -1, 2, 3)).toEqual({
      bins: [
        { from: -1, to: 0, count: 30 },
        { from: 0, to: 1, count: 3 },
        { from: 1, to: 2, count: 7 },
      ],
      below: 0,
      above: 5,
    });
  });
});

describe('shareBeyond', () => {
  const h = { histogram: { binWidth: 1, positive: [4, 2, 2], negative: [0, 2] }, min: -1.5, max: 2.5 };

  test('counts both sides, and the cut bin in part', () => {
    expect(shareBeyond(h, 1)).toBeCloseTo(0.6);
    expect(shareBeyond(h, 1.5)).toBeCloseTo(0.4);
    expect(shareBeyond(h, 2.25)).toBeCloseTo(0.15);
    expect(shareBeyond(h, 3)).toBe(0);
    expect(shareBeyond(h, 100)).toBe(0);
    expect(shareBeyond(h, 0)).toBe(1);
  });

  test('is zero for a tensor without values', () => {
    const nothing = { binWidth: 1, positive: [], negative: [] };
    expect(shareBeyond({ histogram: nothing, min: 0, max: 0 }, 1)).toBe(0);
  });

  test('is zero for a clip at the largest value, which no bin edge says', () => {
    expect(shareBeyond(h, 2.5)).toBe(0);
  });
});

describe('placeLabels', () => {
  test('no label overlaps another, and no line crosses one', () => {
    const anchors = fc.array(
      fc.record({ x: fc.integer({ min: 0, max: 600 }), width: fc.integer({ min: 20, max: 110 }) }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(anchors, (labels) => {
        const rows = placeLabels(labels);
        labels.forEach((a, i) =>
          labels.forEach((b, j) => {
            if (i === j) return;
            const [rowA = 0, rowB = 0] = [rows[i], rows[j]];
            const apart = a.x + a.width <= b.x || b.x + b.width <= a.x;
            expect(rowA !== rowB || apart).toBe(true);
            // The line of a higher label passes the lower one's text.
            if (rowA > rowB) expect(a.x > b.x && a.x < b.x + b.width).toBe(false);
          }),
        );
      }),
    );
  });

  test('labels that have room stay in the lowest row', () => {
    expect(
      placeLabels([
        { x: 0, width: 50 },
        { x: 30, width: 50 },
        { x: 200, width: 50 },
      ]),
    ).toEqual([1, 0, 0]);
  });
});

describe('stepSize', () => {
  const input = { min: -1, max: 10 } as LayerInput;

  test('spans what the target quantizes', () => {
    expect(stepSize(input, 4, 'tensorrt')).toBe(4 / 127);
    expect(stepSize(input, 4, 'x86')).toBe(5 / 255);
    expect(stepSize({ ...input, min: 2 }, 4, 'arm')).toBe(4 / 255);
    expect(stepFormula('tensorrt')).toBe('clip / 127');
  });
});

describe('histogramGeometry', () => {
  const input = sampleReport().layers.flatMap((layer) => layer.inputs)[28];
  if (input === undefined) throw new Error('The sample report has too few layers.');
  const options: HistogramOptions = { width: 420, logCounts: true, range: 'all', method: 'percentile:99.99' };
  const drawn = (change: Partial<HistogramOptions>) => {
    const { width, height, plot, yTicks, outline, lines, below, above } = histogramGeometry(input, {
      ...options,
      ...change,
    });
    return { width, height, plot, yTicks, outline, lines, below, above };
  };

  test('draws the same tensor the same way', () => {
    expect(drawn({})).toMatchSnapshot('log counts, all values');
    expect(drawn({ logCounts: false, range: 'clip' })).toMatchSnapshot('counts, around the clip');
  });

  test('keeps every label inside the drawing, at any width', () => {
    for (const width of [200, 320, 376, 640, 900]) {
      for (const method of Object.keys(input.clips)) {
        const { lines, plot } = histogramGeometry(input, { ...options, width, method });
        for (const line of lines) {
          expect(line.x).toBeLessThanOrEqual(plot.right + 0.01);
          if (line.label !== null) expect(line.x + 6 * line.label.length).toBeLessThanOrEqual(width);
          expect(line.y).toBeGreaterThanOrEqual(0);
        }
      }
    }
  });

  test('draws lines only where there are values', () => {
    const positive: LayerInput = {
      ...input,
      min: 0,
      histogram: { ...input.histogram, negative: [] },
    };
    const { lines, bins } = histogramGeometry(positive, options);
    expect(lines.every((line) => line.label !== null)).toBe(true);
    expect(bins[0]?.from).toBe(0);
  });

  test('stands a tensor of zeros, and one without values', () => {
    for (const positive of [[], [9]]) {
      const histogram = { binWidth: 0.25, positive, negative: [] };
      const { bins, outline } = histogramGeometry(
        { tensor: 'x', histogram, min: 0, max: 0, clips: { max: 0 }, method: 'max' },
        options,
      );
      expect(bins).toEqual([{ from: 0, to: 0.25, count: positive[0] ?? 0 }]);
      expect(outline).not.toContain('NaN');
    }
  });

  test('is told in words', () => {
    const histogram = { binWidth: 1, positive: [900, 99, 1], negative: [] };
    const clips = { max: 3, entropy: 2 };
    expect(
      describeHistogram({ tensor: 'x', histogram, min: 0, max: 2.5, clips, method: 'entropy' }, 'entropy'),
    ).toBe('1 k values from 0 to 2.5; Entropy clips at ±2, 0.1% of them');
  });
});
