import { strict as assert } from 'node:assert';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { QuantizeResult, Report } from '../../engine/shared/protocol/report';
import type { TradeOff } from '../../engine/shared/protocol/plan';
import { writeSmallData, writeSmallModel, writeSmallSample } from './smallModel';
import { api, closeAllEditors, inWorkspace, lastMessage, openModel, until } from './editorState';

// Met at once, on few samples: what is tested is what comes after the analysis.
const quick = { calibration: 'max', samples: 4, targetDrop: 0.9 };

describe('what changes on disk', () => {
  const model = inWorkspace('watched.onnx');
  const data = inWorkspace('watched-lines');
  const reasons = async (of = model) => (await lastMessage(of, 'stale'))?.reasons;
  const analyze = (of = model) =>
    vscode.commands.executeCommand<Report | undefined>('quantscope.analyze', of, {
      ...quick,
      data: data.fsPath,
    });
  const untilReason = (pattern: RegExp, of = model) =>
    until(String(pattern), async () => ((await reasons(of))?.some((one) => pattern.test(one)) ? true : null));
  const untilFresh = () =>
    until('a fresh report', async () => ((await reasons())?.length === 0 ? true : null));

  before(async () => {
    writeSmallModel(model, 1.5);
    writeSmallData(data);
    await openModel(model);
  });
  after(closeAllEditors);

  it('a report is fresh after its analysis', async () => {
    assert.ok(await analyze());
    assert.deepEqual(await reasons(), []);
  });

  it('a sample that changes makes it stale, until the analysis ran again', async () => {
    writeSmallSample(data.fsPath, 0, 99);
    await untilReason(/watched-lines has changed/);
    assert.ok(await analyze());
    assert.deepEqual(await reasons(), []);
  });

  it('a model that changes keeps its last report, which is called stale, and is fresh when it is as it was', async () => {
    const { hash } = (await until('a report', async () => (await lastMessage(model, 'report'))?.report))
      .model;
    const bytes = readFileSync(model.fsPath);
    writeSmallModel(model, 2);
    await untilReason(/watched\.onnx has changed/);
    assert.notEqual((await lastMessage(model, 'model'))?.summary.hash, hash);
    assert.equal((await lastMessage(model, 'report'))?.report?.model.hash, hash);
    writeFileSync(model.fsPath, bytes);
    await untilFresh();
    assert.equal((await lastMessage(model, 'model'))?.summary.hash, hash);
  });

  it('what the analysis warns of is among the problems while it is fresh', async () => {
    const told = () => vscode.languages.getDiagnostics(model).map(({ message }) => message);
    const report = (await lastMessage(model, 'report'))?.report;
    assert.ok(report && report.warnings.length > 0);
    await until('the warnings', () =>
      Promise.resolve(report.warnings.every((warning) => told().includes(warning)) ? true : null),
    );
    const bytes = readFileSync(model.fsPath);
    writeSmallModel(model, 9);
    await until('no warning', () => Promise.resolve(told().length === 0 ? true : null));
    writeFileSync(model.fsPath, bytes);
    await until('the warnings', () =>
      Promise.resolve(report.warnings.every((warning) => told().includes(warning)) ? true : null),
    );
  });

  it('an analysis of another window or a terminal shows at once', async () => {
    const report = (await lastMessage(model, 'report'))?.report;
    const cache = process.env['QUANTSCOPE_CACHE'];
    assert.ok(report && cache);
    const others = { ...report, created: new Date().toISOString() };
    writeFileSync(join(cache, `${report.model.hash}.json`), JSON.stringify(others));
    await until('the other report', async () =>
      (await lastMessage(model, 'report'))?.report?.created === others.created ? true : null,
    );
    assert.ok((await api()).pastModels()[0]?.runs.some(({ when }) => when === others.created));
  });

  it('what a quantization warns of is among them however stale the analysis, while its data is as it was', async () => {
    const told = () => vscode.languages.getDiagnostics(model).map(({ message }) => message);
    const bytes = readFileSync(model.fsPath);
    writeSmallModel(model, 9);
    await untilReason(/watched\.onnx has changed/);
    const [own, output] = [inWorkspace('own-lines'), inWorkspace('watched.int8.onnx')];
    writeSmallData(own);
    const result = await vscode.commands.executeCommand<QuantizeResult | undefined>(
      'quantscope.quantize',
      model,
      { ...quick, data: own.fsPath, output: output.fsPath },
    );
    assert.ok(result && result.warnings.length > 0);
    assert.ok((await reasons())?.some((one) => one.includes('watched.onnx has changed')));
    const isTold = () => result.warnings.every((warning) => told().includes(warning));
    assert.ok(isTold(), told().join('\n'));
    writeSmallSample(own.fsPath, 0, 99);
    await until('no warning', () => Promise.resolve(told().length === 0 ? true : null));
    writeFileSync(model.fsPath, bytes);
    await untilFresh();
    await vscode.commands.executeCommand('quantscope.chooseData', model, data.fsPath);
  });

  it('the last plan is there again when the model is opened anew', async () => {
    const plan = await vscode.commands.executeCommand<TradeOff | undefined>('quantscope.plan', model, {
      ...{ ...quick, data: data.fsPath },
      ...{ along: 'bytes', grids: [], verifyAll: false },
    });
    assert.ok(plan);
    await closeAllEditors();
    await openModel(model);
    const again = await until('the plan', async () => (await lastMessage(model, 'tradeOff'))?.tradeOff);
    assert.equal(again.created, plan.created);
  });

  it('a model that is deleted is said to be gone, and shows again when it is back', async () => {
    const away = inWorkspace('away.bin').fsPath;
    renameSync(model.fsPath, away);
    const error = await until('the error', async () => (await lastMessage(model, 'error'))?.error);
    assert.match(error.message, /watched\.onnx was deleted or moved/);
    assert.deepEqual(vscode.languages.getDiagnostics(model), []);
    renameSync(away, model.fsPath);
    await until('the model', async () => ((await lastMessage(model, 'error'))?.error === null ? true : null));
  });

  it('a model that is renamed in the editor takes along its data, decisions and history', async () => {
    const layer = (await lastMessage(model, 'model'))?.summary.layers[0]?.name;
    assert.ok(layer);
    const renamed = inWorkspace('renamed.onnx');
    const recipe = `{ "version": 1, "layers": { ${JSON.stringify(layer)}: "float16" } }`;
    writeFileSync(inWorkspace('watched.quant.json').fsPath, recipe);
    await until('the decision', async () => (await lastMessage(model, 'decided'))?.choices[0]);
    const edit = new vscode.WorkspaceEdit();
    edit.renameFile(model, renamed, { overwrite: true });
    await closeAllEditors();
    assert.ok(await vscode.workspace.applyEdit(edit));
    await openModel(renamed);
    const used = await until('the data', async () => (await lastMessage(renamed, 'data'))?.data);
    assert.equal(used.data, data.fsPath);
    const uris = (await api()).pastModels().map(({ uri }) => uri);
    assert.ok(uris.includes(renamed.toString()), uris.join());
    assert.ok(!uris.includes(model.toString()), uris.join());
    await until('the decision', async () => (await lastMessage(renamed, 'decided'))?.choices[0]);
    assert.equal(readFileSync(inWorkspace('renamed.quant.json').fsPath, 'utf8'), recipe);
    assert.ok(!existsSync(inWorkspace('watched.quant.json').fsPath), 'it was moved, not copied');
  });

  it('a recipe that lies at the new place already stays, and so does that of a model that is deleted', async () => {
    const [from, to] = [inWorkspace('renamed.onnx'), inWorkspace('again.onnx')];
    const [left, kept] = [inWorkspace('renamed.quant.json').fsPath, inWorkspace('again.quant.json').fsPath];
    const text = readFileSync(left, 'utf8');
    writeFileSync(kept, '{ "version": 1 }');
    await closeAllEditors();
    const move = new vscode.WorkspaceEdit();
    move.renameFile(from, to);
    assert.ok(await vscode.workspace.applyEdit(move));
    const gone = new vscode.WorkspaceEdit();
    gone.deleteFile(to);
    assert.ok(await vscode.workspace.applyEdit(gone));
    assert.ok(!existsSync(to.fsPath));
    assert.deepEqual([readFileSync(left, 'utf8'), readFileSync(kept, 'utf8')], [text, '{ "version": 1 }']);
  });
});
