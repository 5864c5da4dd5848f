import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import type { DataSummary } from '../../engine/shared/protocol/data';
import { dataEndings, dataKinds, dataOfFile, groupData, type DataCandidate } from '../data/dataCandidates';
import { toErrorData } from '../common/failure';
import type { ModelSession } from '../session/modelSession';
import { pickPreset } from './pickPreset';
import { pictureFolder } from '../data/pictureFolder';
import type { Services } from '../session/services';
import { showFailure } from '../ui/showFailure';
import { targetModel } from '../ui/targetModel';
import { plainText } from '../ui/plainText';

const SKIP = '**/{node_modules,.git}/**';
/** Of each kind: a large data set must not hold up the list. */
const MOST_FILES = 500;

/** `quantscope.chooseData(model?, path?)`: answers with what the data holds, or `undefined`. */
export function registerChooseData(services: Services): void {
  const run = async (model: unknown, path: unknown): Promise<DataSummary | undefined> => {
    const uri = await targetModel(model);
    if (uri === undefined) return undefined;
    const session = services.sessions.get(uri);
    await session.ready();
    try {
      return await chooseData(session, path, services);
    } finally {
      services.sessions.release(session);
    }
  };
  services.context.subscriptions.push(vscode.commands.registerCommand('quantscope.chooseData', run));
}

/** The data in use for a model; asks when there is none. */
export async function dataFor(session: ModelSession, services: Services): Promise<string | undefined> {
  await session.ready();
  const data = session.data ?? (await chooseData(session, undefined, services));
  if (data === undefined) services.sessions.release(session);
  return data?.data;
}

async function chooseData(
  session: ModelSession,
  given: unknown,
  services: Services,
): Promise<DataSummary | undefined> {
  const path = typeof given === 'string' ? given : await pickData(session);
  if (path === undefined) return undefined;
  const folder = typeof given === 'string' ? null : await pictureFolder(path);
  if (folder !== null) {
    const choice = await pickPreset(path, folder, session.settingsFor(path).preset, services.context);
    if (choice === undefined) return undefined;
    await session.choosePreset(path, choice.preset);
  }
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
  find?: () => Promise<string | undefined>;
}

async function pickData(session: ModelSession): Promise<string | undefined> {
  const picked = await vscode.window.showQuickPick(listData(session), {
    title: `Calibration data for ${basename(session.uri.fsPath)}`,
    placeHolder: 'A few dozen typical inputs',
    matchOnDescription: true,
  });
  return picked?.find?.();
}

/** The folder that data is in, from the workspace's; empty for what lies there itself, as where files are opened by name. */
function describePlace(path: string): string {
  const folder = dirname(vscode.workspace.asRelativePath(path));
  return folder === '.' ? '' : folder;
}

async function listData(session: ModelSession): Promise<DataItem[]> {
  const found = await Promise.all(
    dataKinds.map(({ glob }) => vscode.workspace.findFiles(glob, SKIP, MOST_FILES)),
  );
  const inUse = session.data?.data;
  const item = ({ path, icon }: DataCandidate): DataItem => ({
    label: `$(${icon}) ${plainText(basename(path))}`,
    description: plainText(describePlace(path)),
    ...(path === inUse ? { detail: 'In use' } : {}),
    find: () => Promise.resolve(path),
  });
  const separator = (label: string): DataItem => ({ label, kind: vscode.QuickPickItemKind.Separator });
  const groups = groupData(found.map((uris) => uris.map((uri) => uri.fsPath)));
  return [
    ...groups.flatMap(({ label, candidates }) => [separator(label), ...candidates.map(item)]),
    separator('Elsewhere'),
    { label: '$(file) Browse for a file…', find: () => browse(session, true) },
    { label: '$(folder-opened) Browse for a folder…', find: () => browse(session, false) },
    separator('Without data'),
    {
      label: '$(beaker) Synthetic samples',
      description: 'in a terminal: --data synthetic[:N]',
      detail: '$(warning) Not to be trusted: made up from the shapes and names of the inputs',
      find: () => Promise.resolve('synthetic'),
    },
  ];
}

async function browse(session: ModelSession, files: boolean): Promise<string | undefined> {
  const picked = await vscode.window.showOpenDialog({
    canSelectFiles: files,
    canSelectFolders: !files,
    defaultUri: vscode.Uri.joinPath(session.uri, '..'),
    openLabel: 'Use for Calibration',
    ...(files ? { filters: { 'Calibration data': dataEndings } } : {}),
  });
  const path = picked?.[0]?.fsPath;
  return path === undefined || !files ? path : dataOfFile(path);
}
