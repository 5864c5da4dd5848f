import * as vscode from 'vscode';
import type { Services } from '../session/services';
import { showModelEditor } from '../ui/targetModel';

/**
 * A browser window that has never seen this extension opens files before extensions are known, and a model
 * would keep the "binary file" placeholder for good. Puts our editor in its place.
 */
export function reopenModels({ log }: Services): void {
  const inText = new Set(vscode.window.visibleTextEditors.map((editor) => editor.document.uri.toString()));
  for (const tab of vscode.window.tabGroups.all.flatMap((group) => group.tabs)) {
    const { input } = tab;
    if (!(input instanceof vscode.TabInputText) || !input.uri.path.endsWith('.onnx')) continue;
    // A person who opened it as text meant it.
    if (!tab.isActive || inText.has(input.uri.toString())) continue;
    const reopen = async () => {
      await vscode.window.tabGroups.close(tab);
      await showModelEditor(input.uri);
    };
    reopen().catch((thrown: unknown) => log.error(String(thrown)));
  }
}
