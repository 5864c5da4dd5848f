import { select } from 'd3-selection';
import { withinWhole, zoomRange, type AxisRange } from '../chart/zoomRange';
import type { DrawnHistogram } from './histogramView';

/** Pixels that a drag has to cover to be one. */
const LEAST_DRAG = 4;
/** Bins that stay in sight at least. */
const LEAST_BINS = 8;

/**
 * Lets people see a part of a histogram: a drag along its axis, or with Shift anywhere; the wheel with Ctrl, or while it has the focus;
 * `+` and `-`. A double click and `0` show all again.
 * @param whole all of the axis
 * @param binWidth of the histogram, in the axis' units
 */
export function listenToZoom(
  { frame, svg, geometry, valueAt }: DrawnHistogram,
  { whole, binWidth }: { whole: AxisRange; binWidth: number },
  zoomTo: (range: AxisRange | null) => void,
): void {
  const { x, plot } = geometry;
  const [from = 0, to = 1] = x.domain();
  const least = LEAST_BINS * binWidth;
  const zoom = (around: number, factor: number) =>
    zoomTo(zoomRange([from, to], around, factor, whole, least));

  frame.addEventListener(
    'wheel',
    (event) => {
      // A panel that scrolls must not stop under the pointer.
      if (!event.ctrlKey && document.activeElement !== frame) return;
      event.preventDefault();
      zoom(valueAt(event), Math.exp(-event.deltaY / 400));
    },
    { passive: false },
  );
  frame.addEventListener('dblclick', () => zoomTo(null));
  frame.addEventListener('keydown', (event) => {
    if (event.key === '0') zoomTo(null);
    else if (event.key === '+' || event.key === '=') zoom((from + to) / 2, 1.5);
    else if (event.key === '-') zoom((from + to) / 2, 1 / 1.5);
    else return;
    event.preventDefault();
  });

  const clamp = (value: number) => Math.max(from, Math.min(to, value));
  frame.addEventListener('pointerdown', (event) => {
    const below = event.clientY - svg.getBoundingClientRect().top > plot.bottom;
    if (event.button !== 0 || !(below || event.shiftKey)) return;
    event.preventDefault();
    frame.focus();
    frame.setPointerCapture(event.pointerId);
    const start = clamp(valueAt(event));
    const brush = select(svg).append('rect').attr('class', 'brush').attr('y', plot.top);
    brush.attr('height', plot.bottom - plot.top);
    let end = start;
    const move = (moved: PointerEvent) => {
      end = clamp(valueAt(moved));
      const [left, right] = [x(Math.min(start, end)), x(Math.max(start, end))];
      brush.attr('x', left).attr('width', right - left);
    };
    const finish = (done: PointerEvent) => {
      frame.removeEventListener('pointermove', move);
      frame.removeEventListener('pointerup', finish);
      frame.removeEventListener('pointercancel', finish);
      brush.remove();
      if (done.type !== 'pointerup' || Math.abs(x(end) - x(start)) < LEAST_DRAG) return;
      const [low, high] = [Math.min(start, end), Math.max(start, end)];
      const missing = Math.max(0, least - (high - low)) / 2;
      zoomTo(withinWhole([low - missing, high + missing], whole));
    };
    frame.addEventListener('pointermove', move);
    frame.addEventListener('pointerup', finish);
    frame.addEventListener('pointercancel', finish);
  });
}
