import type { Shapes } from '../samples/dataset';

/**
 * A mask of width × height pixels: 1 where a pixel's centre is inside an outline, 0 elsewhere. Outlines are in
 * fractions of width and height, closed by themselves, and may cross themselves (even-odd) and each other (joined).
 */
export function fillOutlines(outlines: Shapes, width: number, height: number): Uint8Array {
  const mask = new Uint8Array(width * height);
  for (const outline of outlines)
    crossings(outline, width, height).forEach((columns, y) => {
      columns.sort((a, b) => a - b);
      for (let i = 0; i + 1 < columns.length; i += 2) {
        // Centres are at x + ½: the first one at or behind the left crossing, and the last one before the right.
        const from = clamp(Math.ceil((columns[i] ?? 0) - 0.5), width);
        const to = clamp(Math.ceil((columns[i + 1] ?? 0) - 0.5), width);
        mask.fill(1, y * width + from, y * width + to);
      }
    });
  return mask;
}

/** By row: where the outline's edges cross the row's middle, in pixels. */
function crossings(outline: readonly number[], width: number, height: number): Map<number, number[]> {
  const rows = new Map<number, number[]>();
  for (let i = 0; i < outline.length; i += 2) {
    const next = (i + 2) % outline.length;
    const [x0, y0] = [(outline[i] ?? 0) * width, (outline[i + 1] ?? 0) * height];
    const [x1, y1] = [(outline[next] ?? 0) * width, (outline[next + 1] ?? 0) * height];
    const from = clamp(Math.ceil(Math.min(y0, y1) - 0.5), height);
    const to = clamp(Math.ceil(Math.max(y0, y1) - 0.5), height);
    for (let y = from; y < to; y++) {
      const x = x0 + ((y + 0.5 - y0) / (y1 - y0)) * (x1 - x0);
      const row = rows.get(y);
      if (row === undefined) rows.set(y, [x]);
      else row.push(x);
    }
  }
  return rows;
}

function clamp(value: number, size: number): number {
  return Math.min(size, Math.max(0, value));
}
