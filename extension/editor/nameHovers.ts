import * as vscode from 'vscode';
import { toErrorData } from '../common/failure';
import { readHoverSettings, trusted } from '../common/hoverSettings';
import type { Services } from '../session/services';

/** Files whose hovers the language client asks for. */
const OTHERS = '.quant.json';

/** Explains names of layers and tensors where they turn up: in scripts, notes, logs, and cells of notebooks. */
export function registerNameHovers({ context, engine, log }: Services): void {
  let provider: vscode.Disposable | undefined;
  const register = () => {
    provider?.dispose();
    const selector = readHoverSettings().languages.flatMap((language) =>
      ['file', 'untitled', 'vscode-notebook-cell'].map((scheme) => ({ scheme, language })),
    );
    provider = vscode.languages.registerHoverProvider(selector, { provideHover });
  };
  const provideHover: vscode.HoverProvider['provideHover'] = async (document, position, token) => {
    // Where no engine runs no model is open, and no name known.
    if (!engine.isStarted || document.uri.path.endsWith(OTHERS)) return undefined;
    if (!readHoverSettings(document.uri).enabled) return undefined;
    const { text } = document.lineAt(position.line);
    const params = { path: document.uri.fsPath, line: text, column: position.character };
    try {
      const found = await engine.request('quantscope/hover', params, token);
      if (found === null) return undefined;
      const { line } = position;
      return new vscode.Hover(trusted(found.value), new vscode.Range(line, found.start, line, found.end));
    } catch (thrown) {
      if (!token.isCancellationRequested) log.debug(`Hover: ${toErrorData(thrown).message}`);
      return undefined;
    }
  };
  register();
  context.subscriptions.push(
    { dispose: () => void provider?.dispose() },
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('quantscope.hover.languages')) register();
    }),
  );
}
