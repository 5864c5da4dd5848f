import { applyEdits, type Edit } from 'jsonc-parser';
import * as vscode from 'vscode';
import { checkRunFiles } from '../../engine/shared/node/runFiles';
import { writeFileAtomically } from '../../engine/shared/node/writeFile';
import { decideInRecipe, emptyRecipe, type RecipeDecision } from '../../engine/shared/recipe/recipeEdits';
import { recipePathOf } from '../../engine/shared/recipe/recipeText';
import { diskPath } from '../common/diskPath';
import { Refusal, toErrorData } from '../common/failure';

/** Typing changes a recipe letter by letter. */
const QUIET_MS = 150;

/** Where the recipe of a model lies. */
export function recipeUriOf(model: vscode.Uri): vscode.Uri {
  return model.with({ path: recipePathOf(model.path) });
}

/** The recipe beside a model, as it is on disk or in an editor that has it open. */
export class RecipeFile implements vscode.Disposable {
  readonly uri: vscode.Uri;
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private readonly listeners: vscode.Disposable[];
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly model: vscode.Uri) {
    this.uri = recipeUriOf(model);
    const folder = vscode.Uri.joinPath(model, '..');
    const watcher = vscode.workspace.createFileSystemWatcher(
      new vscode.RelativePattern(folder, '*.quant.json'),
    );
    const heed = (uri: vscode.Uri) => {
      if (uri.toString() === this.uri.toString()) this.announce();
    };
    this.listeners = [
      ...[watcher, watcher.onDidChange(heed), watcher.onDidCreate(heed), watcher.onDidDelete(heed)],
      vscode.workspace.onDidChangeTextDocument(({ document }) => heed(document.uri)),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => heed(uri)),
    ];
  }

  private announce(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.changed.fire(), QUIET_MS);
  }

  private get document(): vscode.TextDocument | undefined {
    return vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === this.uri.toString());
  }

  /** Its text; `null` when there is none. */
  async read(): Promise<string | null> {
    const { document } = this;
    if (document !== undefined) return document.getText();
    try {
      return Buffer.from(await vscode.workspace.fs.readFile(this.uri)).toString('utf8');
    } catch (thrown) {
      if (thrown instanceof vscode.FileSystemError && thrown.code === 'FileNotFound') return null;
      throw thrown;
    }
  }

  /**
   * Writes what the user decided; the file is made with the first decision.
   * @param hash of the model, for a new file
   * @throws Refusal for a file that is broken or cannot be written: it is then as it was
   */
  async decide(decision: RecipeDecision, hash: string | null): Promise<void> {
    const known = await this.read();
    if (known === null && decision.value === null) return;
    const text = known ?? emptyRecipe(hash);
    const edits = decideInRecipe(text, decision);
    if (edits === null)
      throw new Refusal({
        code: 'bad-option',
        message: `${this.uri.fsPath} cannot be read as a recipe, so the decision was not written.`,
        hint: 'Mend the file, then decide again.',
      });
    await this.apply(text, edits);
  }

  /**
   * Writes another text in the place of the one that is there.
   * @throws Refusal as {@link decide} does
   */
  async replace(text: string): Promise<void> {
    const known = (await this.read()) ?? '';
    await this.apply(known, [{ offset: 0, length: known.length, content: text }]);
  }

  /** Edits the editor that has it open, else the file. */
  private async apply(text: string, edits: readonly Edit[]): Promise<void> {
    const { document } = this;
    if (document === undefined) return this.write(applyEdits(text, [...edits]));
    const edit = new vscode.WorkspaceEdit();
    for (const { offset, length, content } of edits)
      edit.replace(
        this.uri,
        new vscode.Range(document.positionAt(offset), document.positionAt(offset + length)),
        content,
      );
    const wasDirty = document.isDirty;
    await vscode.workspace.applyEdit(edit);
    if (!wasDirty) await document.save();
  }

  private async write(text: string): Promise<void> {
    const path = diskPath(this.uri);
    try {
      // A link may lead from the one to the other.
      const read = [{ path: diskPath(this.model), what: 'the model' }];
      await checkRunFiles(read, [{ path, what: 'the recipe', kind: 'recipe' }]);
      await writeFileAtomically(path, text);
    } catch (thrown) {
      throw new Refusal({
        ...toErrorData(thrown),
        hint: 'Decisions are kept in a file beside the model.',
      });
    }
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const listener of this.listeners) listener.dispose();
    this.changed.dispose();
  }
}
