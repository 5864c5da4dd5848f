import type { TensorPicture } from '../../shared/protocol/data';
import type { Tensor } from '../samples/dataset';
import { drawImage, type DrawOptions } from './drawImage';
import type { NumberData } from '../samples/elementTypes';
import { withoutLeadingOnes, type Look } from './tensorLayout';
import type { TensorFigures } from './tensorFigures';

const MOST_COLUMNS = 256;
const MOST_TOKENS = 48;
const TABLE_ROWS = 6;
const TABLE_COLUMNS = 8;

/** A tensor in small: a few kilobytes at most. `values` are the tensor's own, as numbers. */
export function drawTensor(
  { dims }: Pick<Tensor, 'dims'>,
  values: NumberData,
  look: Look,
  range: TensorFigures,
  options: DrawOptions,
): TensorPicture {
  switch (look.kind) {
    case 'image':
      return drawImage(values, dims, look, range, options);
    case 'wave':
      return drawWave(values, dims.at(-1) ?? 1);
    case 'tokens':
      return { kind: 'tokens', values: Array.from(values.subarray(0, MOST_TOKENS)) };
    case 'table':
      return drawTable(values, withoutLeadingOnes(dims).at(-1) ?? 1);
  }
}

/** Each column covers a stretch of time, of all channels. */
function drawWave(values: NumberData, length: number): TensorPicture {
  const columns = Math.min(MOST_COLUMNS, length);
  const low: number[] = [];
  const high: number[] = [];
  for (let column = 0; column < columns; column++) {
    const [from, to] = [column, column + 1].map((edge) => Math.floor((edge * length) / columns));
    let min = Infinity;
    let max = -Infinity;
    for (let start = 0; start < values.length; start += length)
      for (let i = start + (from ?? 0); i < start + (to ?? 0); i++) {
        const value = values[i] ?? 0;
        if (value < min) min = value;
        if (value > max) max = value;
      }
    // Nothing but NaN leaves a gap at zero.
    low.push(Number.isFinite(min) ? rounded(min) : 0);
    high.push(Number.isFinite(max) ? rounded(max) : 0);
  }
  return { kind: 'wave', low, high };
}

function drawTable(values: NumberData, width: number): TensorPicture {
  const rows = Math.min(TABLE_ROWS, Math.ceil(values.length / width));
  const cell = (value: number) => (Number.isFinite(value) ? rounded(value) : null);
  return {
    kind: 'table',
    rows: Array.from({ length: rows }, (_, row) =>
      Array.from(values.subarray(row * width, row * width + Math.min(width, TABLE_COLUMNS)), cell),
    ),
  };
}

/** More digits would only be carried. */
function rounded(value: number): number {
  return Number(value.toPrecision(5));
}
