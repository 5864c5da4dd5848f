import { strict as assert } from 'node:assert';
import * as vscode from 'vscode';
import type { DataSummary } from '../../engine/shared/protocol/data';
import type { Report } from '../../engine/shared/protocol/report';
import { closeAllEditors, inWorkspace, lastMessage, openModel, until } from './editorState';

describe('cancelling', () => {
  const model = inWorkspace('rec.onnx');
  const data = inWorkspace('lines').fsPath;

  after(closeAllEditors);

  it('ends an analysis under way, and the engine goes on answering', async () => {
    await openModel(model);
    const analysis = vscode.commands.executeCommand<Report | undefined>('quantscope.analyze', model, {
      data,
      calibration: 'auto',
    });
    await until('progress', async () => (await lastMessage(model, 'progress'))?.progress);
    const second = await vscode.commands.executeCommand('quantscope.analyze', model, { data });
    assert.equal(second, undefined, 'one run per model at a time');
    const asked = Date.now();
    await vscode.commands.executeCommand('quantscope.cancel', model);
    assert.equal(await analysis, undefined);
    assert.ok(Date.now() - asked < 5000, `it took ${Date.now() - asked} ms`);
    // The view says what it leaves behind.
    assert.equal((await lastMessage(model, 'error'))?.error?.code, 'cancelled');
    assert.equal((await lastMessage(model, 'progress'))?.progress, null);
    const summary = await vscode.commands.executeCommand<DataSummary | undefined>(
      'quantscope.chooseData',
      model,
      data,
    );
    assert.equal(summary?.metric, 'ctc');
  });
});
