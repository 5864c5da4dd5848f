import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Tensor } from '../../../../engine/data/samples/dataset';
import { drawTensor } from '../../../../engine/data/checks/drawTensor';
import { numbersOf, sizeOf } from '../../../../engine/data/samples/elementTypes';
import { lookOf } from '../../../../engine/data/checks/tensorLayout';
import { tensorFigures } from '../../../../engine/data/checks/tensorFigures';
import type { TensorPicture } from '../../../../engine/shared/protocol/data';

function draw(tensor: Tensor, blueFirst = false): TensorPicture {
  const values = numbersOf(tensor);
  const look = lookOf(tensor);
  return drawTensor(tensor, values, look, tensorFigures(values), { blueFirst, mostBytes: 17_000 });
}

function float(dims: number[], value: (i: number) => number): Tensor {
  return { type: 'float32', dims, data: Float32Array.from({ length: sizeOf(dims) }, (_, i) => value(i)) };
}

function pixelsOf(picture: TensorPicture): number[] {
  return picture.kind === 'image' ? [...Buffer.from(picture.pixels, 'base64')] : [];
}

test.each<[number[], string]>([
  [[1, 3, 48, 320], 'image'],
  [[1, 224, 224, 3], 'image'],
  [[3, 32, 32], 'image'],
  [[1, 1, 28, 28], 'image'],
  [[28, 28, 1], 'image'],
  [[1, 80, 300], 'image'],
  [[1, 16000], 'wave'],
  [[1, 1, 16000], 'wave'],
  [[2, 16000], 'wave'],
  [[512], 'wave'],
  [[64, 512], 'table'],
  [[1, 13], 'table'],
  [[], 'table'],
  [[2, 1, 128], 'table'],
  [[1, 3, 2, 2], 'table'],
])('a float tensor of shape %j is shown as %s', (dims, kind) => {
  expect(lookOf({ type: 'float32', dims }).kind).toBe(kind);
});

test('whole numbers of low rank are ids; a single one and bytes of an image are not', () => {
  expect(lookOf({ type: 'int64', dims: [1, 128] }).kind).toBe('tokens');
  expect(lookOf({ type: 'int32', dims: [512] }).kind).toBe('tokens');
  expect(lookOf({ type: 'int64', dims: [1] }).kind).toBe('table');
  expect(lookOf({ type: 'uint8', dims: [1, 32, 32, 3] })).toMatchObject({ kind: 'image', channelAxis: 3 });
  expect(draw({ type: 'int64', dims: [1, 3], data: BigInt64Array.of(101n, 7592n, 102n) })).toEqual({
    kind: 'tokens',
    values: [101, 7592, 102],
  });
});

test('no shape is an image in both layouts', () => {
  const dim = fc.integer({ min: 1, max: 6 });
  fc.assert(
    fc.property(fc.array(dim, { minLength: 3, maxLength: 4 }), (dims) => {
      const look = lookOf({ type: 'float32', dims });
      if (look.kind !== 'image') return;
      expect(Math.min(dims[look.rowAxis] ?? 0, dims[look.columnAxis] ?? 0)).toBeGreaterThan(3);
      expect(dims[look.channelAxis]).toBe(look.channels);
      expect(dims.slice(-3).filter((d) => d === 1 || d === 3)).toHaveLength(1);
    }),
  );
});

/** Red in its left half: channel 0 of RGB. */
const redLeft = (c: number, x: number) => (c === 0 && x < 2 ? 1 : -1);

test('both layouts and both colour orders come out as the same picture', () => {
  const planar = (order: number[]) => (i: number) => redLeft(order[Math.floor(i / 16)] ?? 0, i % 4);
  const expected = pixelsOf(draw(float([1, 3, 4, 4], planar([0, 1, 2]))));
  expect(expected.slice(0, 12)).toEqual([255, 0, 0, 255, 0, 0, 0, 0, 0, 0, 0, 0]);
  expect(pixelsOf(draw(float([1, 3, 4, 4], planar([2, 1, 0])), true))).toEqual(expected);
  const interleaved = float([4, 4, 3], (i) => redLeft(i % 3, Math.floor(i / 3) % 4));
  expect(pixelsOf(draw(interleaved))).toEqual(expected);
});

test('large images shrink to the bytes allowed and keep proportions and shades', () => {
  const picture = draw(float([1, 3, 480, 3200], (i) => (i % 3200 < 1600 ? 0 : 5)));
  if (picture.kind !== 'image') expect.fail(picture.kind);
  const { width, height } = picture;
  expect(width).toBeLessThanOrEqual(256);
  expect(Math.abs(width / height - 3200 / 480)).toBeLessThan(0.4);
  const pixels = pixelsOf(picture);
  expect(pixels).toHaveLength(width * height * 3);
  expect(pixels[0]).toBe(0);
  expect(pixels[3 * width - 1]).toBe(255);
});

test('the whole of a wave is covered: a click of one value is seen', () => {
  const wave = draw(float([1, 16000], (i) => (i === 8001 ? 0.75 : Math.sin(i / 5) / 4)));
  if (wave.kind !== 'wave') expect.fail(wave.kind);
  expect(wave.high).toHaveLength(256);
  expect(wave.high.filter((high) => high === 0.75)).toHaveLength(1);
  expect(wave.high.indexOf(0.75)).toBe(128);
  expect(Math.min(...wave.low)).toBeCloseTo(-0.25, 2);
});

test('a table has the first rows and columns, and says where there is no number', () => {
  const table = draw(float([10, 9], (i) => (i === 1 ? NaN : i / 3)));
  if (table.kind !== 'table') expect.fail(table.kind);
  expect(table.rows.map((row) => row.length)).toEqual([8, 8, 8, 8, 8, 8]);
  expect(table.rows[0]?.slice(0, 3)).toEqual([0, null, 0.66667]);
  expect(table.rows[1]?.[0]).toBe(3);
  expect(draw(float([], () => 7))).toEqual({ kind: 'table', rows: [[7]] });
});

test('whatever the shape, the picture is small, and figures are those of the finite values', () => {
  const dims = fc
    .array(fc.constantFrom(1, 2, 3, 4, 7, 40, 300), { maxLength: 4 })
    .filter((d) => sizeOf(d) < 1e6);
  const odd = fc.constantFrom(NaN, Infinity, -Infinity, 0, 1e30, -1e-30);
  fc.assert(
    fc.property(dims, odd, (shape, value) => {
      const tensor = float(shape, (i) => (i % 5 === 0 ? value : i));
      const text = JSON.stringify(draw(tensor));
      expect(text.length).toBeLessThan(25_000);
      expect(text).not.toContain('Infinity');
      const { min, max, nonFinite } = tensorFigures(Float32Array.from(tensor.data, Number));
      const finite = Array.from(tensor.data, Number).filter(Number.isFinite);
      expect(nonFinite).toBe(tensor.data.length - finite.length);
      expect(min).toBe(finite.length === 0 ? null : finite.reduce((a, b) => Math.min(a, b)));
      expect(max).toBe(finite.length === 0 ? null : finite.reduce((a, b) => Math.max(a, b)));
    }),
    { numRuns: 60 },
  );
});
