import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EngineError } from '../../../../engine/shared/engineError';
import { readNpz } from '../../../../engine/data/formats/readNpz';
import { dataFolder } from '../dataFolder';
import { countingNpy, npyBytes } from '../npyBytes';
import { zipBytes, type ZipEntry } from '../zipBytes';

const x = countingNpy([3, 2]);
const values = Float32Array.of(0, 1, 2, 3, 4, 5);

async function read(entries: readonly ZipEntry[] | Uint8Array, wanted = ['x']) {
  const bytes = entries instanceof Uint8Array ? entries : zipBytes(entries);
  return readNpz(join(dataFolder({ 'data.npz': bytes }), 'data.npz'), wanted, 'data.npz');
}

test.each([
  ['sizes of 64 bits', { zip64: true }],
  ['sizes of 64 bits, stored', { zip64: true, method: 0 }],
  ['sizes behind the data', { descriptor: true }],
  ['sizes of 64 bits behind the data', { descriptor: true, zip64: true }],
  ['nothing odd', { method: 0 }],
] as const)('an array with %s is read', async (_, odd) => {
  const { names, arrays } = await read([{ name: 'x.npy', content: x, ...odd }]);
  expect(names).toEqual(['x']);
  expect(arrays.get('x')).toEqual({ type: 'float32', dims: [3, 2], data: values });
});

test('an array may be called as no file could', async () => {
  const entries = ['/model/in', '../x', 'a\\b', '__proto__'].map((name) => ({
    name: `${name}.npy`,
    content: x,
  }));
  const wanted = entries.map(({ name }) => name.slice(0, -4));
  expect([...(await read(entries, wanted)).arrays.keys()]).toEqual(wanted);
});

const zeros = new Uint8Array(2 ** 26);
test.each<[string, Partial<ZipEntry>, string]>([
  ['claims of 64 bits', { zip64: true, size: 10 * 2 ** 30 }, '"x" claims to hold 10737418240 bytes'],
  ['claims beyond what deflate can do', { size: 2 ** 31 }, '"x" claims to hold 2147483648 bytes'],
  [
    'more than it claims',
    { content: zeros, size: x.length },
    'cannot be read as an npz file: too many bytes',
  ],
  [
    'more than it claims in 64 bits',
    { content: zeros, size: 100, zip64: true },
    'too many bytes in the stream',
  ],
  ['less than it claims', { size: x.length + 9 }, 'not enough bytes in the stream'],
  ['stored bytes of another length', { method: 0, size: x.length + 9 }, 'size mismatch'],
  ['a wrong check sum', { crc: 7 }, 'an array is damaged'],
  ['a password', { encrypted: true }, '"x" is encrypted'],
  ['deflate64', { method: 9 }, '"x" is compressed by method 9, which is not known'],
  ['bzip2', { method: 12 }, 'method 12'],
  ['lzma', { method: 14 }, 'method 14'],
])('an array with %s is refused', async (_, odd, words) => {
  await expect(read([{ name: 'x.npy', content: x, ...odd }])).rejects.toMatchObject({
    code: 'bad-data',
    message: expect.stringMatching(new RegExp(`^data.npz.*${words}`)) as unknown,
  });
});

test('two arrays of one name are refused', async () => {
  const entry = { name: 'x.npy', content: x };
  await expect(read([entry, entry])).rejects.toThrow('data.npz holds two arrays "x".');
});

test('claims that are too large only together are refused', async () => {
  // So many packed bytes may unpack to half of the limit.
  const content = randomBytes(2.2e6);
  const entries = ['x', 'y'].map((name) => ({ name: `${name}.npy`, content, size: 2 ** 31 + 1 }));
  await expect(read(entries, ['x', 'y'])).rejects.toThrow('"y" claims to hold 2147483649 bytes');
});

test('an array that is not asked for may be anything', async () => {
  const { names } = await read([
    { name: 'x.npy', content: x },
    { name: 'y.npy', content: zeros, size: 2 ** 40, zip64: true, encrypted: true },
  ]);
  expect(names).toEqual(['x', 'y']);
});

test('whatever is damaged, it is read or refused in one line', async () => {
  const whole = zipBytes([
    {
      name: 'y.npy',
      content: npyBytes({ descr: '<f4', shape: [8], data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) }),
    },
    { name: 'x.npy', content: x, zip64: true },
  ]);
  const folder = dataFolder({});
  const changes = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(changes, fc.nat(whole.length), async (changed, end) => {
      const bytes = whole.slice(0, end % 4 === 0 ? end : whole.length);
      for (const [at, value] of changed) if (at < bytes.length) bytes[at] = value;
      writeFileSync(join(folder, 'data.npz'), bytes);
      try {
        await readNpz(join(folder, 'data.npz'), ['x', 'y'], 'data.npz');
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(EngineError);
      }
    }),
    { numRuns: 400 },
  );
});
