import { basename, dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import * as vscode from 'vscode';
import { dataIn } from '../../engine/shared/recipe/recipeEdits';
import { toErrorData } from '../common/failure';
import { isMadeUp } from '../data/dataSource';
import { showMessage } from '../ui/showMessage';
import { RecipeFile, recipeUriOf } from './recipeFile';

export type Moves = vscode.FileRenameEvent['files'];

type Move = Moves[number];

/** More recipes in a folder that is moved are left as they are. */
const MOST_RECIPES = 1000;

/** The recipes that go along with models that were moved: not those that were moved beside them, or with the folder of both. */
export function recipeMoves(files: Moves): Moves {
  const moved = new Set(files.map(({ oldUri }) => oldUri.toString()));
  return files
    .filter(({ oldUri, newUri }) => [oldUri, newUri].every(({ path }) => /\.onnx$/i.test(path)))
    .map(({ oldUri, newUri }) => ({ oldUri: recipeUriOf(oldUri), newUri: recipeUriOf(newUri) }))
    .filter(({ oldUri, newUri }) => !moved.has(oldUri.toString()) && oldUri.toString() !== newUri.toString());
}

/**
 * How a recipe names its data after files were moved, the recipe with them; `null` where that stays as it was.
 * @param from paths of the recipe before and after
 * @param moves paths of what was moved
 */
export function movedDataPath(
  data: string,
  { from, to }: { from: string; to: string },
  moves: readonly { from: string; to: string }[],
): string | null {
  if (isMadeUp(data)) return null;
  const before = resolve(dirname(from), data);
  const after = moves.reduce<string | null>(
    (found, m) => found ?? movedText(before, m.from, m.to, sep),
    null,
  );
  const path = after ?? before;
  if (resolve(dirname(to), data) === path) return null;
  return isAbsolute(data) ? path : relative(dirname(to), path).replaceAll(sep, '/') || '.';
}

/**
 * Has recipes follow what was moved in the editor: each goes along with its model, and names its data from its new folder.
 * The answer never rejects.
 */
export function recipeMover(log: vscode.LogOutputChannel): (files: Moves) => Promise<void> {
  // The editor tells of these moves, too, and knows no more what was moved with them.
  const own = new Set<string>();
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (thrown) {
      log.error(toErrorData(thrown).message);
    }
  };
  return async (files) => {
    const told = files.filter(({ newUri }) => !own.delete(newUri.toString()));
    const carried: Move[] = [];
    for (const move of recipeMoves(told))
      await attempt(async () => {
        let isMoved = false;
        own.add(move.newUri.toString());
        try {
          isMoved = await moveRecipe(move);
        } finally {
          if (!isMoved) own.delete(move.newUri.toString());
        }
        if (isMoved) carried.push(move);
      });
    for (const recipe of [...carried, ...(await recipesIn(told))])
      await attempt(() => nameData(recipe, told));
  };
}

/** Moves one in editors that have it open, too; one that is in the way stays as it is, and the user is told so. */
async function moveRecipe({ oldUri, newUri }: Move): Promise<boolean> {
  if (!(await isThere(oldUri))) return false;
  if (await isThere(newUri)) {
    void showMessage(
      'warning',
      `${basename(oldUri.path)} stays where it is: there is a ${basename(newUri.path)} beside the model already.`,
    );
    return false;
  }
  const edit = new vscode.WorkspaceEdit();
  edit.renameFile(oldUri, newUri);
  return vscode.workspace.applyEdit(edit);
}

/** Recipes that the user moved, alone or with the folder around them. */
async function recipesIn(files: Moves): Promise<Move[]> {
  const found: Move[] = [];
  for (const move of files) {
    const { oldUri, newUri } = move;
    if (newUri.path.endsWith('.quant.json')) found.push(move);
    if (!(await isFolder(newUri))) continue;
    const inside = new vscode.RelativePattern(newUri, '**/*.quant.json');
    for (const uri of await vscode.workspace.findFiles(inside, null, MOST_RECIPES)) {
      const path = movedText(uri.path, newUri.path, oldUri.path, '/');
      if (path !== null) found.push({ oldUri: uri.with({ path }), newUri: uri });
    }
  }
  return found;
}

/** Writes where a recipe's data lies from its new folder. */
async function nameData({ oldUri, newUri }: Move, files: Moves): Promise<void> {
  const file = new RecipeFile(newUri.with({ path: newUri.path.replace(/\.quant\.json$/, '.onnx') }));
  try {
    const data = dataIn((await file.read()) ?? '');
    if (data === null) return;
    const paths = ({ oldUri: from, newUri: to }: Move) => ({ from: from.fsPath, to: to.fsPath });
    const value = movedDataPath(data, paths({ oldUri, newUri }), files.map(paths));
    if (value !== null) await file.decide({ part: 'data', value }, null);
  } finally {
    file.dispose();
  }
}

async function isFolder(uri: vscode.Uri): Promise<boolean> {
  try {
    return ((await vscode.workspace.fs.stat(uri)).type & vscode.FileType.Directory) !== 0;
  } catch {
    return false;
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

/** Where `text` is when `from`, or a folder around it, becomes `to`; `null` where it is elsewhere. */
export function movedText(text: string, from: string, to: string, separator: string): string | null {
  if (text === from) return to;
  return text.startsWith(from + separator) ? to + text.slice(from.length) : null;
}
