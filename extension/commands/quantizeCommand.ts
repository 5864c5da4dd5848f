import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, extname, join } from 'node:path';
import * as vscode from 'vscode';
import type { QuantizeResult } from '../../engine/shared/protocol/report';
import { aimOf, type Aim } from './aimOf';
import { dataFor } from './chooseDataCommand';
import { describeResult } from './describeResult';
import type { ModelSession } from '../session/modelSession';
import { pickTarget } from './pickTarget';
import { isRefused, runTask } from '../ui/runTask';
import { type Services } from '../session/services';
import { VIEW_TYPE } from '../common/contributionIds';
import { pickSettings } from '../common/settings';
import { showModelEditor, targetModel } from '../ui/targetModel';
import { showMessage } from '../ui/showMessage';

/** `quantscope.quantize(model?, { output, …settings }?)`: answers with the result, or `undefined`. */
export function registerQuantize(services: Services): void {
  const run = (model: unknown, given: unknown) => quantize(model, given, services);
  services.context.subscriptions.push(vscode.commands.registerCommand('quantscope.quantize', run));
}

async function quantize(
  model: unknown,
  given: unknown,
  services: Services,
): Promise<QuantizeResult | undefined> {
  const uri = await targetModel(model);
  if (uri === undefined) return undefined;
  await showModelEditor(uri);
  const session = services.sessions.get(uri);
  // A finished analysis decides which layers stay in float, even one from an earlier window.
  await session.ready();
  if (isRefused(session, 'Quantizing')) return undefined;
  const chosen = pickSettings(given);
  const data = chosen.data ?? (session.isRunning ? '' : await dataFor(session, services));
  if (data === undefined) return undefined;
  // Another program's call names the output, and is asked nothing.
  const named = givenOutput(given) ?? (session.isRunning ? '' : undefined);
  const aim = named === undefined ? await askAim(session, data, chosen.targetDrop) : () => aimOf(session);
  if (aim === undefined) return undefined;
  const output = named ?? (await askOutput(uri));
  if (output === undefined) return undefined;
  const result = await runTask(session, 'Quantizing', services, async (token) => {
    if (data !== session.data?.data) await session.useData(data, chosen.preset);
    const said = await session.recipe.settings();
    const { weights, ...asked } = aim();
    // What is advised gives way to the recipe and to the call.
    const advised = weights === undefined ? {} : { weights };
    const settings = {
      ...session.settingsFor(data),
      ...{ ...advised, ...said, ...chosen, ...asked, data, output },
    };
    const done = await services.engine.request(
      'quantscope/quantize',
      { path: session.path, settings },
      token,
    );
    session.send({ type: 'quantized', result: done });
    return done;
  });
  if (result !== undefined) void announce(result);
  return result;
}

/** Asks how near to float the model has to be, and remembers it; `undefined` when the user chose nothing. */
async function askAim(
  session: ModelSession,
  data: string,
  given: number | undefined,
): Promise<(() => Aim) | undefined> {
  // The recipe may change until the work begins.
  if (given !== undefined) return () => aimOf(session);
  const choice = await pickTarget(session, session.settingsFor(data).targetDrop);
  if (choice === undefined) return undefined;
  const { target } = choice;
  if (target === null) return () => aimOf(session);
  await session.chooseTarget(target);
  return () => (target === 'int8' ? { keepFloat: [] } : { keepFloat: null, targetDrop: target });
}

function givenOutput(given: unknown): string | undefined {
  if (typeof given !== 'object' || given === null || !('output' in given)) return undefined;
  return typeof given.output === 'string' ? given.output : undefined;
}

/** Where an int8 model is put first: beside its model, and where nothing can be written there, the first place that takes it. */
export async function firstWritable(places: readonly string[]): Promise<string | undefined> {
  for (const place of places) {
    try {
      await access(place, constants.W_OK);
      return place;
    } catch {
      // Then the next.
    }
  }
  return undefined;
}

/** `MODEL.int8.onnx` beside the model, unless the user says otherwise. */
async function askOutput(model: vscode.Uri): Promise<string | undefined> {
  const stem = basename(model.fsPath, extname(model.fsPath));
  const beside = dirname(model.fsPath);
  const opened = (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath);
  const folder = (await firstWritable([beside, ...opened, homedir()])) ?? beside;
  const target = await vscode.window.showSaveDialog({
    title:
      folder === beside
        ? 'Write the int8 model'
        : `Write the int8 model: nothing can be written to ${basename(beside)}, where the model lies`,
    saveLabel: 'Quantize',
    defaultUri: vscode.Uri.file(join(folder, `${stem}.int8.onnx`)),
    filters: { 'ONNX models': ['onnx'] },
  });
  return target?.fsPath;
}

async function announce(result: QuantizeResult): Promise<void> {
  const kind = result.meetsTarget ? 'info' : 'warning';
  const choice = await showMessage(kind, describeResult(result), 'Open', 'Reveal in Explorer');
  const output = vscode.Uri.file(result.output);
  if (choice === 'Open') await vscode.commands.executeCommand('vscode.openWith', output, VIEW_TYPE);
  if (choice === 'Reveal in Explorer') await vscode.commands.executeCommand('revealInExplorer', output);
}
