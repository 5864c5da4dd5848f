import type { PlotArea } from './plotArea';

/** A mark that wants a label; all in pixels. */
export interface LabelledMark {
  x: number;
  y: number;
  /** Width of the label's text. */
  width: number;
}

/** Where a label stands: its left end, and the middle of its line. */
export interface LabelPlace {
  x: number;
  y: number;
}

/** What a label takes of a plot, or a mark. */
export type Extent = PlotArea;

const HEIGHT = 13;
/** From the middle of a mark to the label. */
const [ASIDE, UP, STRAIGHT_UP] = [10, 11, 19];
/** Around a mark, the best place first. */
const sides = [
  [1, -1],
  [-1, -1],
  [1, 1],
  [-1, 1],
  [1, 0],
  [-1, 0],
  [0, -1],
  [0, 1],
] as const;

function placeAt({ x, y, width }: LabelledMark, [right, down]: readonly [number, number]): LabelPlace {
  const left = right > 0 ? x + ASIDE : right < 0 ? x - ASIDE - width : x - width / 2;
  return { x: left, y: y + down * (right === 0 ? STRAIGHT_UP : UP) };
}

/** What a label covers. */
export function labelExtent({ x, y }: LabelPlace, width: number): Extent {
  return { left: x, right: x + width, top: y - HEIGHT / 2, bottom: y + HEIGHT / 2 };
}

/** Pixels that two extents share. */
function overlap(a: Extent, b: Extent): number {
  const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return wide > 0 && high > 0 ? wide * high : 0;
}

function outside(extent: Extent, within: PlotArea): number {
  const area = (extent.right - extent.left) * (extent.bottom - extent.top);
  return area - overlap(extent, within);
}

/**
 * A place beside each mark for its label: the best of eight around it where the label covers least of other labels, of what else is
 * drawn, and of what lies outside of the plot.
 */
export function labelsBeside(
  marks: readonly LabelledMark[],
  drawn: readonly Extent[],
  within: PlotArea,
): LabelPlace[] {
  const taken: Extent[] = [];
  return marks.map((mark) => {
    let best = placeAt(mark, sides[0]);
    let least = Infinity;
    for (const side of sides) {
      const place = placeAt(mark, side);
      const extent = labelExtent(place, mark.width);
      const sum = (extents: readonly Extent[]) => extents.reduce((all, one) => all + overlap(extent, one), 0);
      // A label over another is read by nobody; one over a mark is.
      const cost = sum(drawn) + 8 * (sum(taken) + outside(extent, within));
      if (cost < least) [best, least] = [place, cost];
    }
    taken.push(labelExtent(best, mark.width));
    return best;
  });
}
