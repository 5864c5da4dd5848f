import { strict as assert } from 'node:assert';
import { existsSync, readFileSync } from 'node:fs';
import * as vscode from 'vscode';
import { VIEW_TYPE } from '../../extension/common/contributionIds';
import { closeAllEditors, inWorkspace, lastMessage, until } from './editorState';
import { writeSmallModel } from './smallModel';

const SCHEME = 'quantscope-test';

/** One file that is on no disk. */
class OneFile implements vscode.FileSystemProvider {
  private readonly changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly onDidChangeFile = this.changed.event;

  constructor(
    private readonly path: string,
    private readonly bytes: Uint8Array,
  ) {}

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }

  stat({ path }: vscode.Uri): vscode.FileStat {
    if (path === this.path)
      return { type: vscode.FileType.File, ctime: 0, mtime: 0, size: this.bytes.length };
    if (this.path.startsWith(path)) return { type: vscode.FileType.Directory, ctime: 0, mtime: 0, size: 0 };
    throw vscode.FileSystemError.FileNotFound(path);
  }

  readFile(uri: vscode.Uri): Uint8Array {
    this.stat(uri);
    return this.bytes;
  }

  readDirectory(): [string, vscode.FileType][] {
    return [];
  }

  createDirectory(): never {
    throw vscode.FileSystemError.NoPermissions();
  }

  writeFile(): never {
    throw vscode.FileSystemError.NoPermissions();
  }

  delete(): never {
    throw vscode.FileSystemError.NoPermissions();
  }

  rename(): never {
    throw vscode.FileSystemError.NoPermissions();
  }
}

describe('a model in a virtual file system', () => {
  const onDisk = inWorkspace('virtual.onnx');
  const model = onDisk.with({ scheme: SCHEME, path: '/virtual/virtual.onnx' });
  let provider: vscode.Disposable;

  before(() => {
    writeSmallModel(onDisk, 7);
    const files = new OneFile(model.path, readFileSync(onDisk.fsPath));
    provider = vscode.workspace.registerFileSystemProvider(SCHEME, files, { isReadonly: true });
  });
  after(async () => {
    await closeAllEditors();
    provider.dispose();
    await vscode.workspace.fs.delete(onDisk);
  });

  it('opens in our editor, which says where models have to be, in one line', async () => {
    await vscode.commands.executeCommand('vscode.openWith', model, VIEW_TYPE);
    const error = await until('the error', async () => (await lastMessage(model, 'error'))?.error);
    assert.equal(error.code, 'unsupported');
    assert.equal(error.message, `Quantscope reads models on disk, and this one is at ${SCHEME}:.`);
    assert.equal(error.hint, 'Save the model to a local folder and open it there.');
    assert.equal(await lastMessage(model, 'model'), undefined);
  });

  it('is refused by every command for models, which asks nothing first', async () => {
    const commands = ['analyze', 'quantize', 'plan', 'chooseData', 'compare', 'exportReport'];
    for (const name of [...commands, 'writeRecipe', 'openAsText'])
      assert.equal(await vscode.commands.executeCommand(`quantscope.${name}`, model), undefined, name);
    const shown = vscode.workspace.textDocuments.map(({ uri }) => uri.path);
    assert.ok(!shown.some((path) => path.startsWith(model.path)), shown.join());
    assert.ok(!existsSync(model.fsPath.replace('.onnx', '.quant.json')), 'nothing is written to a disk');
  });
});
