import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import type { DataSummary } from '../engine/protocol';
import { toErrorData } from './errorData';
import type { ModelSession } from './modelSession';
import type { Services } from './services';
import { showFailure } from './showFailure';
import { targetModel } from './targetModel';

const SKIP = '**/node_modules/**';

/** `quantscope.chooseData(model?, path?)`: answers with what the data holds, or `undefined`. */
export function registerChooseData(services: Services): void {
  const run = async (model: unknown, path: unknown): Promise<DataSummary | undefined> => {
    const uri = await targetModel(model);
    if (uri === undefined) return undefined;
    const session = services.sessions.get(uri);
    await session.ready();
    try {
      return await chooseData(session, path);
    } finally {
      services.sessions.release(session);
    }
  };
  services.context.subscriptions.push(vscode.commands.registerCommand('quantscope.chooseData', run));
}

/** The data in use for a model; asks when there is none. */
export async function dataFor(session: ModelSession, { sessions }: Services): Promise<string | undefined> {
  await session.ready();
  const data = session.data ?? (await chooseData(session, undefined));
  if (data === undefined) sessions.release(session);
  return data?.data;
}

async function chooseData(session: ModelSession, given: unknown): Promise<DataSummary | undefined> {
  const path = typeof given === 'string' ? given : await pickData(session);
  if (path === undefined) return undefined;
  try {
    const data = await session.useData(path);
    session.send({ type: 'error', error: null });
    session.send({ type: 'showData', on: true });
    return data;
  } catch (thrown) {
    const error = toErrorData(thrown);
    session.fail(error);
    void showFailure(error);
    return undefined;
  }
}

interface DataItem extends vscode.QuickPickItem {
  find: () => Promise<string | undefined>;
}

async function pickData(session: ModelSession): Promise<string | undefined> {
  const [folders, files] = await Promise.all([
    vscode.workspace.findFiles('**/quantscope.json', SKIP, 200),
    vscode.workspace.findFiles('**/*.npz', SKIP, 200),
  ]);
  const found = [
    ...folders.map((uri) => ({ path: dirname(uri.fsPath), icon: 'folder' })),
    ...files.map((uri) => ({ path: uri.fsPath, icon: 'file' })),
  ];
  const items: DataItem[] = found.map(({ path, icon }) => ({
    label: `$(${icon}) ${basename(path)}`,
    description: vscode.workspace.asRelativePath(path),
    ...(path === session.data?.data ? { detail: 'In use' } : {}),
    find: () => Promise.resolve(path),
  }));
  items.push(
    { label: '', kind: vscode.QuickPickItemKind.Separator, find: () => Promise.resolve(undefined) },
    { label: '$(file) Browse for an .npz file…', find: () => browse(session, true) },
    {
      label: '$(folder-opened) Browse for a folder with a quantscope.json…',
      find: () => browse(session, false),
    },
  );
  const picked = await vscode.window.showQuickPick(items, {
    title: `Calibration data for ${basename(session.uri.fsPath)}`,
    placeHolder: 'A few dozen typical inputs: an .npz file, or a folder with a quantscope.json',
    matchOnDescription: true,
  });
  return picked?.find();
}

async function browse(session: ModelSession, files: boolean): Promise<string | undefined> {
  const picked = await vscode.window.showOpenDialog({
    canSelectFiles: files,
    canSelectFolders: !files,
    defaultUri: vscode.Uri.joinPath(session.uri, '..'),
    openLabel: 'Use for Calibration',
    ...(files ? { filters: { 'NumPy archives': ['npz'] } } : {}),
  });
  return picked?.[0]?.fsPath;
}
