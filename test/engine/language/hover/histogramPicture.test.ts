import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { histogramPicture, histogramSvg } from '../../../../engine/language/hover/histogramPicture';
import type { LayerInput } from '../../../../engine/shared/protocol/report';

const input: LayerInput = {
  tensor: '"/><script>',
  histogram: { binWidth: 0.5, positive: [100, 10, 0, 1], negative: [50, 5] },
  ...{ min: -0.9, max: 1.9, clips: { max: 1.9, mse: 0.8, entropy: 5 }, method: 'mse' },
};

describe('a small histogram', () => {
  test('draws the clip in use through, others dashed, and none beyond what was seen', () => {
    const svg = histogramSvg(input);
    const lines = [...svg.matchAll(/<path d="M([\d.]+) 0V56"[^>]*?(stroke-dasharray)?[^>]*?\/>/g)];
    expect(svg.match(/stroke-width="2"/g)).toHaveLength(2);
    // −1.9 and ±5 are outside of −1 … 2, of which 240 pixels are drawn.
    expect(svg.match(/stroke-dasharray/g)).toHaveLength(1);
    expect(lines.map(([, x]) => Number(x)).sort((a, b) => a - b)).toEqual([16, 144, 232]);
  });
  test('has a bar for the least count', () => {
    const [bars = ''] = /<path d="([^"]*)" fill/.exec(histogramSvg(input)) ?? [];
    expect(bars.match(/M/g)).toHaveLength(5);
  });
  test('holds no name, and reads in words', () => {
    const picture = histogramPicture(input)[0]?.value ?? '';
    const svg = Buffer.from(/base64,([^)]*)/.exec(picture)?.[1] ?? '', 'base64').toString();
    expect(svg).toBe(histogramSvg(input));
    expect(svg).not.toContain('script');
    expect(picture).toContain('the line is the clip of MSE');
  });
  test('is left out without values', () => {
    expect(histogramPicture({ ...input, histogram: { binWidth: 1, positive: [], negative: [] } })).toEqual(
      [],
    );
  });
  test('draws whatever was counted', () => {
    const counts = fc.array(fc.nat(1e9), { maxLength: 512 });
    fc.assert(
      fc.property(counts, counts, fc.integer({ min: -30, max: 30 }), (positive, negative, exponent) => {
        const svg = histogramSvg({ ...input, histogram: { binWidth: 2 ** exponent, positive, negative } });
        expect(svg).not.toMatch(/NaN|Infinity|undefined/);
      }),
      { numRuns: 200 },
    );
  });
});
