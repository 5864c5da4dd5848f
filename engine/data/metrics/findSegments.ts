import { argmax } from './argmax';
import type { OutputMap } from './mapOf';

/** Ends in fractions of width and height. */
export type Segment = readonly [x0: number, y0: number, x1: number, y1: number];

const MOST = 200;
/** A centre beats the others within 5 × 5 pixels. */
const REACH = 2;

/**
 * The segments in what a line detector of M-LSD's kind answers (Gu et al. 2022, "Towards Light-Weight and Real-Time Line
 * Segment Detection", section 3.2): a map of how sure it is that a pixel is a segment's centre, and a map of four
 * channels with the way from there to both ends, x before y, in pixels of the map. At most 200, the surest first.
 * @returns `null` when a centre or its way is not finite
 */
export function findSegments(centers: OutputMap, ways: OutputMap, threshold: number): Segment[] | null {
  const { width, height } = centers;
  const found: { score: number; x: number; y: number }[] = [];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const score = centers.at(0, y, x);
      if (!Number.isFinite(score)) return null;
      if (score >= threshold && isPeak(centers, x, y)) found.push({ score, x, y });
    }
  const segments = found
    .sort((a, b) => b.score - a.score)
    .slice(0, MOST)
    .map(({ x, y }): Segment => {
      const end = (channel: number) => ways.at(channel, y, x);
      return [(x + end(0)) / width, (y + end(1)) / height, (x + end(2)) / width, (y + end(3)) / height];
    });
  return segments.every((segment) => segment.every(Number.isFinite)) ? segments : null;
}

/** Of equal neighbours the first one counts. */
function isPeak(map: OutputMap, x: number, y: number): boolean {
  const around: number[] = [];
  let own = 0;
  for (let row = Math.max(0, y - REACH); row <= Math.min(map.height - 1, y + REACH); row++)
    for (let column = Math.max(0, x - REACH); column <= Math.min(map.width - 1, x + REACH); column++) {
      if (row === y && column === x) own = around.length;
      around.push(map.at(0, row, column));
    }
  return argmax(around, 0, around.length) === own;
}
