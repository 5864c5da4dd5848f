import * as vscode from 'vscode';
import { toErrorData } from '../common/failure';
import { type Services } from '../session/services';
import { TEXT_SCHEME } from '../common/contributionIds';
import { showFailure } from '../ui/showFailure';
import { modelOfTextUri, targetModel, textUriOf } from '../ui/targetModel';

/** `quantscope.openAsText(model?)`: shows a model in ONNX's textual syntax, read-only, and again when its file changes. */
export function registerOpenAsText(services: Services): void {
  const { context, engine } = services;
  const changed = new vscode.EventEmitter<vscode.Uri>();
  const watcher = vscode.workspace.createFileSystemWatcher('**/*.onnx', false, false, true);
  const refresh = (model: vscode.Uri) => {
    const uri = textUriOf(model).toString();
    for (const document of shownTexts()) if (document.uri.toString() === uri) changed.fire(document.uri);
  };
  context.subscriptions.push(
    changed,
    watcher,
    watcher.onDidChange(refresh),
    watcher.onDidCreate(refresh),
    // A new engine process knows no text of the one before.
    engine.onState((state) => {
      if (state === 'running') for (const document of shownTexts()) changed.fire(document.uri);
    }),
    vscode.workspace.registerTextDocumentContentProvider(TEXT_SCHEME, {
      onDidChange: changed.event,
      provideTextDocumentContent: (uri, token) =>
        engine.request('quantscope/text', { path: modelOfTextUri(uri).fsPath, uri: uri.toString() }, token),
    }),
    vscode.commands.registerCommand('quantscope.openAsText', (model: unknown) => open(model, services)),
  );
}

function shownTexts(): vscode.TextDocument[] {
  return vscode.workspace.textDocuments.filter(({ uri }) => uri.scheme === TEXT_SCHEME);
}

async function open(argument: unknown, { log }: Services): Promise<void> {
  const model = await targetModel(argument);
  if (model === undefined) return;
  try {
    const document = await vscode.workspace.openTextDocument(textUriOf(model));
    await vscode.window.showTextDocument(document, { preview: false });
  } catch (thrown) {
    const error = toErrorData(thrown);
    log.error(`${model.fsPath}: ${error.message}`);
    void showFailure(error);
  }
}
