import type { ScaleLinear } from 'd3-scale';
import type { MetricName } from '../../engine/shared/protocol/choices';
import { dropInterval, formatDropNumber, formatMeasuredDrop, isNoise } from '../../engine/shared/format';
import type { LayerRow } from '../state/layerRows';
import { add } from '../ui/dom';

/** What every row's cells share. */
export interface RowContext {
  metric: MetricName;
  /** From drops to percent of the bar's cell. */
  scale: ScaleLinear<number, number>;
}

/** Builds a cell with a drop as number and bar, with its interval of 95% as a line; the answer fills it. */
export function addDropCell(cell: HTMLElement): (row: Pick<LayerRow, 'alone'>, context: RowContext) => void {
  const number = add(cell, 'span', 'drop-number');
  const track = add(cell, 'span', 'drop-track');
  const zero = add(track, 'span', 'drop-zero');
  const bar = add(track, 'span', 'drop-bar');
  const whisker = add(track, 'span', 'drop-whisker');
  return ({ alone }, { metric, scale }) => {
    const value = alone !== null && Number.isFinite(alone.drop) ? alone.drop : 0;
    number.textContent = alone === null ? '' : formatDropNumber(metric, alone.drop);
    const [from, to] = [scale(0), scale(value)];
    zero.style.left = `${from}%`;
    bar.style.left = `${Math.min(from, to)}%`;
    bar.style.width = `${Math.abs(to - from)}%`;
    bar.classList.toggle('gain', value < 0);
    const { low, high } = dropInterval({ drop: value, standardError: alone?.standardError ?? 0 });
    const [start, end] = [Math.max(0, scale(low)), Math.min(100, scale(high))];
    whisker.style.left = `${start}%`;
    whisker.style.width = `${end - start}%`;
    whisker.style.display = high > low ? '' : 'none';
    const noise = alone !== null && isNoise(alone);
    cell.classList.toggle('within-noise', noise);
    const said = alone === null ? '' : formatMeasuredDrop(metric, alone);
    const unsettled = alone !== null && !alone.isSettled;
    const doubts = [...(noise ? ['within noise'] : []), ...(unsettled ? ['on few samples so far'] : [])];
    const doubt = doubts.join(', ');
    cell.classList.toggle('unsettled', unsettled);
    cell.setAttribute('aria-label', doubt === '' ? said : `${said}, ${doubt}`);
    cell.title = doubt === '' ? said : `${said}: ${doubt}`;
  };
}
