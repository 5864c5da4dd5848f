import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { writeFileAtomically } from '../../engine/files/writeFile';
import { loadPlan, storePlan } from '../../engine/planCache';
import {
  REPORT_VERSION,
  TRADE_OFF_VERSION,
  type ModelSummary,
  type Report,
  type TradeOff,
} from '../../engine/protocol';
import { loadPreviousReport, loadReport, storeReport } from '../../engine/reportCache';
import { dataFolder } from './feeds/dataFolder';

const model = { path: '/models/a.onnx', hash: 'abc' } as ModelSummary;
const report = { version: REPORT_VERSION, created: 'now', model } as Partial<Report> as Report;
let folder: string;

beforeEach(() => {
  folder = dataFolder({});
  vi.stubEnv('QUANTSCOPE_CACHE', join(folder, 'deep', 'cache'));
});
afterEach(() => vi.unstubAllEnvs());

test('an analysis is found again by the model’s bytes, wherever the file is now', async () => {
  expect(await loadReport(model)).toBeNull();
  await storeReport(report);
  const moved = { ...model, path: '/elsewhere/b.onnx' };
  expect(await loadReport(moved)).toEqual({ ...report, model: moved });
  expect(await loadReport({ ...model, hash: 'other' })).toBeNull();
});

test.each(['', '{', '{"version":999}', 'null'])('a cache that holds %j is as good as none', async (text) => {
  mkdirSync(join(folder, 'deep', 'cache'), { recursive: true });
  writeFileSync(join(folder, 'deep', 'cache', 'abc.json'), text);
  expect(await loadReport(model)).toBeNull();
});

test('a cache that cannot be written does not cost the analysis', async () => {
  writeFileSync(join(folder, 'file'), '');
  vi.stubEnv('QUANTSCOPE_CACHE', join(folder, 'file', 'cache'));
  await expect(storeReport(report)).resolves.toBeUndefined();
});

test('one file written many times at once is whole, with nothing left beside it', async () => {
  const texts = Array.from({ length: 20 }, (_, i) => String(i).repeat(50_000));
  const path = join(folder, 'report.json');
  await Promise.all(texts.map((text) => writeFileAtomically(path, text)));
  expect(readdirSync(folder)).toEqual(['report.json']);
  expect(texts).toContain(readFileSync(path, 'utf8'));
});

test('the analysis before the last one is kept beside it, and no other', async () => {
  expect(await loadPreviousReport(model)).toBeNull();
  const at = (created: string) => ({ ...report, created });
  await storeReport(at('first'));
  await storeReport(at('first'));
  expect(await loadPreviousReport(model)).toBeNull();
  await storeReport(at('second'));
  await storeReport(at('third'));
  const moved = { ...model, path: '/elsewhere/b.onnx' };
  expect(await loadPreviousReport(moved)).toEqual({ ...at('second'), model: moved });
  expect(await loadReport(model)).toEqual(at('third'));
});

test.each(['{', '{"version":999,"created":"then"}', 'null', '[]'])(
  'what holds %j does not take the place of the analysis before',
  async (text) => {
    await storeReport({ ...report, created: 'first' });
    await storeReport({ ...report, created: 'second' });
    writeFileSync(join(folder, 'deep', 'cache', 'abc.json'), text);
    await storeReport({ ...report, created: 'third' });
    expect((await loadPreviousReport(model))?.created).toBe('first');
    writeFileSync(join(folder, 'deep', 'cache', 'abc.previous.json'), text);
    expect(await loadPreviousReport(model)).toBeNull();
  },
);

describe('the last plan', () => {
  const plan = {
    ...{ created: 'then', model: { path: '/models/a.onnx', hash: 'abc', bytes: 1 } },
    ...{ points: [{ choices: { '<img>': 'float' } }], chosen: 0 },
  } as unknown as TradeOff;
  const file = () => join(folder, 'deep', 'cache', 'abc.plan.json');

  test('is found again by the model’s bytes, beside the analysis', async () => {
    expect(await loadPlan(model)).toBeNull();
    await storePlan(plan);
    await storeReport(report);
    const moved = { ...model, path: '/elsewhere/b.onnx', bytes: 1 };
    expect(await loadPlan(moved)).toEqual({ ...plan, model: { path: moved.path, hash: 'abc', bytes: 1 } });
    expect(await loadPlan({ ...model, hash: 'other' })).toBeNull();
    await storePlan({ ...plan, created: 'now' });
    expect((await loadPlan(model))?.created).toBe('now');
  });

  const kept = (change: object, version: unknown = TRADE_OFF_VERSION) =>
    JSON.stringify({ version, plan: { ...plan, ...change } });
  test.each([
    ...['', '{', 'null', '[]', '7', '{"version":1}', '{"version":1,"plan":null}', '{"version":1,"plan":3}'],
    ...[kept({}, 999), kept({}, '1'), kept({ model: { hash: 'other' } }), kept({ model: null })],
    ...[kept({ points: null }), kept({ points: {} }), kept({ chosen: 3 }), kept({ chosen: '__proto__' })],
  ])('is none where its file holds %j', async (text) => {
    await storePlan(plan);
    expect(await loadPlan(model)).not.toBeNull();
    writeFileSync(file(), text);
    expect(await loadPlan(model)).toBeNull();
  });

  test('that cannot be written does not cost it', async () => {
    writeFileSync(join(folder, 'file'), '');
    vi.stubEnv('QUANTSCOPE_CACHE', join(folder, 'file', 'cache'));
    await expect(storePlan(plan)).resolves.toBeUndefined();
    expect(await loadPlan(model)).toBeNull();
  });
});
