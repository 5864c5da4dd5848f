import { deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { imageHeader } from '../../../../engine/data/images/imageHeader';
import { readImage } from '../../../../engine/data/images/readImage';
import { grayPng, picture } from '../picture';

const rgb = [255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30, 40, 50, 60, 70, 80, 90];

test('reads gray, colour and transparent PNGs', () => {
  expect(readImage(picture('png', 3, 1, 'GREY', [0, 128, 255]), 'x')).toMatchObject({
    width: 3,
    height: 1,
    channels: 1,
    data: Uint8Array.of(0, 128, 255),
  });
  expect(readImage(picture('png', 3, 2, 'RGB', rgb), 'x').data).toEqual(Uint8Array.from(rgb));
  expect(readImage(picture('png', 1, 1, 'RGBA', [1, 2, 3, 4]), 'x').data).toEqual(Uint8Array.of(1, 2, 3));
  expect(readImage(picture('png', 1, 1, 'GREYA', [7, 4]), 'x')).toMatchObject({
    channels: 1,
    data: Uint8Array.of(7),
  });
});

test('brings 16 bits down to 8', () => {
  const bytes = picture('png', 3, 1, 'GREY', Uint16Array.of(0, 0x8080, 0xffff));
  expect(readImage(bytes, 'x').data).toEqual(Uint8Array.of(0, 128, 255));
});

test('reads a BMP, and a JPEG with its small loss', () => {
  expect(readImage(picture('bmp', 3, 2, 'RGB', rgb), 'x').data).toEqual(Uint8Array.from(rgb));
  const jpeg = readImage(picture('jpeg', 8, 8, 'GREY', new Array<number>(64).fill(200)), 'x');
  expect(jpeg).toMatchObject({ width: 8, height: 8, channels: 3 });
  for (const value of jpeg.data) expect(Math.abs(value - 200)).toBeLessThan(4);
});

test.each(['png', 'jpeg', 'bmp'] as const)('finds the size of a %s without decoding', (format) => {
  const bytes = picture(format, 3, 2, 'RGB', rgb);
  expect(imageHeader(bytes)).toEqual({ format: format.toUpperCase(), width: 3, height: 2, bitDepth: 8 });
  for (let length = 0; length < 20; length++) imageHeader(bytes.subarray(0, length));
});

/** A PNG with bytes of its header replaced. */
function lyingPng(offset: number, ...bytes: number[]): Uint8Array {
  const png = grayPng(4, 4).slice();
  png.set(bytes, offset);
  return png;
}

test.each([
  ['no picture', Buffer.from('GIF89a, of all things'), 'not a picture that can be read'],
  ['nothing', new Uint8Array(0), 'not a picture that can be read'],
  ['a huge size', lyingPng(16, 0, 0, 0x40, 0, 0, 0, 0x40, 0), '16384 × 16384 pixels'],
  ['no pixels', lyingPng(16, 0, 0, 0, 0), '0 × 4 pixels'],
  ['less than 8 bits', lyingPng(24, 4), 'a PNG of 4 bits a pixel'],
  [
    'a file that is cut off',
    grayPng(40, 40).subarray(0, 60),
    'cannot be decoded: the file ends within a chunk',
  ],
  [
    'a JPEG that is cut off',
    picture('jpeg', 8, 8, 'GREY', new Array<number>(64).fill(9)).subarray(0, 200),
    'x.png',
  ],
])('refuses %s', (_, bytes, message) => {
  expect(() => readImage(new Uint8Array(bytes), 'x.png')).toThrow(message);
  expect(() => readImage(new Uint8Array(bytes), 'x.png')).toThrow(
    expect.objectContaining({ code: 'bad-data' }),
  );
});

function chunk(type: string, data: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  return Buffer.concat([length, Buffer.from(type), data, Buffer.alloc(4)]);
}

test('refuses pixels that unpack to more than the header says, and ignores other packed chunks', () => {
  const png = grayPng(4, 4, 77);
  const bomb = deflateSync(new Uint8Array(1e6));
  const header = png.subarray(0, 33);
  const end = png.subarray(-12);
  expect(() => readImage(Buffer.concat([header, chunk('IDAT', bomb), end]), 'x.png')).toThrow(
    'cannot be decoded',
  );
  const profile = Buffer.concat([Buffer.from('name\0\0'), bomb]);
  const withProfile = Buffer.concat([header, chunk('iCCP', profile), png.subarray(33)]);
  expect(readImage(withProfile, 'x.png').data[0]).toBe(77);
});
