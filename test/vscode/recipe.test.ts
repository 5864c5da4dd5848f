import { strict as assert } from 'node:assert';
import * as vscode from 'vscode';
import type { QuantizeResult } from '../../engine/shared/protocol/report';
import { closeAllEditors, inWorkspace, lastMessage, openModel, until } from './editorState';

describe('a recipe beside a model', () => {
  const model = inWorkspace('ruled.onnx');
  const recipe = inWorkspace('ruled.quant.json');
  let layers: string[];

  const write = (text: string) => vscode.workspace.fs.writeFile(recipe, Buffer.from(text));
  const decided = async () => new Map((await lastMessage(model, 'decided'))?.choices);

  before(async () => {
    await vscode.workspace.fs.copy(inWorkspace('cls.onnx'), model, { overwrite: true });
    await openModel(model);
    const { summary } = await until('the summary', () => lastMessage(model, 'model'));
    layers = summary.layers.map(({ name }) => name);
  });
  after(async () => {
    await closeAllEditors();
    await vscode.workspace.fs.delete(recipe);
  });

  it('tells the view what its patterns decide', async () => {
    await write('{ "version": 1, // ours\n "layers": { "*": "float16" } }');
    await until('the decisions', async () => ((await decided()).size === layers.length ? true : undefined));
  });

  it('tells the view what it decides of operators and of the whole network', async () => {
    await write(
      '{ "version": 1, "operators": { "*": "float" }, "remedies": ["round"], "weights": "per-tensor" }',
    );
    const network = await until('the decision', async () => {
      const { decision } = (await lastMessage(model, 'decidedNetwork')) ?? {};
      return decision?.remedies === undefined ? undefined : decision;
    });
    assert.deepEqual(network, { remedies: ['round'], weights: 'per-tensor' });
    const { choices = [] } = (await lastMessage(model, 'decidedOperators')) ?? {};
    assert.ok(choices.length > 0);
    assert.ok(choices.every(([, choice]) => choice === 'float'));
    assert.equal((await decided()).size, 0);
    await write('{ "version": 1, // ours\n "layers": { "*": "float16" } }');
    await until('the decisions', async () => ((await decided()).size === layers.length ? true : undefined));
  });

  it('is heard while it is edited, and keeps the last decisions while it is broken', async () => {
    const document = await vscode.workspace.openTextDocument(recipe);
    const replace = async (from: string, to: string) => {
      const at = document.getText().indexOf(from);
      const edit = new vscode.WorkspaceEdit();
      edit.replace(
        recipe,
        new vscode.Range(document.positionAt(at), document.positionAt(at + from.length)),
        to,
      );
      assert.ok(await vscode.workspace.applyEdit(edit));
    };
    await replace('float16', 'float');
    const [first = ''] = layers;
    await until('the edit', async () => ((await decided()).get(first) === 'float' ? true : undefined));
    await replace('1,', '1,,');
    await new Promise((done) => setTimeout(done, 600));
    assert.equal((await decided()).get(first), 'float');
    await replace('1,,', '1,');
    await document.save();
  });

  it('is what Quantize goes by', async () => {
    const [first = ''] = layers;
    await write(`{ "version": 1, "layers": { ${JSON.stringify(first)}: "float16" } }`);
    // The document of the test before is open still, and hears of the file a moment later.
    await until('the file', async () => ((await decided()).get(first) === 'float16' ? true : undefined));
    const output = inWorkspace('ruled.int8.onnx').fsPath;
    const settings = { data: 'synthetic:4', calibration: 'max', samples: 2, targetDrop: 0.9, output };
    const result = await vscode.commands.executeCommand<QuantizeResult | undefined>(
      'quantscope.quantize',
      model,
      settings,
    );
    assert.equal(result?.decisions.choices[first], 'float16');
  });
});
