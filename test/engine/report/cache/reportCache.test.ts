import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { writeFileAtomically } from '../../../../engine/shared/node/writeFile';
import { loadPlan, storePlan } from '../../../../engine/report/cache/planCache';
import { TRADE_OFF_VERSION, type TradeOff } from '../../../../engine/shared/protocol/plan';
import type { ModelSummary } from '../../../../engine/shared/protocol/model';
import type { Report } from '../../../../engine/shared/protocol/report';
import { loadPreviousReport, loadReport, storeReport } from '../../../../engine/report/cache/reportCache';
import { sampleModel, sampleReport } from '../../../webview/sampleReport';
import { sampleTradeOff } from '../../../webview/sampleTradeOff';
import { dataFolder } from '../../data/dataFolder';

const model: ModelSummary = { ...sampleModel(3), path: '/models/a.onnx', hash: 'abc', bytes: 1 };
/** As JSON has it, without −0. */
const asKept = <T>(value: T) => JSON.parse(JSON.stringify(value)) as T;
const report: Report = { ...asKept(sampleReport(3)), model };
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

test('a cache that holds a report of another shape is as good as none, and is made anew', async () => {
  await storeReport(report);
  const file = join(folder, 'deep', 'cache', 'abc.json');
  for (const change of [{ layers: {} }, { layers: [{}] }, { float: null }, { created: 7 }]) {
    writeFileSync(file, JSON.stringify({ ...report, ...change }));
    expect(await loadReport(model)).toBeNull();
  }
  await storeReport(report);
  expect(await loadReport(model)).toEqual(report);
  expect(await loadPreviousReport(model)).toBeNull();
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
  await storeReport(at('2026-01-01'));
  await storeReport(at('2026-01-01'));
  expect(await loadPreviousReport(model)).toBeNull();
  await storeReport(at('2026-01-02'));
  await storeReport(at('2026-01-03'));
  const moved = { ...model, path: '/elsewhere/b.onnx' };
  expect(await loadPreviousReport(moved)).toEqual({ ...at('2026-01-02'), model: moved });
  expect(await loadReport(model)).toEqual(at('2026-01-03'));
});

test.each(['{', '{"version":999,"created":"then"}', 'null', '[]'])(
  'what holds %j does not take the place of the analysis before',
  async (text) => {
    await storeReport({ ...report, created: '2026-01-01' });
    await storeReport({ ...report, created: '2026-01-02' });
    writeFileSync(join(folder, 'deep', 'cache', 'abc.json'), text);
    await storeReport({ ...report, created: '2026-01-03' });
    expect((await loadPreviousReport(model))?.created).toBe('2026-01-01');
    writeFileSync(join(folder, 'deep', 'cache', 'abc.previous.json'), text);
    expect(await loadPreviousReport(model)).toBeNull();
  },
);

describe('the last plan', () => {
  const plan: TradeOff = {
    ...asKept(sampleTradeOff()),
    ...{ created: '2026-01-01', model: { path: '/models/a.onnx', hash: 'abc', bytes: 1 } },
  };
  const file = () => join(folder, 'deep', 'cache', 'abc.plan.json');

  test('is found again by the model’s bytes, beside the analysis', async () => {
    expect(await loadPlan(model)).toBeNull();
    await storePlan(plan);
    await storeReport(report);
    const moved = { ...model, path: '/elsewhere/b.onnx', bytes: 1 };
    expect(await loadPlan(moved)).toEqual({ ...plan, model: { path: moved.path, hash: 'abc', bytes: 1 } });
    expect(await loadPlan({ ...model, hash: 'other' })).toBeNull();
    await storePlan({ ...plan, created: '2026-02-01' });
    expect((await loadPlan(model))?.created).toBe('2026-02-01');
  });

  const kept = (change: object, version: unknown = TRADE_OFF_VERSION) =>
    JSON.stringify({ version, plan: { ...plan, ...change } });
  test.each([
    ...['', '{', 'null', '[]', '7', '{"version":1}', '{"version":1,"plan":null}', '{"version":1,"plan":3}'],
    ...[kept({}, 999), kept({}, '1'), kept({ model: { hash: 'other' } }), kept({ model: null })],
    ...[kept({ points: null }), kept({ points: {} }), kept({ chosen: 300 }), kept({ chosen: '__proto__' })],
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
