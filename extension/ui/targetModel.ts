import * as vscode from 'vscode';
import { diskPath } from '../common/diskPath';
import { toErrorData } from '../common/failure';
import { modelOfLine } from './modelsView';
import { TEXT_SCHEME, VIEW_TYPE } from '../common/contributionIds';
import { showFailure } from './showFailure';
import { plainText } from './plainText';
import { showMessage } from './showMessage';

/** The model whose editor has the focus. */
export function activeModel(): vscode.Uri | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputCustom && input.viewType === VIEW_TYPE ? input.uri : undefined;
}

/**
 * The model a command is meant for: its argument, else the active editor's, whether that shows the model, its text or its recipe, else
 * one that the user picks.
 * `undefined` when the user picks none, and for one that is not on disk: the user is told so by then.
 */
export async function targetModel(argument: unknown): Promise<vscode.Uri | undefined> {
  const uri = await meantModel(argument);
  try {
    if (uri !== undefined) diskPath(uri);
    return uri;
  } catch (thrown) {
    void showFailure(toErrorData(thrown));
    return undefined;
  }
}

async function meantModel(argument: unknown): Promise<vscode.Uri | undefined> {
  if (argument instanceof vscode.Uri) return argument;
  // From the engine, which sends plain data.
  if (typeof argument === 'string') return vscode.Uri.file(argument);
  const line = modelOfLine(argument);
  if (line !== undefined) return line;
  return activeModel() ?? (await modelOfText()) ?? (await pickModel());
}

/** The model beside the recipe that is edited, or that of the text that is read. */
async function modelOfText(): Promise<vscode.Uri | undefined> {
  const uri = vscode.window.activeTextEditor?.document.uri;
  if (uri?.scheme === TEXT_SCHEME) return modelOfTextUri(uri);
  if (uri?.scheme !== 'file' || !uri.path.endsWith('.quant.json')) return undefined;
  const model = uri.with({ path: uri.path.replace(/\.quant\.json$/, '.onnx') });
  try {
    await vscode.workspace.fs.stat(model);
    return model;
  } catch {
    return undefined;
  }
}

/** `rec.onnx` is shown as `rec.onnxtxt`, whose ending gives the document its language. */
export function textUriOf(model: vscode.Uri): vscode.Uri {
  return model.with({ scheme: TEXT_SCHEME, path: `${model.path}txt` });
}

export function modelOfTextUri(text: vscode.Uri): vscode.Uri {
  return text.with({ scheme: 'file', path: text.path.slice(0, -'txt'.length) });
}

async function pickModel(): Promise<vscode.Uri | undefined> {
  const everywhere = await vscode.workspace.findFiles('**/*.onnx', '**/node_modules/**', 500);
  const found = everywhere.filter(({ scheme }) => scheme === 'file');
  if (found.length === 0) {
    void showMessage('info', 'Open a .onnx file first: this workspace holds none.');
    return undefined;
  }
  const items = found
    .map((uri) => ({ label: plainText(vscode.workspace.asRelativePath(uri)), uri }))
    .sort((a, b) => a.label.localeCompare(b.label));
  const picked = await vscode.window.showQuickPick(items, { placeHolder: 'Which model?' });
  return picked?.uri;
}

/** Opens the model's editor unless one is open already. */
export async function showModelEditor(uri: vscode.Uri): Promise<void> {
  const open = vscode.window.tabGroups.all
    .flatMap((group) => group.tabs)
    .some(
      ({ input }) =>
        input instanceof vscode.TabInputCustom &&
        input.viewType === VIEW_TYPE &&
        input.uri.toString() === uri.toString(),
    );
  if (!open) await vscode.commands.executeCommand('vscode.openWith', uri, VIEW_TYPE, { preview: false });
}
