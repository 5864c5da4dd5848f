import { cp, copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { toErrorData } from '../common/failure';
import { isMadeUp } from '../data/dataSource';
import { showFailure } from '../ui/showFailure';
import { type Services } from '../session/services';
import { VIEW_TYPE } from '../common/contributionIds';

/** `quantscope.openModel()` asks for a file; `quantscope.openSample()` opens one of ours with its data, to try. */
export function registerOpenModel(services: Services): void {
  services.context.subscriptions.push(
    vscode.commands.registerCommand('quantscope.openModel', openModel),
    vscode.commands.registerCommand('quantscope.openSample', () => openSample(services)),
  );
}

async function openModel(): Promise<void> {
  const picked = await vscode.window.showOpenDialog({
    title: 'Open a model',
    openLabel: 'Open',
    filters: { 'ONNX models': ['onnx'] },
  });
  const [uri] = picked ?? [];
  if (uri !== undefined) await vscode.commands.executeCommand('vscode.openWith', uri, VIEW_TYPE);
}

/** Answers where the sample lies now: a copy, so that int8 models can lie beside it. */
async function openSample({ context, sessions, log }: Services): Promise<vscode.Uri | undefined> {
  const folder = join(context.globalStorageUri.fsPath, 'sample');
  const model = vscode.Uri.file(join(folder, 'upright.onnx'));
  const data = join(folder, 'lines');
  try {
    await mkdir(folder, { recursive: true });
    await copyFile(context.asAbsolutePath('dist/upright.onnx'), model.fsPath);
    await cp(context.asAbsolutePath('sample/upright'), data, { recursive: true, preserveTimestamps: true });
    await vscode.commands.executeCommand('vscode.openWith', model, VIEW_TYPE);
    const session = sessions.get(model);
    await session.ready();
    // An analysis of the same bytes elsewhere may have been on samples that were made up.
    if (session.data === null || isMadeUp(session.data.data)) await session.useData(data);
    return model;
  } catch (thrown) {
    const error = toErrorData(thrown);
    log.error(error.message);
    void showFailure(error);
    return undefined;
  }
}
