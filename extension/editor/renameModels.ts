import { sep } from 'node:path';
import * as vscode from 'vscode';
import { recipeMover, movedText } from '../recipe/recipeMoves';
import type { Services } from '../session/services';

/** Carries what is remembered of a model, its recipe, and what is remembered of data, to where they are moved in the editor. */
export function registerRename({ context, history, log }: Services): void {
  const memory = context.workspaceState;
  const moveRecipes = recipeMover(log);
  context.subscriptions.push(
    // Before it: the editor opens the model at its new place while the files are being moved.
    vscode.workspace.onWillRenameFiles((event) => {
      const work = async () => {
        for (const { oldUri, newUri } of event.files) await carry(memory, oldUri, newUri);
      };
      event.waitUntil(work().catch((thrown: unknown) => log.error(String(thrown))));
    }),
    vscode.workspace.onDidRenameFiles(async ({ files }) => {
      for (const { oldUri, newUri } of files) {
        for (const { uri } of history.models()) {
          const moved = movedText(uri, oldUri.toString(), newUri.toString(), '/');
          if (moved !== null) await history.rename(vscode.Uri.parse(uri), vscode.Uri.parse(moved));
        }
        for (const key of memory.keys()) {
          const { of } = partsOf(key);
          if (movedText(of, oldUri.toString(), newUri.toString(), '/') !== null)
            await memory.update(key, undefined);
        }
      }
      await moveRecipes(files);
    }),
  );
}

/** Keys are `what:URI of the model`. */
function partsOf(key: string): { what: string; of: string } {
  const at = key.indexOf(':');
  return { what: key.slice(0, at), of: key.slice(at + 1) };
}

async function carry(memory: vscode.Memento, from: vscode.Uri, to: vscode.Uri): Promise<void> {
  for (const key of memory.keys()) {
    const { what, of } = partsOf(key);
    const moved = movedText(of, from.toString(), to.toString(), '/') ?? of;
    const value = movedData(memory.get<unknown>(key), from.fsPath, to.fsPath);
    if (moved !== of || value !== memory.get<unknown>(key)) await memory.update(`${what}:${moved}`, value);
  }
}

/** A remembered value with the paths of data in it at their new place; the same value where nothing moves. */
function movedData(value: unknown, from: string, to: string): unknown {
  if (typeof value === 'string') return movedText(value, from, to, sep) ?? value;
  if (typeof value !== 'object' || value === null || !('data' in value)) return value;
  const data = movedData(value.data, from, to);
  return data === value.data ? value : { ...value, data };
}
