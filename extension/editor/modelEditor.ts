import { existsSync } from 'node:fs';
import * as vscode from 'vscode';
import type { FromWebview } from '../../engine/shared/protocol/webview';
import { toErrorData } from '../common/failure';
import { answerLayerRequest } from './layerRequests';
import { saveFromView } from '../commands/exportFiles';
import { modelPage } from './modelPage';
import type { ModelSession } from '../session/modelSession';
import { type Services } from '../session/services';
import { VIEW_TYPE } from '../common/contributionIds';

/** How long a file may be away while it is written anew. */
const REWRITE_MS = 500;

interface ModelDocument extends vscode.CustomDocument {
  session: ModelSession;
}

/** Shows `*.onnx` in our view; all editors of one model share its session. */
export function registerModelEditor(services: Services): void {
  const { context } = services;
  const provider: vscode.CustomReadonlyEditorProvider<ModelDocument> = {
    openCustomDocument: (uri) => openDocument(uri, services),
    resolveCustomEditor: ({ session }, panel) => showModel(session, panel, services),
  };
  context.subscriptions.push(
    vscode.window.registerCustomEditorProvider(VIEW_TYPE, provider, {
      supportsMultipleEditorsPerDocument: true,
    }),
  );
}

function openDocument(uri: vscode.Uri, { sessions, log }: Services): ModelDocument {
  // Ticks the walkthrough's first step.
  void vscode.commands.executeCommand('setContext', 'quantscope.hasModel', true);
  const session = sessions.get(uri);
  // A name is no glob: `model[1].onnx` would match nothing.
  const watcher = vscode.workspace.createFileSystemWatcher(
    new vscode.RelativePattern(vscode.Uri.joinPath(uri, '..'), '*.onnx'),
  );
  const reread = (changed: vscode.Uri) => {
    if (changed.toString() !== uri.toString()) return;
    log.info(`${uri.fsPath} changed: reading it again.`);
    void session.reload();
  };
  watcher.onDidChange(reread);
  watcher.onDidCreate(reread);
  watcher.onDidDelete((gone) => {
    if (gone.toString() !== uri.toString()) return;
    // An exporter may delete a file to write it anew.
    setTimeout(() => {
      if (!existsSync(uri.fsPath)) session.lose();
    }, REWRITE_MS);
  });
  const dispose = () => {
    watcher.dispose();
    sessions.release(session);
  };
  return { uri, session, dispose };
}

function showModel(session: ModelSession, panel: vscode.WebviewPanel, services: Services): void {
  const { context, sessions } = services;
  const dist = vscode.Uri.joinPath(context.extensionUri, 'dist');
  const { webview } = panel;
  webview.options = { enableScripts: true, localResourceRoots: [dist] };
  session.panes += 1;
  const sending = session.onDidSend((message) => void webview.postMessage(message));
  const receiving = webview.onDidReceiveMessage((message: FromWebview) => {
    const post = async () => {
      for (const one of session.snapshot()) await webview.postMessage(one);
    };
    handle(message, session, services, post).catch((thrown: unknown) => session.fail(toErrorData(thrown)));
  });
  panel.onDidDispose(() => {
    session.panes -= 1;
    sending.dispose();
    receiving.dispose();
    sessions.release(session);
  });
  webview.html = modelPage(webview, dist);
  void session.ready();
}

async function handle(
  message: FromWebview,
  session: ModelSession,
  services: Services,
  sendAll: () => Promise<void>,
): Promise<void> {
  switch (message.type) {
    case 'ready':
      return sendAll();
    case 'decide':
      return session.recipe.decideLayers(message.layers, message.choice);
    case 'decideOperators':
      return session.recipe.decideOperators(message.operators, message.choice);
    case 'decideNetwork':
      return session.recipe.decideNetwork(message.change);
    case 'decideClip':
      return session.recipe.decideClip(message.tensor, message.clip);
    case 'tryClip':
    case 'layerWeights':
    case 'compareOutputs':
    case 'compareInputs':
      return answerLayerRequest(message, session, services);
    case 'save':
      return saveFromView(message, session);
    case 'wantGraph':
      return session.sendGraph();
    case 'cancel':
      session.cancel();
      return;
    case 'useSynthetic':
      await vscode.commands.executeCommand('quantscope.chooseData', session.uri, 'synthetic');
      return;
    case 'analyze':
    case 'chooseData':
    case 'compare':
    case 'quantize':
    case 'plan':
    case 'showLog':
      await vscode.commands.executeCommand(`quantscope.${message.type}`, session.uri);
  }
}
