import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { closeAllEditors, inWorkspace, until } from './editorState';
import { writeSmallModel } from './smallModel';

describe('a recipe that is moved with its model', () => {
  const folder = inWorkspace('moves');
  const at = (path: string) => vscode.Uri.joinPath(folder, path);
  const text = (data: string) =>
    `{\n  // ours\n  "version": 1,\n  "data": ${JSON.stringify(data)}, // theirs\n  "layers": {},\n}\n`;
  const move = async (...pairs: [from: string, to: string][]) => {
    const edit = new vscode.WorkspaceEdit();
    for (const [from, to] of pairs) edit.renameFile(at(from), at(to));
    assert.ok(await vscode.workspace.applyEdit(edit));
  };
  const says = (path: string, data: string) =>
    until(`${path} with ${data}`, () => {
      const found = existsSync(at(path).fsPath) ? readFileSync(at(path).fsPath, 'utf8') : '';
      return Promise.resolve(found === text(data) ? true : null);
    });

  before(() => {
    for (const path of ['a', 'b/c', 'samples', 'deep/er'])
      mkdirSync(join(folder.fsPath, path), { recursive: true });
    writeSmallModel(at('a/m.onnx'));
    writeFileSync(at('a/m.quant.json').fsPath, text('../samples'));
  });
  after(async () => {
    await closeAllEditors();
    rmSync(folder.fsPath, { recursive: true });
  });

  it('names its data from the new folder, with comments and order as they were', async () => {
    await move(['a/m.onnx', 'b/c/m.onnx']);
    await says('b/c/m.quant.json', '../../samples');
    assert.ok(!existsSync(at('a/m.quant.json').fsPath));
  });

  it('does so in an editor that has it open, and saves it', async () => {
    const document = await vscode.workspace.openTextDocument(at('b/c/m.quant.json'));
    await vscode.window.showTextDocument(document);
    await move(['b/c/m.onnx', 'a/n.onnx']);
    await says('a/n.quant.json', '../samples');
  });

  it('does so with the folder around both, and where the data is moved at once', async () => {
    await move(['a', 'deep/er/a']);
    await says('deep/er/a/n.quant.json', '../../../samples');
    await move(['deep/er/a/n.onnx', 'n.onnx'], ['samples', 'b/s']);
    await says('n.quant.json', 'b/s');
  });
});
