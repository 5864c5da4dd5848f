import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shareOf } from '../../../engine/common/shards';

const names = (count: number) => Array.from({ length: count }, (_, i) => `layer ${i}`);
const sizeOf = (share: ReturnType<typeof shareOf>) =>
  [...share.values()].reduce((sum, { from, to }) => sum + to - from, 0);

test('however many machines there are, each layer and sample falls to one, and none gets more than another', () => {
  const nat = (max: number) => fc.integer({ min: 1, max });
  fc.assert(
    fc.property(fc.nat(40), nat(30), nat(90), (layers, samples, count) => {
      const held = new Map<string, number>();
      const sizes: number[] = [];
      for (let index = 1; index <= count; index++) {
        const share = shareOf(names(layers), samples, { index, count });
        sizes.push(sizeOf(share));
        for (const [layer, { from, to }] of share) {
          expect(from).toBeLessThan(to);
          for (let place = from; place < to; place++) {
            const key = `${layer} ${place}`;
            held.set(key, (held.get(key) ?? 0) + 1);
          }
        }
      }
      const all = names(layers).flatMap((name) =>
        Array.from({ length: samples }, (_, place) => `${name} ${place}`),
      );
      expect(new Map(all.map((key) => [key, 1]))).toEqual(held.size === 0 ? new Map() : held);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }),
    { numRuns: 60 },
  );
});

test('layers stay whole as long as they go round, and only the last round is cut', () => {
  const own = shareOf(names(5), 8, { index: 2, count: 4 });
  expect([...own]).toEqual([
    ['layer 1', { from: 0, to: 8 }],
    ['layer 4', { from: 2, to: 4 }],
  ]);
});
