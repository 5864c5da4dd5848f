import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dequantize, quantize } from '../../../engine/quantize/affine';
import { activationAffine } from '../../../engine/quantize/grids';
import { profiles } from '../../../engine/quantize/targets/profiles';
import type { ProfileName } from '../../../engine/shared/protocol/choices';
import { clipEffect, type ClippedTensor } from '../../../webview/chart/clipEffect';
import { clipOverlay } from '../../../webview/chart/clipOverlay';
import { histogramGeometry } from '../../../webview/chart/histogramGeometry';
import { magnitudesOf } from '../../../webview/chart/magnitudesOf';
import { rebin, totalCount } from '../../../webview/chart/rebin';
import { tensorGrid } from '../../../webview/chart/tensorGrid';
import { weightStripGeometry } from '../../../webview/chart/weightStripGeometry';
import { withinWhole, zoomRange } from '../../../webview/chart/zoomRange';
import { densityPaths, SHADES } from '../../../webview/chart/densityPaths';
import { normal, sampleWeights } from '../sampleLayer';
import { randomSource, sampleReport } from '../sampleReport';

/** The histogram of values as a report has it: bins of one width, as many as 512 a side. */
function tensorOf(values: readonly number[], least?: number): ClippedTensor {
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const binWidth = 2 ** Math.ceil(Math.log2((Math.max(-min, max) || 1) / 512));
  const [positive, negative]: [number[], number[]] = [[], []];
  const count = (side: number[], bin: number) => {
    while (side.length <= bin) side.push(0);
    side[bin] = (side[bin] ?? 0) + 1;
  };
  for (const x of values) {
    if (x >= 0) count(positive, Math.floor(x / binWidth));
    else count(negative, Math.ceil(-x / binWidth) - 1);
  }
  const zeros = values.filter((x) => x === 0).length;
  return {
    histogram: { binWidth, positive, negative },
    min,
    max,
    zeros,
    ...(least === undefined ? {} : { least }),
  };
}

/** The same by rounding every value as the engine's grid does. */
function directly(values: readonly number[], clip: number, profile: ProfileName, least = -Infinity) {
  const range = { min: Math.max(Math.min(...values), least), max: Math.max(...values) };
  const grid = activationAffine(profiles[profile], range, clip);
  const codes = values.map((x) => quantize(x, grid));
  let [signal, noise] = [0, 0];
  values.forEach((x, i) => {
    signal += x * x;
    noise += (Math.max(x, least) - dequantize(codes[i] ?? 0, grid)) ** 2;
  });
  return {
    grid,
    sqnrDb: 10 * Math.log10(signal / noise),
    codesUsed: new Set(codes).size,
    bits: [...new Set(codes)].reduce((sum, code) => {
      const share = codes.filter((one) => one === code).length / codes.length;
      return sum - share * Math.log2(share);
    }, 0),
    clipped: values.filter((x) => Math.abs(x) > clip).length,
  };
}

const shapes: Record<string, (random: () => number) => number> = {
  'signed, without tails': (random) => normal(random),
  'behind a Relu, half zeros': (random) => Math.max(0, normal(random)),
  'all positive': (random) => 0.2 + 3 * random(),
  'heavy tails': (random) => normal(random) / (0.1 + random()),
  'a lobe below zero': (random) => {
    const x = 2 * normal(random);
    return x / (1 + Math.exp(-x));
  },
};

describe('what a clip does, by the histogram', () => {
  const cases = Object.keys(shapes).flatMap((shape) =>
    (['x86', 'arm', 'tensorrt'] as const).flatMap((profile) =>
      [1, 0.6, 0.3, 0.1].map((part) => [shape, profile, part] as const),
    ),
  );
  test.each(cases)(
    '%s on %s, clipped at %d of the reach, is what rounding the values does',
    (shape, profile, part) => {
      const random = randomSource(7);
      const values = Array.from({ length: 40_000 }, () => shapes[shape]?.(random) ?? 0);
      const tensor = tensorOf(values);
      const clip = part * Math.max(-tensor.min, tensor.max);
      const found = clipEffect(tensor, clip, profile);
      const exact = directly(values, clip, profile);
      expect(found.grid.step).toBeCloseTo(exact.grid.scale, 6);
      expect(Math.abs((found.sqnrDb ?? 0) - exact.sqnrDb)).toBeLessThan(0.25);
      expect(Math.abs(found.codesUsed - exact.codesUsed)).toBeLessThanOrEqual(6);
      expect(Math.abs(found.bits - exact.bits)).toBeLessThan(0.1);
      expect(Math.abs(found.clipped - exact.clipped)).toBeLessThanOrEqual(20 + 0.05 * exact.clipped);
    },
  );

  test('does not count as noise what makes no difference', () => {
    const random = randomSource(3);
    const values = Array.from({ length: 40_000 }, () => 3 * normal(random));
    const found = clipEffect(tensorOf(values, -3), 9, 'x86');
    const exact = directly(values, 9, 'x86', -3);
    expect(found.grid.step).toBeCloseTo(exact.grid.scale, 6);
    expect(Math.abs((found.sqnrDb ?? 0) - exact.sqnrDb)).toBeLessThan(0.25);
    expect(found.sqnrDb ?? 0).toBeGreaterThan((clipEffect(tensorOf(values), 9, 'x86').sqnrDb ?? 0) + 1);
  });

  test('counts a code once whatever stands on it, and no code that nothing rounds to', () => {
    // 255 is the last code; 0 and 100 are two more.
    const tensor = tensorOf([0, 0, 0, 100.2, 100.2, 255]);
    expect(clipEffect(tensor, 255, 'x86')).toMatchObject({ codesUsed: 3, codes: 256, clipped: 0 });
    expect(clipEffect(tensor, 255, 'tensorrt').codes).toBe(255);
    // A half, a third and a sixth of the values.
    expect(clipEffect(tensor, 255, 'x86').bits).toBeCloseTo(0.5 + Math.log2(3) / 3 + Math.log2(6) / 6, 6);
  });

  test('stands tensors of zeros and without values', () => {
    for (const values of [[], [0, 0]]) {
      const tensor = { ...tensorOf(values.length === 0 ? [0] : values) };
      if (values.length === 0)
        Object.assign(tensor, { histogram: { binWidth: 1, positive: [], negative: [] } });
      const { sqnrDb, share, codesUsed, grid } = clipEffect(tensor, 0, 'x86');
      expect([sqnrDb, share]).toEqual([null, 0]);
      expect(codesUsed).toBeLessThanOrEqual(1);
      expect(grid.step).toBeGreaterThan(0);
    }
  });

  test('is never more than all codes and values', () => {
    const counts = fc.array(fc.nat(1000), { maxLength: 60 });
    fc.assert(
      fc.property(
        counts,
        counts,
        fc.double({ min: 1e-3, max: 1, noNaN: true }),
        (positive, negative, part) => {
          const [min, max] = [0 - negative.length, positive.length];
          const tensor = { histogram: { binWidth: 1, positive, negative }, min, max };
          const reach = Math.max(-min, max);
          const { codesUsed, share, clipped, sqnrDb } = clipEffect(tensor, part * reach, 'x86');
          expect(codesUsed).toBeLessThanOrEqual(256);
          expect(share).toBeGreaterThanOrEqual(0);
          expect(share).toBeLessThanOrEqual(1);
          expect(clipped).toBeLessThanOrEqual(totalCount(tensor.histogram));
          if (sqnrDb !== null) expect(sqnrDb).toSatisfy(Number.isFinite);
        },
      ),
    );
  });
});

test('the grid drawn is the one that the engine makes', () => {
  const value = fc.double({ min: -100, max: 100, noNaN: true });
  const profile = fc.constantFrom<ProfileName>('x86', 'x86-avx2', 'arm', 'tensorrt');
  fc.assert(
    fc.property(
      value,
      value,
      fc.double({ min: 0.01, max: 120, noNaN: true }),
      profile,
      (a, b, clip, name) => {
        const range = { min: Math.min(a, b), max: Math.max(a, b) };
        fc.pre(Math.max(-range.min, range.max) > 0.01);
        const { scale, zeroPoint, low, high } = activationAffine(profiles[name], range, clip);
        const grid = tensorGrid(range, clip, name);
        expect(grid.step).toBeCloseTo(scale, 5);
        // Halves may round either way where the scale is stored in float32.
        expect(Math.abs(grid.first - (low - zeroPoint))).toBeLessThanOrEqual(1);
        expect(grid.last - grid.first).toBe(high - low);
      },
    ),
  );
});

describe('the overlay', () => {
  const input = sampleReport()
    .layers.flatMap((layer) => layer.inputs)
    .find((i) => i.min < 0);
  if (input === undefined) throw new Error('The sample report has no signed tensor.');
  const options = { width: 640, logCounts: true, range: 'all', method: 'max' } as const;

  test('shows a tooth for every n-th code, none nearer than five pixels, and says the n', () => {
    for (const zoom of [null, [0, 1], [-0.2, 0.2]] as const) {
      const geometry = histogramGeometry(input, { ...options, zoom });
      const clip = input.clips['mse'] ?? 1;
      const grid = tensorGrid(input, clip, 'x86');
      const { comb, every } = clipOverlay(geometry, grid, clip, input, false);
      expect(comb.length).toBeGreaterThan(1);
      const gaps = comb.slice(1).map((at, i) => at - (comb[i] ?? 0));
      for (const gap of gaps) {
        expect(gap).toBeGreaterThanOrEqual(5 - 1e-6);
        expect(gap).toBeCloseTo(geometry.x(every * grid.step) - geometry.x(0), 3);
      }
      // Zero is on every grid.
      const zero = geometry.x(0);
      if (zoom === null) expect(comb.some((at) => Math.abs(at - zero) < 1e-6)).toBe(true);
    }
  });

  test('hatches what the grid does not reach, on both sides', () => {
    const geometry = histogramGeometry(input, options);
    const clip = 0.5 * Math.min(-input.min, input.max);
    const { tails, lines } = clipOverlay(geometry, tensorGrid(input, clip, 'x86'), clip, input, false);
    expect(lines).toEqual([geometry.x(clip), geometry.x(-clip)]);
    const [left, right] = tails;
    expect(left?.x).toBe(geometry.plot.left);
    expect((left?.x ?? 0) + (left?.width ?? 0)).toBeCloseTo(geometry.x(-clip), -0.5);
    expect((right?.x ?? 0) + (right?.width ?? 0)).toBe(geometry.plot.right);
  });

  test('of magnitudes has one side', () => {
    const geometry = histogramGeometry(magnitudesOf(input), options);
    const { tails, lines } = clipOverlay(geometry, tensorGrid(input, 1, 'x86'), 1, input, true);
    expect(lines).toEqual([geometry.x(1)]);
    expect(tails).toHaveLength(1);
  });
});

test('magnitudes lose no value', () => {
  const counts = fc.array(fc.nat(1000), { maxLength: 60 });
  fc.assert(
    fc.property(counts, counts, (positive, negative) => {
      const histogram = { binWidth: 0.5, positive, negative };
      const input = { tensor: 'x', histogram, min: -1, max: 2, clips: {}, method: 'max' as const };
      const folded = magnitudesOf(input);
      expect(totalCount(folded.histogram)).toBe(totalCount(histogram));
      expect(folded.histogram.negative).toEqual([]);
      expect([folded.min, folded.max]).toEqual([0, 2]);
    }),
  );
});

describe('zooming', () => {
  test('keeps the point where it is, and stays within the whole', () => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(unit, unit, unit, fc.double({ min: 0.2, max: 5, noNaN: true }), (a, b, at, factor) => {
        fc.pre(Math.abs(a - b) > 0.01);
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const around = low + at * (high - low);
        const zoomed = zoomRange([low, high], around, factor, [0, 1], 0.001);
        if (zoomed === null) return;
        expect(zoomed[0]).toBeGreaterThanOrEqual(0);
        expect(zoomed[1]).toBeLessThanOrEqual(1 + 1e-12);
        if (factor > 1) expect((around - zoomed[0]) / (zoomed[1] - zoomed[0])).toBeCloseTo(at, 6);
      }),
    );
    expect(withinWhole([-5, 5], [-1, 1])).toBeNull();
    expect(withinWhole([0.5, 1.5], [-1, 1])).toEqual([0, 1]);
  });

  test('draws what lies on one side of zero, and counts the rest', () => {
    const h = { binWidth: 0.5, positive: [1, 2, 3, 4, 5], negative: [10, 20] };
    const { bins, below, above } = rebin(h, 1, 2, 100);
    expect(bins.map((bin) => bin.count)).toEqual([3, 4]);
    expect([below, above]).toEqual([33, 5]);
    expect(rebin(h, -1, -0.5, 100)).toMatchObject({ below: 0, above: 25 });
  });
});

describe('the strip of weights', () => {
  const { before, joined } = sampleWeights('layer');
  test('marks outliers, in the order that is asked for', () => {
    const plain = weightStripGeometry(before, { width: 640, byRange: false, joined });
    const sorted = weightStripGeometry(before, { width: 640, byRange: true, joined });
    expect(plain.order).toEqual([...plain.order].sort((a, b) => a - b));
    expect(sorted.order.slice(0, 2)).toEqual([17, 40]);
    expect(plain.marks.map((mark) => mark.label)).toEqual(['17', '40']);
    expect(plain).toMatchSnapshot();
  });

  test('labels no outlier over another, however many there are', () => {
    const outliers = before.boxes.min.map((_, channel) => ({ channel, reach: 1, times: 5 }));
    const { marks } = weightStripGeometry({ ...before, outliers }, { width: 300, byRange: false, joined });
    expect(marks).toHaveLength(64);
    const labelled = marks.filter((mark) => mark.label !== null);
    labelled.slice(1).forEach((mark, i) => expect(mark.x - (labelled[i]?.x ?? 0)).toBeGreaterThan(10));
  });

  test('labels the outlier that reaches furthest, whatever stands before it', () => {
    const outliers = [21, 20, 22].map((channel) => ({ channel, reach: 1, times: 5 }));
    const { marks } = weightStripGeometry({ ...before, outliers }, { width: 300, byRange: false, joined });
    expect(marks.map((mark) => mark.label)).toEqual([null, '21', null]);
    const boxes = weightStripGeometry({ ...before, outliers }, { width: 300, byRange: false, joined: 2 });
    expect(boxes.marks.map((mark) => mark.label)).toEqual(['21', null]);
  });

  test('stands weights that are all zero', () => {
    const zero = { min: [0], low: [0], median: [0], high: [0], max: [0] };
    const ranges = { ...before, boxes: zero, outliers: [], step: 0, reach: 0 };
    const { whiskers, band } = weightStripGeometry(ranges, { width: 300, byRange: true, joined: 1 });
    expect(whiskers).not.toContain('NaN');
    expect(band.height).toBeGreaterThan(0);
  });
});

test('squares are shaded by the logarithm of their counts, each once', () => {
  const paths = densityPaths([0, 1, 10, 1000], 2, 100);
  expect(paths).toHaveLength(SHADES);
  expect(paths.join('').match(/Z/g)).toHaveLength(3);
  expect(paths[0]).toBe('M50.00 50.00h50.00v50.00h-50.00Z');
  expect(paths[SHADES - 1]).toBe('M50.00 0.00h50.00v50.00h-50.00Z');
});
