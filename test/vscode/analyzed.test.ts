import { strict as assert } from 'node:assert';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import * as vscode from 'vscode';
import type { LayerReport, Report } from '../../engine/shared/protocol/report';
import type { PageContents } from '../../engine/shared/protocol/page';
import { writeSmallModel } from './smallModel';
import {
  analyzeQuickly,
  answering,
  closeAllEditors,
  inWorkspace,
  lastMessage,
  openModel,
  until,
} from './editorState';

describe('what an analysis is good for', () => {
  const model = inWorkspace('looked-at.onnx');
  const twin = inWorkspace('looked-at-too.onnx');
  let report: Report;
  let layer: LayerReport;

  before(async () => {
    writeSmallModel(model, 8);
    copyFileSync(model.fsPath, twin.fsPath);
    await openModel(model);
    report = await analyzeQuickly(model);
    assert.ok(report.layers[1]);
    layer = report.layers[1];
  });
  after(closeAllEditors);

  describe('hovers on names', () => {
    const hoversAt = async (document: vscode.TextDocument, offset: number) => {
      const found = await vscode.commands.executeCommand<vscode.Hover[]>(
        'vscode.executeHoverProvider',
        document.uri,
        document.positionAt(offset),
      );
      return found
        .flatMap(({ contents }) => contents)
        .map((part) => (part instanceof vscode.MarkdownString ? part.value : ''));
    };
    /** Asks until the document has reached who answers. */
    const explains = async (document: vscode.TextDocument) => {
      const at = document.getText().indexOf(layer.name) + 1;
      const shown = await until('the hover', async () => {
        const text = (await hoversAt(document, at)).join('\n');
        return text.includes(`${layer.sqnrDb.toFixed(1)} dB`) ? text : null;
      });
      assert.ok(shown.includes(layer.name), shown);
      assert.match(shown, /SQNR/);
      assert.match(shown, /data:image\/svg\+xml;base64,/);
      assert.match(shown, /command:quantscope\.keepInFloat/);
    };

    const files: [file: string, language: string, textOf: (name: string) => string][] = [
      ['explained.py', 'python', (name) => `keep = ["${name}"]\n`],
      ['explained.cpp', 'cpp', (name) => `auto layer = find("${name}");\n`],
      ['explained.json', 'json', (name) => JSON.stringify({ layers: [name] }, null, 2)],
      ['explained.yaml', 'yaml', (name) => `float:\n  - ${name}\n`],
      ['explained.md', 'markdown', (name) => `Keep \`${name}\` in float.\n`],
      ['explained.txt', 'plaintext', (name) => `Keep ${name} in float.\n`],
    ];
    for (const [file, language, textOf] of files)
      it(`explain a layer in ${language}, and no ordinary word`, async () => {
        const uri = inWorkspace(file);
        writeFileSync(uri.fsPath, textOf(layer.name));
        const document = await vscode.workspace.openTextDocument(uri);
        assert.equal(document.languageId, language);
        await explains(document);
        assert.deepEqual(await hoversAt(document, 1), []);
      });

    it('explain a layer in a cell of a notebook', async () => {
      const uri = inWorkspace('explained.ipynb');
      const cell = {
        ...{ cell_type: 'code', execution_count: null, metadata: {}, outputs: [] },
        source: [`keep = ["${layer.name}"]`],
      };
      const notebook = { cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 2 };
      writeFileSync(uri.fsPath, JSON.stringify(notebook));
      const [first] = (await vscode.workspace.openNotebookDocument(uri)).getCells();
      assert.equal(first?.document.uri.scheme, 'vscode-notebook-cell');
      await explains(first.document);
    });

    it("explain a layer in the model's text, beside what the text says", async () => {
      await vscode.commands.executeCommand('quantscope.openAsText', model);
      const document = vscode.window.activeTextEditor?.document;
      assert.equal(document?.languageId, 'onnx-text');
      await explains(document);
    });
  });

  describe('comparing and exporting', () => {
    const json = inWorkspace('looked-at.report.json');
    const pick = (label: string) => (items: vscode.QuickPickItem[]) => {
      const found = items.find((item) => item.label.includes(label));
      assert.ok(found, `${label} is not among ${items.map((item) => item.label).join('; ')}`);
      return Promise.resolve(found);
    };
    const compare = (answers: Parameters<typeof answering>[0]) =>
      answering(answers, () => vscode.commands.executeCommand('quantscope.compare', model));
    const compared = () => lastMessage(model, 'compared');
    const exported = async (label: string, to: vscode.Uri | undefined) => {
      const asked: vscode.SaveDialogOptions[] = [];
      const said: string[] = [];
      const showSaveDialog = (options: vscode.SaveDialogOptions) => {
        asked.push(options);
        return Promise.resolve(to);
      };
      const showInformationMessage = (message: string) => Promise.resolve(void said.push(message));
      await answering({ showQuickPick: pick(label), showSaveDialog, showInformationMessage }, () =>
        vscode.commands.executeCommand('quantscope.exportReport', model),
      );
      return { proposed: asked[0]?.defaultUri?.fsPath, said };
    };

    it('shows the analysis of another model beside it', async () => {
      // A copy has the same content, and so its analysis already.
      await openModel(twin);
      await until('the report', async () => (await lastMessage(twin, 'report'))?.report);
      await compare({ showQuickPick: pick('looked-at-too.onnx') });
      const other = await compared();
      assert.equal(other?.label, 'looked-at-too.onnx');
      assert.equal(other.report.model.hash, report.model.hash);
    });

    it('writes the report as JSON that can be compared with, and as a page of its own', async () => {
      const { proposed, said } = await exported('JSON', json);
      assert.equal(proposed, inWorkspace('looked-at.onnx.report.json').fsPath);
      assert.deepEqual(said, ['Wrote looked-at.report.json.']);
      assert.deepEqual(JSON.parse(readFileSync(json.fsPath, 'utf8')), report);
      await compare({
        showQuickPick: pick('A Saved Report'),
        showOpenDialog: () => Promise.resolve([json]),
      });
      assert.equal((await compared())?.label, 'looked-at.report.json');
      const page = inWorkspace('looked-at.report.html');
      await exported('HTML', page);
      const text = readFileSync(page.fsPath, 'utf8');
      assert.match(text, /^<!doctype html>/i);
      assert.ok(text.includes(layer.name));
      assert.ok(!/(src|href)="https?:/.test(text), 'it loads nothing');
      const [, held = ''] = /id="quantscope-contents">([^<]*)</.exec(text) ?? [];
      assert.equal((JSON.parse(held) as PageContents).compared?.label, 'looked-at.report.json');
    });

    it('writes nothing where the dialog is closed, and says what is no report', async () => {
      assert.deepEqual((await exported('JSON', undefined)).said, []);
      const older = inWorkspace('older.json');
      writeFileSync(older.fsPath, JSON.stringify({ ...report, version: 0 }));
      const before = await compared();
      const failures: string[] = [];
      await compare({
        showQuickPick: pick('A Saved Report'),
        showOpenDialog: () => Promise.resolve([older]),
        showErrorMessage: (message: string) => Promise.resolve(void failures.push(message)),
      });
      assert.match(failures.join('\n'), /^older\.json is no report: version is 0, not \d+\. Write it with/);
      assert.deepEqual(await compared(), before);
    });
  });
});
