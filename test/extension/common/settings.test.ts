import { expect, test, vi } from 'vitest';

const set = vi.hoisted(() => new Map<string, unknown>());
vi.mock('vscode', () => ({
  workspace: { getConfiguration: () => ({ get: (name: string) => set.get(name) }) },
}));
const { readLimits } = await import('../../../extension/common/settings');

test.each([
  [undefined, undefined, { threads: null, memory: null }],
  [4, 1.5, { threads: 4, memory: 1.5e9 }],
  [2.9, 0.25, { threads: 2, memory: 0.25e9 }],
  [0.5, null, { threads: 1, memory: null }],
  [1000, 0, { threads: 64, memory: null }],
  ['4', '8 GB', { threads: null, memory: null }],
  [-1, NaN, { threads: null, memory: null }],
])('threads %s and memory %s are told to the engine as whole threads and bytes', (threads, memory, told) => {
  set.set('threads', threads).set('memory', memory);
  expect(readLimits()).toEqual(told);
});
