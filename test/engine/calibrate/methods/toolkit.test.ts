import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { clipsOf } from '../../../../engine/calibrate/methods/clipOf';
import { affineGrid, symmetricGrid, type Grid } from '../../../../engine/stats/integerGrid';
import type { CalibrationMethod } from '../../../../engine/shared/protocol/choices';
import { Histogram } from '../../../../engine/stats/histogram';

interface Found {
  seed: number;
  count: number;
  binWidth: number;
  entropy: Record<'128' | '256', number>;
  percentile: Record<string, number>;
  mse: { clip: number; error: number };
}

/** Written by fixtures/toolkit.py. */
const fixture = JSON.parse(readFileSync('test/engine/calibrate/methods/fixtures/toolkit.json', 'utf8')) as {
  sets: Record<string, Found>;
};

const COUNT = 20_000;

function uniform(seed: number, count: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  });
}

function bell(seed: number): number[] {
  const u = uniform(seed, 6 * COUNT);
  return Array.from({ length: COUNT }, (_, i) => {
    let total = 0;
    for (let k = 0; k < 6; k++) total += 2 * (u[6 * i + k] ?? 0) - 1;
    return total;
  });
}

/** As in fixtures/toolkit.py, step by step. */
const sets: Record<string, (seed: number) => number[]> = {
  bell,
  outliers: (seed) => bell(seed).map((x, i) => (i < 20 ? 8 * x : x)),
  tail: (seed) => uniform(seed, COUNT).map((u, i) => (i % 2 === 0 ? 1 : -1) / (u + 0.01)),
  humps: (seed) => bell(seed).map((x, i) => (i % 3 === 0 ? 0.1 * x - 1.5 : 9 + 0.2 * x)),
  spike: (seed) => bell(seed).map((x, i) => (i % 2 === 0 ? 0.5 : x)),
  'one-sided': (seed) => bell(seed).map(Math.abs),
};

test('every set of the fixtures is there', () => {
  expect(Object.keys(sets)).toEqual(Object.keys(fixture.sets));
});

describe.each(Object.entries(fixture.sets))('the companion toolkit’s clips of %s', (name, found) => {
  const all = Float32Array.from(sets[name]?.(found.seed) ?? []);
  const values = all.filter((x) => Math.abs(x) >= 2 * found.binWidth);
  const histogram = new Histogram();
  histogram.add(values);
  const state = histogram.state();
  const max = Math.max(-state.min, state.max);
  const clip = (method: CalibrationMethod, grid: Grid = symmetricGrid(8)) =>
    clipsOf([method], state, grid)[0] ?? NaN;
  /** The toolkit answers the end of the last bin for no clip, and we the maximum. */
  const orMax = (amax: number) => Math.min(amax, max);

  test('are of these values', () => {
    expect(values.length).toBe(found.count);
  });

  test('by entropy are ours, symmetric and unsigned', () => {
    expect(clip('entropy')).toBe(orMax(found.entropy[128]));
    expect(clip('entropy', affineGrid(8, { min: 0, max }))).toBe(orMax(found.entropy[256]));
  });

  test.each(Object.entries(found.percentile))('at %s%% begin the bin that ours is in', (percent, edge) => {
    const own = clip(`percentile:${Number(percent)}`);
    // docs/calibration.md: ours is the place within the bin, not its lower edge.
    expect(own).toBeGreaterThanOrEqual(edge);
    expect(own).toBeLessThanOrEqual(edge + found.binWidth);
  });

  test('by mse lose hardly less than ours', () => {
    const step = clip('mse') / 127;
    const error =
      values.reduce((sum, x) => {
        const centre = (Math.floor(Math.abs(x) / found.binWidth) + 0.5) * found.binWidth;
        return sum + (Math.min(127, Math.round(centre / step)) * step - centre) ** 2;
      }, 0) / values.length;
    // The toolkit tries up to 1,920 clips, we 200, on finer bins; the minimum is flat.
    expect(error).toBeLessThanOrEqual(1.02 * found.mse.error);
    expect(error).toBeGreaterThanOrEqual(0.999 * found.mse.error);
  });
});
