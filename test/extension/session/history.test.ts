import { expect, test, vi } from 'vitest';
import type { Memento, Uri } from 'vscode';
import type { Report } from '../../../engine/shared/protocol/report';

vi.mock('vscode', () => ({
  EventEmitter: class {
    event = () => ({ dispose: () => undefined });
    fire() {
      return undefined;
    }
    dispose() {
      return undefined;
    }
  },
}));
const { History } = await import('../../../extension/session/history');

function memory(): Memento {
  const kept = new Map<string, unknown>();
  return {
    keys: () => [...kept.keys()],
    get: (key: string, otherwise?: unknown) => kept.get(key) ?? otherwise,
    update: (key: string, value: unknown) => Promise.resolve(void kept.set(key, value)),
  } as Memento;
}

const uriOf = (name: string) => ({ toString: () => `file:///${name}` }) as unknown as Uri;
const reportAt = (created: string) =>
  ({
    created,
    float: { metric: 'top1', score: 0.9 },
    verdict: { kind: 'missed', reason: 'Far.' },
    advised: { score: 0.8, meetsTarget: false },
    settings: { targetDrop: 0.01, data: '/d' },
    keepFloat: ['a'],
  }) as unknown as Report;
const day = (number: number) => `2026-01-${String(number).padStart(2, '0')}T00:00:00Z`;

test('the model that was analyzed last comes first, its runs by time, each once', async () => {
  const history = new History(memory());
  await history.addReport(uriOf('a'), reportAt(day(2)));
  await history.addReport(uriOf('b'), reportAt(day(1)));
  await history.addReport(uriOf('a'), reportAt(day(1)));
  await history.addReport(uriOf('a'), reportAt(day(2)));
  expect(history.models().map(({ uri, runs }) => [uri, runs.map(({ when }) => when)])).toEqual([
    ['file:///a', [day(2), day(1)]],
    ['file:///b', [day(1)]],
  ]);
  expect(history.models()[0]?.runs[0]).toMatchObject({ kind: 'analyzed', float: 0.9, int8: 0.8, kept: 1 });
});

test('a model is renamed and forgotten, and the list stays short', async () => {
  const history = new History(memory());
  for (let i = 1; i <= 25; i++) await history.addReport(uriOf('a'), reportAt(day(i)));
  expect(history.models()[0]?.runs).toHaveLength(20);
  await history.addReport(uriOf('b'), reportAt(day(1)));
  await history.rename(uriOf('a'), uriOf('b'));
  expect(history.models().map(({ uri, runs }) => [uri, runs.length])).toEqual([['file:///b', 20]]);
  await history.forget(uriOf('b'));
  expect(history.models()).toEqual([]);
  for (let i = 0; i < 120; i++) await history.addReport(uriOf(`m${i}`), reportAt(day(1)));
  expect(history.models()).toHaveLength(100);
});

test('what was kept in another shape is left out, and the rest is there', async () => {
  const kept = memory();
  const history = new History(kept);
  await history.addReport(uriOf('a'), reportAt(day(1)));
  const [known] = history.models();
  const odd = [
    null,
    7,
    {},
    { uri: 'file:///b' },
    { uri: 'file:///c', runs: [{ when: 'then' }] },
    { ...known, uri: 3 },
  ];
  await kept.update('history', [...odd, known]);
  expect(history.models()).toEqual([known]);
  await history.addReport(uriOf('d'), reportAt(day(2)));
  expect(history.models()).toHaveLength(2);
  for (const other of [null, {}, 'x', 7]) {
    await kept.update('history', other);
    expect(history.models()).toEqual([]);
  }
});
