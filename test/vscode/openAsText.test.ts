import { strict as assert } from 'node:assert';
import * as vscode from 'vscode';
import { closeAllEditors, inWorkspace, until } from './editorState';

describe('a model as text', () => {
  after(closeAllEditors);

  it('opens read-only in its language, with an outline and definitions', async () => {
    await vscode.commands.executeCommand('quantscope.openAsText', inWorkspace('rec.onnx'));
    const document = vscode.window.activeTextEditor?.document;
    assert.ok(document, 'a text editor is open');
    assert.equal(document.languageId, 'onnx-text');
    assert.equal(document.uri.scheme, 'quantscope-text');
    const symbols = await until('the outline', async () => {
      const found = await vscode.commands.executeCommand<vscode.DocumentSymbol[] | undefined>(
        'vscode.executeDocumentSymbolProvider',
        document.uri,
      );
      return found?.[0];
    });
    assert.ok(symbols.children.length > 200, `${symbols.children.length} entries`);
    const layer = document.getText().indexOf('"p2o.Conv.28"');
    const weight = document.getText().indexOf('conv2d_180.w_0', layer);
    const [definition] = await vscode.commands.executeCommand<vscode.Location[]>(
      'vscode.executeDefinitionProvider',
      document.uri,
      document.positionAt(weight),
    );
    assert.ok(definition);
    assert.match(document.lineAt(definition.range.start.line).text, /"conv2d_180\.w_0" = Constant/);
  });
});
