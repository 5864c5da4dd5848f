import { expect, test } from 'vitest';
import { preprocessImage } from '../../../../engine/data/images/preprocessImage';
import type { Pixels } from '../../../../engine/data/images/readImage';
import { resizePixels } from '../../../../engine/data/images/resizePixels';

function gray(width: number, height: number, ...values: number[]): Pixels {
  return { width, height, channels: 1, data: Uint8Array.from(values) };
}

const twoColors: Pixels = { width: 2, height: 1, channels: 3, data: Uint8Array.of(1, 2, 3, 4, 5, 6) };

test('stretches as OpenCV’s INTER_LINEAR does', () => {
  // What cv2.resize gives for these arrays.
  const wide = resizePixels(gray(2, 1, 0, 100), { mode: 'stretch', width: 4, height: 1 });
  expect([...wide.data]).toEqual([0, 25, 75, 100]);
  const small = resizePixels(gray(4, 2, 0, 10, 20, 30, 40, 50, 60, 70), {
    mode: 'stretch',
    width: 2,
    height: 1,
  });
  expect([...small.data]).toEqual([25, 45]);
  const third = resizePixels(gray(6, 1, 0, 10, 20, 30, 40, 50), { mode: 'stretch', width: 2, height: 1 });
  expect([...third.data]).toEqual([10, 40]);
});

test('keeps the aspect by height, by width, or inside both', () => {
  const source = gray(4, 2, ...new Array<number>(8).fill(9));
  const sizes = [{ height: 4 }, { width: 2 }, { width: 6, height: 6 }, { height: 1, width: 100 }].map(
    (box) => {
      const { width, height } = resizePixels(source, { mode: 'keep-aspect', ...box });
      return [width, height];
    },
  );
  expect(sizes).toEqual([
    [8, 4],
    [2, 1],
    [6, 3],
    [2, 1],
  ]);
});

test('never shrinks a side to nothing', () => {
  const { width, height } = resizePixels(gray(100, 1, ...new Array<number>(100).fill(1)), {
    mode: 'keep-aspect',
    width: 10,
  });
  expect([width, height]).toEqual([10, 1]);
});

test('crops the middle of what covers', () => {
  const cropped = resizePixels(gray(4, 2, 0, 1, 2, 3, 4, 5, 6, 7), { mode: 'crop', width: 2, height: 2 });
  expect(cropped).toMatchObject({ width: 2, height: 2 });
  expect([...cropped.data]).toEqual([1, 2, 5, 6]);
});

test('orders channels and axes', () => {
  const values = (layout: 'NCHW' | 'NHWC', color: 'RGB' | 'BGR' | 'gray') => {
    const { dims, data } = preprocessImage(twoColors, { layout, color }, 4);
    return [dims, [...data]];
  };
  expect(values('NCHW', 'RGB')).toEqual([
    [1, 3, 1, 2],
    [1, 4, 2, 5, 3, 6],
  ]);
  expect(values('NCHW', 'BGR')).toEqual([
    [1, 3, 1, 2],
    [3, 6, 2, 5, 1, 4],
  ]);
  expect(values('NHWC', 'BGR')).toEqual([
    [1, 1, 2, 3],
    [3, 2, 1, 6, 5, 4],
  ]);
  expect(values('NCHW', 'gray')).toEqual([
    [1, 1, 1, 2],
    [2, 5],
  ]);
  expect(preprocessImage(twoColors, {}, 3).dims).toEqual([3, 1, 2]);
});

test('repeats a gray picture for every colour', () => {
  expect([...preprocessImage(gray(1, 1, 8), {}, 4).data]).toEqual([8, 8, 8]);
});

test('normalizes, then pads to the right and the bottom', () => {
  const padded = preprocessImage(
    gray(2, 1, 0, 255),
    { color: 'gray', mean: 127.5, std: 127.5, pad: { minWidth: 3, minHeight: 2, value: 7 } },
    4,
  );
  expect(padded.dims).toEqual([1, 1, 2, 3]);
  expect([...padded.data]).toEqual([-1, 1, 7, 7, 7, 7]);
  const scaled = preprocessImage(gray(1, 1, 255), { scale: 1 / 255, mean: [0, 0.5, 1], std: [1, 0.5, 2] }, 4);
  expect([...scaled.data]).toEqual([1, 1, 0]);
});

test('pads to a multiple', () => {
  const { dims } = preprocessImage(
    gray(5, 4, ...new Array<number>(20).fill(1)),
    { pad: { multipleOf: 4 } },
    4,
  );
  expect(dims).toEqual([1, 3, 4, 8]);
});
