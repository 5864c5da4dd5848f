import { strict as assert } from 'node:assert';
import * as vscode from 'vscode';
import type { DataSummary } from '../../engine/shared/protocol/data';
import { closeAllEditors, inWorkspace, lastMessage, openModel, until } from './editorState';

describe('files that are no models', () => {
  after(closeAllEditors);

  for (const name of ['empty.onnx', 'truncated.onnx', 'text.onnx']) {
    it(`${name} opens and the view says what is wrong`, async () => {
      const model = inWorkspace(name);
      await openModel(model);
      const error = await until('the error', async () => (await lastMessage(model, 'error'))?.error);
      assert.equal(error.code, 'bad-model', error.message);
      assert.ok(error.message.includes(name), error.message);
      assert.notEqual(error.hint, '');
      assert.equal(await lastMessage(model, 'model'), undefined);
    });
  }

  it('a good model opens after them', async () => {
    const model = inWorkspace('rec.onnx');
    await openModel(model);
    await until('the summary', () => lastMessage(model, 'model'));
  });

  it('a model that is not on disk is refused', async () => {
    const model = inWorkspace('rec.onnx').with({ scheme: 'untitled' });
    await vscode.commands.executeCommand('vscode.openWith', model, 'quantscope.model');
    const error = await until('the error', async () => (await lastMessage(model, 'error'))?.error);
    assert.equal(error.code, 'unsupported');
  });

  it('data that is not there is refused, and what was chosen stays', async () => {
    const model = inWorkspace('rec.onnx');
    const choose = (path: string) =>
      vscode.commands.executeCommand<DataSummary | undefined>('quantscope.chooseData', model, path);
    await openModel(model);
    const good = await choose(inWorkspace('lines').fsPath);
    assert.ok(good);
    assert.equal(await choose(inWorkspace('nothing').fsPath), undefined);
    const error = (await lastMessage(model, 'error'))?.error;
    assert.ok(error?.message.includes('nothing'), error?.message);
    assert.deepEqual((await lastMessage(model, 'data'))?.data, good);
  });
});
