/** Where a plot draws its data, in pixels of the drawing. */
export interface PlotArea {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** What margins leave of a drawing; at least a pixel of width, for scales to have a range. */
export function plotArea({ width, height }: { width: number; height: number }, margin: PlotArea): PlotArea {
  return {
    left: margin.left,
    right: Math.max(margin.left + 1, width - margin.right),
    top: margin.top,
    bottom: height - margin.bottom,
  };
}
