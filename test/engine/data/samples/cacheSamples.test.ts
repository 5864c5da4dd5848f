import { expect, test } from 'vitest';
import { cacheSamples } from '../../../../engine/data/samples/cacheSamples';
import type { SampleSource } from '../../../../engine/data/samples/dataset';
import { float } from '../../runTiny';

/** Samples of 16 bytes each, and how often each was decoded. */
function counted(length: number): { source: SampleSource; loads: number[] } {
  const loads = Array.from({ length }, () => 0);
  const load = (index: number) => {
    loads[index] = (loads[index] ?? 0) + 1;
    const values = [0, 1, 2, 3].map((value) => value + index);
    return Promise.resolve({ name: `#${index}`, feeds: { x: float([4], values) }, truth: null });
  };
  return { source: { length, load }, loads };
}

async function readTwice(source: SampleSource): Promise<void> {
  for (let turn = 0; turn < 2; turn++)
    for (let index = 0; index < source.length; index++) {
      const { name, feeds } = await source.load(index);
      expect([name, feeds['x']?.data[0]]).toEqual([`#${index}`, index]);
    }
}

test('samples are kept as far as the bound goes, and the rest is decoded each time', async () => {
  const { source, loads } = counted(4);
  await readTwice(cacheSamples(source, 2 * 16 + 15));
  expect(loads).toEqual([1, 1, 2, 2]);
});

test('a bound of nothing keeps nothing', async () => {
  const { source, loads } = counted(2);
  await readTwice(cacheSamples(source, 0));
  expect(loads).toEqual([2, 2]);
});

test('two that ask for one sample at a time do not have it count twice', async () => {
  const { source, loads } = counted(2);
  const cached = cacheSamples(source, 2 * 16);
  await Promise.all([cached.load(0), cached.load(0)]);
  await readTwice(cached);
  expect(loads).toEqual([2, 1]);
});
