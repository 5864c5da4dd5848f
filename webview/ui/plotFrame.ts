import { select, type Selection } from 'd3-selection';
import { add } from './dom';
import { stepTarget } from './stepKeys';

export type Drawing = Selection<SVGSVGElement, unknown, null, undefined>;

/** A plot in a frame that takes the focus, and says as a slider where in the plot one is. */
export interface PlotFrame {
  frame: HTMLElement;
  svg: SVGSVGElement;
  /** The same, to draw with. */
  root: Drawing;
  /** Where a pointer is, in pixels of the drawing. */
  at: (event: MouseEvent) => [x: number, y: number];
  /** Says where one is: a number within the slider's, and words. */
  tell: (value: number, text: string) => void;
}

/** What a plot is, for those who do not see it, and its size in pixels. */
export interface PlotLooks {
  /** Classes of the frame and of the drawing, beside those of every plot. */
  frame: string;
  plot: string;
  label: string;
  width: number;
  height: number;
  /** The slider's numbers. */
  from: number;
  to: number;
}

/** Appends the frame of a plot with an empty drawing. */
export function addPlotFrame(parent: HTMLElement, looks: PlotLooks): PlotFrame {
  const frame = add(parent, 'div', `plot-frame ${looks.frame}`);
  frame.tabIndex = 0;
  frame.setAttribute('role', 'slider');
  frame.setAttribute('aria-label', looks.label);
  frame.setAttribute('aria-valuemin', String(looks.from));
  frame.setAttribute('aria-valuemax', String(looks.to));
  const svg = frame.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'svg'));
  const root = select(svg)
    .attr('class', `plot ${looks.plot}`)
    .attr('aria-hidden', 'true')
    .attr('width', looks.width)
    .attr('height', looks.height);
  return {
    ...{ frame, svg, root },
    at: (event) => {
      const box = svg.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    },
    tell: (value, text) => {
      frame.setAttribute('aria-valuenow', String(value));
      frame.setAttribute('aria-valuetext', text);
    },
  };
}

/** Writes what an axis tells, with its baseline at `y`. */
export function addAxisTitle<E extends SVGElement>(
  root: Selection<E, unknown, null, undefined>,
  x: number,
  y: number,
  anchor: 'start' | 'middle' | 'end',
  text: string,
): void {
  root
    .append('text')
    .attr('class', 'axis-title')
    .attr('x', x)
    .attr('y', y)
    .attr('text-anchor', anchor)
    .text(text);
}

/** What one reads in a plot: items in a row, counted from 0. */
export interface Reading {
  count: number;
  /** Where the keys begin. */
  start: number;
  /** An item in words, for the line below the plot and for screen readers. */
  describe: (item: number) => string;
  /** Where an item is drawn. */
  place: (item: number) => { x: number; y: number; width: number; height: number };
  /** The item at a place of the drawing; a number outside of the row for none. */
  itemAt: (x: number, y: number) => number;
  /** Stands in the line below while nothing is pointed at. */
  otherwise?: string;
  /** Where a key leads, for items that keys do not find in a row; `null` for keys without a meaning. */
  step?: (key: string, item: number) => number | null;
}

export interface PlotReader {
  current: () => number;
  show: (item: number) => void;
  /** Shows what a pointer points at; whether that is an item. */
  follow: (event: MouseEvent) => boolean;
}

/** Appends a line that reads a plot aloud: it follows the pointer, or the keys while the frame has the focus. */
export function addReader(
  parent: HTMLElement,
  { frame, root, at, tell }: PlotFrame,
  { count, start, describe, place, itemAt, otherwise = ' ', step }: Reading,
): PlotReader {
  const cursor = root.append('rect').attr('class', 'cursor').attr('data-pointer', '');
  cursor.style('display', 'none');
  const readout = add(parent, 'p', 'readout muted', otherwise);
  readout.dir = 'auto';
  let current = start;
  const show = (item: number) => {
    current = Math.max(0, Math.min(count - 1, item));
    const text = describe(current);
    tell(current, text);
    readout.textContent = text;
    const { x, y, width, height } = place(current);
    cursor.style('display', null).attr('x', x).attr('y', y).attr('width', width).attr('height', height);
  };
  const hide = () => {
    cursor.style('display', 'none');
    readout.textContent = otherwise;
  };
  const follow = (event: MouseEvent) => {
    const item = itemAt(...at(event));
    const isItem = item >= 0 && item < count;
    if (isItem) show(item);
    else hide();
    return isItem;
  };
  tell(current, describe(current));
  frame.addEventListener('keydown', (event) => {
    const target = step === undefined ? stepTarget(event.key, current, count) : step(event.key, current);
    if (target === null) return;
    event.preventDefault();
    show(target);
  });
  frame.addEventListener('blur', hide);
  frame.addEventListener('pointerleave', hide);
  frame.addEventListener('pointermove', follow);
  return { current: () => current, show, follow };
}
