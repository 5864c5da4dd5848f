import { basename, sep } from 'node:path';
import * as vscode from 'vscode';
import { recipeUriOf } from './recipeFile';
import type { Services } from './services';

type Moves = vscode.FileRenameEvent['files'];

/** Carries what is remembered of a model, its recipe, and what is remembered of data, to where they are moved in the editor. */
export function registerRename({ context, history, log }: Services): void {
  const memory = context.workspaceState;
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
      await moveRecipes(files).catch((thrown: unknown) => log.error(String(thrown)));
    }),
  );
}

/** The recipes that go along with models that were moved: not those that were moved beside them, or with the folder of both. */
export function recipeMoves(files: Moves): Moves {
  const moved = new Set(files.map(({ oldUri }) => oldUri.toString()));
  return files
    .filter(({ oldUri, newUri }) => [oldUri, newUri].every(({ path }) => /\.onnx$/i.test(path)))
    .map(({ oldUri, newUri }) => ({ oldUri: recipeUriOf(oldUri), newUri: recipeUriOf(newUri) }))
    .filter(({ oldUri, newUri }) => !moved.has(oldUri.toString()) && oldUri.toString() !== newUri.toString());
}

/** Moves them in editors that have them open, too; a recipe that is in the way stays as it is, and the user is told so. */
async function moveRecipes(files: Moves): Promise<void> {
  for (const { oldUri, newUri } of recipeMoves(files)) {
    if (!(await isThere(oldUri))) continue;
    if (await isThere(newUri)) {
      void vscode.window.showWarningMessage(
        `${basename(oldUri.path)} stays where it is: there is a ${basename(newUri.path)} beside the model already.`,
      );
      continue;
    }
    const edit = new vscode.WorkspaceEdit();
    edit.renameFile(oldUri, newUri);
    await vscode.workspace.applyEdit(edit);
  }
}

async function isThere(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch {
    return false;
  }
}

/** Keys are `what:URI of the model`. */
function partsOf(key: string): { what: string; of: string } {
  const at = key.indexOf(':');
  return { what: key.slice(0, at), of: key.slice(at + 1) };
}

/** Where `text` is when `from`, or a folder around it, becomes `to`; `null` where it is elsewhere. */
export function movedText(text: string, from: string, to: string, separator: string): string | null {
  if (text === from) return to;
  return text.startsWith(from + separator) ? to + text.slice(from.length) : null;
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
