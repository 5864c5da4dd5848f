import { strict as assert } from 'node:assert';
import { copyFile } from 'node:fs/promises';
import * as vscode from 'vscode';
import type { QuantizeResult, Report } from '../../engine/shared/protocol/report';
import { writeSmallModel } from './smallModel';
import { closeAllEditors, inWorkspace, lastMessage, openModel, until } from './editorState';

// A target that is met at once: what stands between the layers and remedies need not be tried.
const quick = { samples: 4, calibration: 'mse', targetDrop: 0.2 };

describe('a real model', () => {
  const model = inWorkspace('cls.onnx');
  const data = inWorkspace('upright').fsPath;
  let report: Report;

  after(closeAllEditors);

  it('opens in our editor, which hears what the model is', async () => {
    await openModel(model);
    const { summary } = await until('the summary', () => lastMessage(model, 'model'));
    assert.equal(summary.path, model.fsPath);
    assert.ok(summary.layers.length > 40, `${summary.layers.length} layers`);
  });

  it('is analyzed with the data given', async () => {
    const answer = await vscode.commands.executeCommand<Report | undefined>('quantscope.analyze', model, {
      ...quick,
      data,
    });
    assert.ok(answer, 'the analysis ends with a report');
    report = answer;
    assert.equal(report.settings.samples, quick.samples);
    assert.equal(report.settings.method, quick.calibration);
    assert.ok(report.float.score > 0.9, `float scores ${report.float.score}`);
    const used = (await lastMessage(model, 'data'))?.data;
    assert.equal(used?.metric, 'top1');
    assert.equal(used.preview.length, 8);
    assert.equal(used.preview[0]?.inputs[0]?.picture.kind, 'image');
    assert.deepEqual(used.warnings, []);
    assert.equal((await lastMessage(model, 'dataState'))?.state, null);
    assert.equal((await lastMessage(model, 'progress'))?.progress, null);
    assert.deepEqual((await lastMessage(model, 'decided'))?.choices, []);
  });

  it('is analyzed with made-up samples, which are called so', async () => {
    const copy = inWorkspace('made-up.onnx');
    writeSmallModel(copy, 6);
    await openModel(copy);
    await vscode.commands.executeCommand('quantscope.chooseData', copy, 'synthetic:4');
    assert.equal((await lastMessage(copy, 'data'))?.data?.calibrationSamples, 4);
    const answer = await vscode.commands.executeCommand<Report | undefined>('quantscope.analyze', copy, {
      ...{ calibration: 'max', samples: 2, targetDrop: 0.9 },
    });
    assert.ok(answer, 'the analysis ends with a report');
    assert.ok(answer.warnings.some((warning) => warning.includes('made up')));
  });

  it('is fed by a module of the user', async () => {
    const module = inWorkspace('feeds.mjs');
    const text = `export default function* ({ inputs }) {
      for (let i = 0; i < 3; i++)
        yield { [inputs[0].name]: { dims: [1, 3, 48, 192], data: new Float32Array(3 * 48 * 192).fill(i / 4) } };
    }`;
    await vscode.workspace.fs.writeFile(module, Buffer.from(text));
    await openModel(model);
    await vscode.commands.executeCommand('quantscope.chooseData', model, module.fsPath);
    const used = (await lastMessage(model, 'data'))?.data;
    assert.equal(used?.data, module.fsPath);
    assert.equal(used.calibrationSamples, 3);
    await vscode.commands.executeCommand('quantscope.chooseData', model, data);
    assert.equal((await lastMessage(model, 'data'))?.data?.metric, 'top1');
  });

  it('becomes an int8 model that opens in turn', async () => {
    const output = inWorkspace('cls.int8.onnx');
    const result = await vscode.commands.executeCommand<QuantizeResult | undefined>(
      'quantscope.quantize',
      model,
      { ...quick, output: output.fsPath },
    );
    assert.ok(result, 'quantizing ends with a result');
    assert.equal(result.output, output.fsPath);
    assert.deepEqual(result.keepFloat, report.keepFloat);
    assert.deepEqual(result.decisions, report.decisions, 'the finished analysis decided');
    assert.deepEqual(result.notebook.slice(0, -1), report.notebook.slice(0, -1));
    assert.equal(result.notebook.filter(({ step }) => step === 'verification').length, 1);
    assert.ok((await vscode.workspace.fs.stat(output)).size < 0.5 * result.float.bytes);
    assert.deepEqual((await lastMessage(model, 'quantized'))?.result, result);
    await openModel(output);
    const { summary } = await until('the summary', () => lastMessage(output, 'model'));
    assert.ok((summary.operators['QuantizeLinear'] ?? 0) > 0, 'it holds QuantizeLinear nodes');
  });

  it('is read again when the file changes', async () => {
    const copy = inWorkspace('changing.onnx');
    await vscode.workspace.fs.copy(model, copy, { overwrite: true });
    await openModel(copy);
    const before = await until('the summary', () => lastMessage(copy, 'model'));
    // As an exporter does it: from another process, into the same file.
    await copyFile(inWorkspace('cls.int8.onnx').fsPath, copy.fsPath);
    await until('the new summary', async () => {
      const now = await lastMessage(copy, 'model');
      return now?.summary.hash === before.summary.hash ? undefined : now;
    });
  });
});
