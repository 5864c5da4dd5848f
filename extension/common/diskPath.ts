import type * as vscode from 'vscode';
import { Refusal } from './failure';

/**
 * Where the engine, and all else that reads files by itself, finds one.
 * @throws Refusal for a file that an editor shows and that is not on a disk, as those of virtual workspaces
 */
export function diskPath(uri: vscode.Uri): string {
  if (uri.scheme === 'file') return uri.fsPath;
  throw new Refusal({
    code: 'unsupported',
    message: `Quantscope reads models on disk, and this one is at ${uri.scheme}:.`,
    hint: 'Save the model to a local folder and open it there.',
  });
}
