import { select } from 'd3-selection';
import type { InputPreview, TensorPicture } from '../../engine/shared/protocol/data';
import { formatValue, shorten } from '../../engine/shared/format';
import { add } from '../ui/dom';

type Image = Extract<TensorPicture, { kind: 'image' }>;
type Wave = Extract<TensorPicture, { kind: 'wave' }>;

const WAVE_HEIGHT = 64;
/** Smaller images are enlarged, and then their pixels are to be seen. */
const SMALL_SIDE = 64;
const MOST_LABEL = 500;

/** Appends a tensor as a canvas, a curve, a list or a table; `label` says what it shows. */
export function addPicture(parent: HTMLElement, { picture, dims }: InputPreview, label: string): void {
  const text = shorten(label, MOST_LABEL);
  switch (picture.kind) {
    case 'image':
      addImage(parent, picture, text);
      return;
    case 'wave':
      addWave(parent, picture, text);
      return;
    case 'tokens': {
      const size = dims.reduce((product, dim) => product * dim, 1);
      const list = add(parent, 'p', 'tokens', picture.values.join('  '));
      if (size > picture.values.length) add(list, 'span', 'muted', '  …');
      list.setAttribute('aria-label', text);
      list.setAttribute('role', 'group');
      return;
    }
    case 'table':
      addTable(parent, picture.rows, dims, text);
  }
}

/** Drawn, not loaded: the page's policy lets no image come from data. */
function addImage(parent: HTMLElement, { width, height, channels, pixels }: Image, label: string): void {
  const canvas = add(parent, 'canvas', 'thumbnail');
  canvas.width = width;
  canvas.height = height;
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', label);
  canvas.title = label;
  canvas.classList.toggle('small', Math.max(width, height) <= SMALL_SIDE);
  const bytes = atob(pixels);
  const image = new ImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let c = 0; c < 3; c++)
      image.data[4 * pixel + c] = bytes.charCodeAt(channels * pixel + (channels === 1 ? 0 : c));
    image.data[4 * pixel + 3] = 255;
  }
  canvas.getContext('2d')?.putImageData(image, 0, 0);
}

/** A band between the least and the largest value of each column, around a line at zero. */
function addWave(parent: HTMLElement, { low, high }: Wave, label: string): void {
  const reach = Math.max(...high.map(Math.abs), ...low.map(Math.abs)) || 1;
  const y = (value: number) => (WAVE_HEIGHT / 2) * (1 - (0.95 * value) / reach);
  // Silence and single columns still show as a line.
  const thin = 0.5;
  const upper = high.map((value, x) => `${x} ${(y(value) - thin).toFixed(1)}`);
  const lower = low.map((value, x) => `${x} ${(y(value) + thin).toFixed(1)}`).reverse();
  const svg = select(parent)
    .append('svg')
    .attr('class', 'wave')
    .attr('viewBox', `0 0 ${Math.max(1, high.length - 1)} ${WAVE_HEIGHT}`)
    .attr('preserveAspectRatio', 'none')
    .attr('role', 'img')
    .attr('aria-label', label);
  svg.append('title').text(label);
  svg.append('line').attr('x2', high.length).attr('y1', y(0)).attr('y2', y(0));
  svg.append('path').attr('d', `M${[...upper, ...lower].join('L')}Z`);
}

function addTable(
  parent: HTMLElement,
  rows: readonly (number | null)[][],
  dims: readonly number[],
  label: string,
): void {
  const width = dims.at(-1) ?? 1;
  const size = dims.reduce((product, dim) => product * dim, 1);
  const shown = rows[0]?.length ?? 0;
  const frame = add(parent, 'div', 'numbers-frame');
  frame.setAttribute('role', 'group');
  frame.setAttribute('aria-label', label);
  const body = add(add(frame, 'table', 'numbers'), 'tbody', '');
  for (const row of rows) {
    const line = add(body, 'tr', '');
    row.forEach((value) => add(line, 'td', '', value === null ? 'NaN' : shortValue(value)));
    if (width > shown && row.length === shown && shown > 1) add(line, 'td', 'muted', '…');
  }
  if (size > rows.length * width) add(add(body, 'tr', 'muted'), 'td', '', '…');
  // Without a stop for the keyboard, what overflows could not be reached by it.
  if (frame.scrollWidth > frame.clientWidth) frame.tabIndex = 0;
}

/** Small numbers with an exponent: columns of many zeros are no easier to read. */
function shortValue(value: number): string {
  const small = value !== 0 && Math.abs(value) < 0.001;
  return small ? value.toExponential(2).replaceAll('-', '−') : formatValue(value);
}
