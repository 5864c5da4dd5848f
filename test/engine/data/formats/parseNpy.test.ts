import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseNpy } from '../../../../engine/data/formats/parseNpy';
import { npyBytes } from '../npyBytes';

test.each([
  ['<f4', 'float32', Float32Array.of(1.5, -2)],
  ['<f8', 'float64', Float64Array.of(1.5, -2)],
  ['<f2', 'float16', Uint16Array.of(0x3c00, 1)],
  ['|i1', 'int8', Int8Array.of(-1, 2)],
  ['|u1', 'uint8', Uint8Array.of(255, 2)],
  ['<i2', 'int16', Int16Array.of(-1, 2)],
  ['<u2', 'uint16', Uint16Array.of(1, 2)],
  ['<i4', 'int32', Int32Array.of(-1, 2)],
  ['<u4', 'uint32', Uint32Array.of(1, 2)],
  ['<i8', 'int64', BigInt64Array.of(-1n, 2n)],
  ['<u8', 'uint64', BigUint64Array.of(1n, 2n)],
  ['|b1', 'bool', Uint8Array.of(1, 0)],
] as const)('reads %s as %s', (descr, type, data) => {
  expect(parseNpy(npyBytes({ descr, shape: [2], data }), 'x')).toEqual({ type, dims: [2], data });
});

test('reads a scalar', () => {
  const bytes = npyBytes({ descr: '<i8', shape: [], data: BigInt64Array.of(16000n) });
  expect(parseNpy(bytes, 'x')).toEqual({ type: 'int64', dims: [], data: BigInt64Array.of(16000n) });
});

test('gives the same array in either order', () => {
  const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
  fc.assert(
    fc.property(shapes, (shape) => {
      const size = shape.reduce((product, dim) => product * dim, 1);
      const data = Float32Array.from({ length: size }, (_, i) => i);
      // Column-major position of each element, counted axis by axis.
      const columnMajor = new Float32Array(size);
      for (let i = 0; i < size; i++) {
        let rest = i;
        const position = shape.map(() => 0);
        for (let axis = shape.length - 1; axis >= 0; axis--) {
          position[axis] = rest % (shape[axis] ?? 1);
          rest = Math.floor(rest / (shape[axis] ?? 1));
        }
        columnMajor[position.reduceRight((sum, at, axis) => sum * (shape[axis] ?? 1) + at, 0)] = i;
      }
      const bytes = npyBytes({ descr: '<f4', shape, data: columnMajor, fortran: true });
      expect(parseNpy(bytes, 'x')).toEqual({ type: 'float32', dims: shape, data });
    }),
  );
});

const good = { descr: '<f4', shape: [2, 3], data: new Float32Array(6) };

test.each([
  ['no array file', Buffer.from('PK something else'), /"x" cannot be read .*Not an \.npy file/],
  ['nothing', new Uint8Array(0), /"x" cannot be read/],
  ['half a header', npyBytes(good).subarray(0, 40), /"x" cannot be read/],
  ['half a value', npyBytes(good).subarray(0, -2), /"x" cannot be read/],
  [
    'missing values',
    npyBytes(good).subarray(0, -8),
    /"x" has the shape \[2,3\], that is 6 values, but holds 4/,
  ],
  ['too many values', npyBytes({ ...good, shape: [2, 2] }), /that is 4 values, but holds 6/],
  ['a negative size', npyBytes({ ...good, shape: [-2, -3] }), /shape \[-2,-3\]/],
  ['a broken size', npyBytes({ ...good, shape: [1.5, 4] }), /shape \[1\.5,4\]/],
  ['big-endian values', npyBytes({ ...good, descr: '>f4' }), />f4/],
  ['objects', npyBytes({ ...good, descr: '|O' }), /\|O/],
  ['complex numbers', npyBytes({ ...good, descr: '<c8', shape: [3] }), /type c8/],
  ['texts', npyBytes({ ...good, descr: '<U6', shape: [1] }), /type U6/],
  ['many texts', npyBytes({ ...good, descr: '<U1', shape: [1e6], data: new Int32Array(1e6) }), /type U1/],
])('refuses %s', (_, bytes, message) => {
  expect(() => parseNpy(new Uint8Array(bytes), 'array "x"')).toThrow(message);
});

test('says what to do about big-endian values', () => {
  expect(() => parseNpy(npyBytes({ ...good, descr: '>f4' }), 'x')).toThrow(
    expect.objectContaining({ code: 'bad-data', hint: expect.stringContaining('newbyteorder') as unknown }),
  );
});
