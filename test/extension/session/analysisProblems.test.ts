import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import type { Uri } from 'vscode';
import type { QuantizeResult, Report } from '../../../engine/shared/protocol/report';
import type { ToWebview } from '../../../engine/shared/protocol/webview';

const { shown, changes } = vi.hoisted(() => ({
  shown: new Map<string, { message: string }[]>(),
  changes: new Set<(uri: { fsPath: string }) => void>(),
}));
vi.mock('vscode', () => {
  const on = (heed: (uri: { fsPath: string }) => void) => changes.add(heed);
  const watcher = () => ({
    ...{ onDidChange: on, onDidCreate: on, onDidDelete: on },
    dispose: () => changes.clear(),
  });
  return {
    DiagnosticSeverity: { Warning: 1, Information: 2 },
    Range: Object,
    RelativePattern: Object,
    Diagnostic: class {
      constructor(
        readonly range: object,
        readonly message: string,
      ) {}
    },
    Uri: { file: (fsPath: string) => ({ fsPath }) },
    languages: {
      createDiagnosticCollection: () => ({
        set: (uri: Uri, found: { message: string }[]) => shown.set(uri.fsPath, found),
        delete: (uri: Uri) => shown.delete(uri.fsPath),
        dispose: () => shown.clear(),
      }),
    },
    workspace: { createFileSystemWatcher: watcher },
  };
});
const { AnalysisProblems } = await import('../../../extension/session/analysisProblems');

const folder = mkdtempSync(join(tmpdir(), 'quantscope-problems-'));
afterAll(() => rmSync(folder, { recursive: true }));
const fsPath = join(folder, 'm.onnx');
const model = { fsPath, toString: () => fsPath } as unknown as Uri;
const data = join(folder, 'lines.npz');

const verdict = { kind: 'met', reason: 'Near.' };
const scored = { metric: 'top1', score: 0.9, verdict, meetsTarget: true };
const facts = { settings: { data, targetDrop: 0.01 }, float: scored, lint: [] };
const report = {
  ...{ ...facts, created: 'then', advised: scored },
  warnings: ['Of the analysis.'],
} as unknown as Report;
const result = {
  ...{ ...facts, int8: scored, verdict, meetsTarget: true, dataStamp: 'then', modelHash: 'abc' },
  warnings: ['Of the quantization.'],
} as unknown as QuantizeResult;
const [ofReport, ofResult] = [['Of the analysis.'], ['Of the quantization.']];
const read = (hash: string) => ({ type: 'model', summary: { hash } }) as ToWebview;
const stale: ToWebview = { type: 'stale', reasons: ['m.onnx has changed since it was analyzed.'] };

let stamp = 'then';
let problems: InstanceType<typeof AnalysisProblems>;
const told = () => shown.get(fsPath)?.map(({ message }) => message);

beforeEach(() => {
  vi.useFakeTimers();
  writeFileSync(fsPath, '');
  stamp = 'then';
  shown.clear();
  changes.clear();
  problems = new AnalysisProblems(() => Promise.resolve(stamp));
  problems.heed(model, read('abc'));
});

async function dataBecomes(now: string): Promise<void> {
  stamp = now;
  for (const heed of changes) heed({ fsPath: data });
  await vi.advanceTimersByTimeAsync(1000);
}

test('those of an analysis are hidden while it is stale, and those of a quantization since are not', () => {
  problems.heed(model, { type: 'report', report });
  expect(told()).toEqual(ofReport);
  problems.heed(model, stale);
  expect(told()).toEqual([]);
  problems.heed(model, { type: 'quantized', result });
  problems.heed(model, stale);
  expect(told()).toEqual(ofResult);
  problems.heed(model, { type: 'report', report: { ...report, created: 'since' } });
  expect(told()).toEqual([]);
  problems.heed(model, { type: 'stale', reasons: [] });
  expect(told()).toEqual(ofReport);
});

test('those of a quantization outlast the model being read again, and not its being another', () => {
  const reread = (hash: string) => {
    problems.heed(model, read(hash));
    problems.heed(model, { type: 'report', report });
    problems.heed(model, { type: 'stale', reasons: hash === 'abc' ? [] : ['m.onnx has changed.'] });
  };
  problems.heed(model, { type: 'report', report });
  problems.heed(model, { type: 'quantized', result });
  reread('abc');
  expect(told()).toEqual(ofResult);
  reread('other');
  expect(told()).toEqual([]);
  reread('abc');
  expect(told()).toEqual(ofResult);
});

test('those of a quantization are hidden while its data is another, with no analysis at all', async () => {
  problems.heed(model, { type: 'quantized', result });
  await dataBecomes('now');
  expect(told()).toEqual([]);
  await dataBecomes('then');
  expect(told()).toEqual(ofResult);
  await dataBecomes('now');
  problems.heed(model, { type: 'quantized', result });
  expect(told()).toEqual(ofResult);
  problems.forget(model);
  expect(told()).toBeUndefined();
  expect(changes.size).toBe(0);
});

test('those of a model that is gone are hidden until it is back, and not where something else is not found', () => {
  const error = { code: 'not-found', message: 'It is not there.', hint: 'Check the path.' } as const;
  problems.heed(model, { type: 'quantized', result });
  problems.heed(model, { type: 'error', error });
  expect(told()).toEqual(ofResult);
  rmSync(fsPath);
  problems.heed(model, { type: 'error', error });
  expect(told()).toEqual([]);
  writeFileSync(fsPath, '');
  problems.heed(model, { type: 'error', error: null });
  expect(told()).toEqual(ofResult);
});
