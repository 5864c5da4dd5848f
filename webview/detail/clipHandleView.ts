import { select } from 'd3-selection';
import type { LayerInput } from '../../engine/shared/protocol/report';
import type { ProfileName } from '../../engine/shared/protocol/choices';
import { formatShare, formatValue, formatDb, shorten } from '../../engine/shared/format';
import { clipEffect, type ClipEffect } from '../chart/clipEffect';
import { clipOverlay } from '../chart/clipOverlay';
import { add } from '../ui/dom';
import type { DrawnHistogram } from './histogramView';

/** What happens to a clip. */
export interface ClipListener {
  /** It is being moved, or stands somewhere else now. */
  moved: (effect: ClipEffect, every: number) => void;
  /** It was let go. */
  released: (clip: number) => void;
}

export interface ClipHandle {
  /** Puts it somewhere, as a drag would, without letting it go. */
  place: (clip: number) => void;
}

/** Milliseconds of rest after a key that count as letting go. */
const REST = 700;
/** Pixels of a mark of the grid on the axis. */
const TOOTH = 5;
/** The narrowest clip, as a part of the reach. */
const LEAST = 1 / 1000;

/** An effect in words, for the value of a slider. */
export function describeEffect({ clip, share, grid, sqnrDb }: ClipEffect): string {
  const noise = sqnrDb === null ? '' : `, SQNR ${formatDb(sqnrDb)}`;
  return `±${formatValue(clip)}, cuts off ${formatShare(share)}, step ${formatValue(grid.step)}${noise}`;
}

/**
 * Lays a clip that can be moved over a histogram, with the int8 grid that it gives and what it cuts off: by a drag of its handle, or
 * by keys while that has the focus. Enter lets it go at once, Escape puts it back where it was.
 */
export function addClipHandle(
  { holder, svg, geometry, valueAt }: DrawnHistogram,
  input: LayerInput,
  {
    profile,
    magnitudes,
    patternId,
    start,
    home,
  }: {
    profile: ProfileName;
    magnitudes: boolean;
    patternId: string;
    /** Where it stands at first, and where Escape puts it back to. */
    start: number;
    home: number;
  },
  { moved, released }: ClipListener,
): ClipHandle {
  const { x, plot } = geometry;
  const reach = Math.max(-input.min, input.max);
  const sides = magnitudes || input.max > 0 ? [1, ...(!magnitudes && input.min < 0 ? [-1] : [])] : [-1];
  const root = select(svg);
  const under = root.select<SVGGElement>('.overlay-under');
  const over = root.select<SVGGElement>('.overlay-over');
  let clip = start;

  const handles = sides.map((side, i) => {
    const handle = add(holder, 'div', 'clip-handle');
    handle.style.top = `${plot.top}px`;
    handle.style.height = `${plot.bottom - plot.top}px`;
    handle.title = 'Drag to move the clip';
    if (i > 0) {
      // The other one is the same clip: one slider is enough for the keyboard and for readers.
      handle.setAttribute('aria-hidden', 'true');
      return { handle, side };
    }
    handle.tabIndex = 0;
    handle.setAttribute('role', 'slider');
    handle.setAttribute('aria-label', `Clip of ${shorten(input.tensor, 200)}`);
    handle.setAttribute('aria-valuemin', '0');
    handle.setAttribute('aria-valuemax', String(reach));
    return { handle, side };
  });

  const draw = () => {
    const effect = clipEffect(input, clip, profile);
    const overlay = clipOverlay(geometry, effect.grid, clip, input, magnitudes);
    under
      .selectAll('.tail')
      .data(overlay.tails)
      .join('rect')
      .attr('class', 'tail')
      .attr('x', (tail) => tail.x)
      .attr('y', plot.top)
      .attr('width', (tail) => tail.width)
      .attr('height', plot.bottom - plot.top)
      .attr('fill', `url(#${patternId})`);
    const teeth = (height: number) =>
      overlay.comb.map((at) => `M${Math.round(at) + 0.5} ${plot.bottom}v${-height}`).join('');
    over
      .selectAll('.comb')
      .data([teeth(plot.bottom - plot.top), teeth(TOOTH)])
      .join('path')
      .attr('class', (_, i) => (i === 0 ? 'comb' : 'comb teeth'))
      .attr('d', (path) => path);
    over
      .selectAll('.moved-clip')
      .data(overlay.lines)
      .join('line')
      .attr('class', 'moved-clip')
      .attr('x1', (at) => at)
      .attr('x2', (at) => at)
      .attr('y1', plot.top)
      .attr('y2', plot.bottom);
    for (const { handle, side } of handles) {
      const at = x(side * clip);
      // Out of sight there is nothing to take hold of, but the keys go on working.
      handle.classList.toggle('outside', at < plot.left - 1 || at > plot.right + 1);
      handle.style.left = `${Math.max(plot.left, Math.min(plot.right, at))}px`;
      if (side !== sides[0]) continue;
      handle.setAttribute('aria-valuenow', String(clip));
      handle.setAttribute('aria-valuetext', describeEffect(effect));
    }
    moved(effect, overlay.every);
  };
  const place = (to: number) => {
    clip = Math.max(reach * LEAST, Math.min(reach, to));
    draw();
  };

  for (const { handle, side } of handles)
    listenToDrag(
      handle,
      (event) => place(side * valueAt(event)),
      () => released(clip),
    );
  const [first] = handles;
  if (first !== undefined)
    listenToKeys(first.handle, {
      move: (by) => place(clip + by * reach),
      end: (which) => place(which === 'Home' ? 0 : reach),
      back: () => place(home),
      release: () => released(clip),
    });
  clip = Math.max(reach * LEAST, Math.min(Math.max(reach, start), start));
  draw();
  return { place };
}

function listenToDrag(handle: HTMLElement, drag: (event: PointerEvent) => void, release: () => void): void {
  handle.addEventListener('pointerdown', (down) => {
    if (down.button !== 0) return;
    down.preventDefault();
    if (handle.tabIndex === 0) handle.focus();
    handle.setPointerCapture(down.pointerId);
    handle.classList.add('held');
    let hasMoved = false;
    const move = (event: PointerEvent) => {
      hasMoved = true;
      drag(event);
    };
    const finish = () => {
      handle.removeEventListener('pointermove', move);
      handle.removeEventListener('pointerup', finish);
      handle.removeEventListener('pointercancel', finish);
      handle.classList.remove('held');
      if (hasMoved) release();
    };
    handle.addEventListener('pointermove', move);
    handle.addEventListener('pointerup', finish);
    handle.addEventListener('pointercancel', finish);
  });
}

interface KeyMoves {
  /** By a part of the reach. */
  move: (by: number) => void;
  end: (which: 'Home' | 'End') => void;
  back: () => void;
  release: () => void;
}

function listenToKeys(handle: HTMLElement, { move, end, back, release }: KeyMoves): void {
  let rest: ReturnType<typeof setTimeout> | undefined;
  const steps = new Map([
    ['ArrowRight', 1],
    ['ArrowUp', 1],
    ['ArrowLeft', -1],
    ['ArrowDown', -1],
    ['PageUp', 10],
    ['PageDown', -10],
  ]);
  handle.addEventListener('keydown', (event) => {
    const step = steps.get(event.key);
    clearTimeout(rest);
    if (step !== undefined) move(step * (event.shiftKey ? 0.001 : 0.01));
    else if (event.key === 'Home' || event.key === 'End') end(event.key);
    else if (event.key === 'Enter') release();
    else if (event.key === 'Escape') back();
    else return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key !== 'Enter' && event.key !== 'Escape') rest = setTimeout(release, REST);
  });
  handle.addEventListener('blur', () => clearTimeout(rest));
}
