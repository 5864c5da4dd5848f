import { strict as assert } from 'node:assert';
import * as vscode from 'vscode';
import type { QuantizeResult, Report } from '../../engine/shared/protocol/report';
import {
  analyzeQuickly,
  answering,
  closeAllEditors,
  inWorkspace,
  lastMessage,
  openModel,
  until,
} from './editorState';

describe('a recipe as it is written', () => {
  const model = inWorkspace('written.onnx');
  const recipe = inWorkspace('written.quant.json');
  let document: vscode.TextDocument;
  let layers: string[];
  let report: Report;

  const write = async (text: string) => {
    const edit = new vscode.WorkspaceEdit();
    const end = document.positionAt(document.getText().length);
    edit.replace(recipe, new vscode.Range(new vscode.Position(0, 0), end), text);
    assert.ok(await vscode.workspace.applyEdit(edit));
  };
  const ours = () => vscode.languages.getDiagnostics(recipe).filter(({ source }) => source === 'Quantscope');
  const at = (text: string, into = 1) => document.positionAt(document.getText().indexOf(text) + into);

  before(async () => {
    await vscode.workspace.fs.copy(inWorkspace('cls.onnx'), model, { overwrite: true });
    await openModel(model);
    const { summary } = await until('the summary', () => lastMessage(model, 'model'));
    layers = summary.layers.map(({ name }) => name);
    report = await analyzeQuickly(model);
    await vscode.workspace.fs.writeFile(recipe, Buffer.from('{ "version": 1 }'));
    document = await vscode.workspace.openTextDocument(recipe);
    await vscode.window.showTextDocument(document);
  });
  after(async () => {
    await closeAllEditors();
    await vscode.workspace.fs.delete(recipe);
  });

  it('names a layer that the model does not have, and renames it to the nearest', async () => {
    const [first = ''] = layers;
    const typo = `${first}x`;
    await write(`{\n  "version": 1, // ours\n  "layers": { ${JSON.stringify(typo)}: "float" }\n}`);
    const [problem] = await until('the diagnostic', () =>
      Promise.resolve(ours().length === 1 ? ours() : null),
    );
    assert.ok(problem);
    assert.equal(document.getText(problem.range), JSON.stringify(typo));
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      'vscode.executeCodeActionProvider',
      recipe,
      problem.range,
      vscode.CodeActionKind.QuickFix.value,
    );
    const rename = actions.find(({ title }) => title === `Rename to ${first}`);
    assert.ok(rename?.edit, actions.map(({ title }) => title).join('; '));
    assert.ok(await vscode.workspace.applyEdit(rename.edit));
    assert.match(document.getText(), /\/\/ ours/);
    assert.ok(document.getText().includes(`${JSON.stringify(first)}: "float"`));
    await until('no diagnostic', () => Promise.resolve(ours().length === 0 ? true : null));
  });

  it('stands for the model beside it where a command asks for one', async () => {
    await vscode.window.showTextDocument(document);
    await answering({ showQuickPick: () => Promise.reject(new Error('which model was asked')) }, () =>
      vscode.commands.executeCommand('quantscope.openAsText'),
    );
    const text = vscode.window.activeTextEditor?.document.uri;
    assert.equal(text?.path, `${model.path}txt`);
    await vscode.window.showTextDocument(document);
  });

  it('offers layers with what they cost, and what a layer can be', async () => {
    await write('{ "version": 1, "layers": { "" } }');
    const complete = (position: vscode.Position) =>
      vscode.commands.executeCommand<vscode.CompletionList>(
        'vscode.executeCompletionItemProvider',
        recipe,
        position,
      );
    const { items } = await complete(at('""'));
    const labels = items.map(({ label }) => (typeof label === 'string' ? label : label.label));
    for (const name of layers) assert.ok(labels.includes(name), name);
    const [first = ''] = layers;
    const item = items[labels.indexOf(first)];
    assert.match(item?.detail ?? '', /^Conv, .* ± /);
    await write(`{ "version": 1, "layers": { ${JSON.stringify(first)}: "" } }`);
    const choices = (await complete(at('""'))).items.map(({ label }) => label);
    assert.ok(choices.includes('float16'), JSON.stringify(choices));
    assert.equal(choices.filter((label) => label === 'int8').length, 1, 'offered once');
  });

  it('shows drops behind rules, and what can be done above them', async () => {
    await write('{ "version": 1, "layers": { "*": "int8" } }');
    const whole = new vscode.Range(0, 0, 1, 0);
    const inlays = await vscode.commands.executeCommand<vscode.InlayHint[]>(
      'vscode.executeInlayHintProvider',
      recipe,
      whole,
    );
    assert.match(JSON.stringify(inlays[0]?.label), new RegExp(`^"${layers.length} layers, worst `));
    const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
      'vscode.executeCodeLensProvider',
      recipe,
      10,
    );
    const titles = lenses.map(({ command }) => command?.title ?? '');
    assert.ok(titles.includes('$(graph) Analyze'), titles.join('; '));
    assert.ok(
      // The sample's few made-up pictures get one answer.
      titles.some((title) => /: (met|missed|inconclusive|not measurable)$/.test(title)),
      titles.join('; '),
    );
  });

  it('is written with all that the last quantization decided', async () => {
    const decided = inWorkspace('decided.onnx');
    await vscode.workspace.fs.copy(model, decided, { overwrite: true });
    await openModel(decided);
    const output = inWorkspace('decided.int8.onnx').fsPath;
    const settings = { data: 'synthetic:4', calibration: 'max', samples: 2, targetDrop: 0.9, output };
    const result = await vscode.commands.executeCommand<QuantizeResult | undefined>(
      'quantscope.quantize',
      decided,
      settings,
    );
    assert.ok(result);
    const written = await vscode.commands.executeCommand<vscode.Uri | undefined>(
      'quantscope.writeRecipe',
      decided,
    );
    assert.equal(written?.fsPath, inWorkspace('decided.quant.json').fsPath);
    const text = Buffer.from(await vscode.workspace.fs.readFile(written)).toString();
    assert.ok(text.includes(`"calibration": "${result.decisions.method}"`), text);
    assert.ok(text.includes(`"model": "${report.model.hash}"`), text);
  });
});
