import { statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';

/** Copying a folder is many events. */
const QUIET_MS = 500;

/** Tells when a file or a folder of data may have changed; what changed is for others to find out. */
export class DataWatch implements vscode.Disposable {
  private watcher: vscode.FileSystemWatcher | undefined;
  private path: string | null = null;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly onChange: () => void) {}

  /** Watches this data from now on, and no other; `null` for what does not lie on disk. */
  watch(path: string | null): void {
    if (path === this.path) return;
    this.stop();
    this.path = path;
    if (path === null) return;
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    // A name is no glob: `data[1].npz` would match nothing.
    const pattern = isFolder
      ? new vscode.RelativePattern(vscode.Uri.file(path), '**')
      : new vscode.RelativePattern(vscode.Uri.file(dirname(path)), '*');
    this.watcher = vscode.workspace.createFileSystemWatcher(pattern);
    const changed = ({ fsPath }: vscode.Uri) => {
      if (!isFolder && basename(fsPath) !== basename(path)) return;
      clearTimeout(this.timer);
      this.timer = setTimeout(this.onChange, QUIET_MS);
    };
    this.watcher.onDidChange(changed);
    this.watcher.onDidCreate(changed);
    this.watcher.onDidDelete(changed);
  }

  private stop(): void {
    clearTimeout(this.timer);
    this.watcher?.dispose();
    this.watcher = undefined;
  }

  dispose(): void {
    this.stop();
  }
}
