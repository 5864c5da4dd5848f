import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { writeFileAtomically } from '../../engine/onnx/model';
import { REPORT_VERSION, type ModelSummary, type Report } from '../../engine/protocol';
import { loadReport, storeReport } from '../../engine/reportCache';
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
