import { strict as assert } from 'node:assert';
import * as vscode from 'vscode';
import type { Report } from '../../engine/shared/protocol/report';
import type { QuantscopeApi } from '../../extension/extension';
import { VIEW_TYPE } from '../../extension/common/contributionIds';
import type { ToWebview } from '../../engine/shared/protocol/webview';

type MessageOf<T extends ToWebview['type']> = Extract<ToWebview, { type: T }>;

/** A file of the workspace that scripts/testWorkspace.mjs makes. */
export function inWorkspace(name: string): vscode.Uri {
  const folder = vscode.workspace.workspaceFolders?.[0];
  assert.ok(folder, 'the tests run in a workspace');
  return vscode.Uri.joinPath(folder.uri, name);
}

export async function openModel(model: vscode.Uri): Promise<void> {
  await vscode.commands.executeCommand('vscode.open', model);
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  assert.ok(input instanceof vscode.TabInputCustom, 'a model opens in a custom editor');
  assert.equal(input.viewType, VIEW_TYPE);
}

/** Analyses a model as far as a report needs, on two samples that it makes up. */
export async function analyzeQuickly(model: vscode.Uri): Promise<Report> {
  const quick = { data: 'synthetic:4', calibration: 'max', samples: 2, targetDrop: 0.9 };
  const report = await vscode.commands.executeCommand<Report | undefined>('quantscope.analyze', model, quick);
  assert.ok(report);
  return report;
}

export async function api(): Promise<QuantscopeApi> {
  const extension = vscode.extensions.getExtension<QuantscopeApi>('quantscope.quantscope');
  assert.ok(extension, 'the extension is installed');
  return extension.activate();
}

/** What the model's views were told last of this type. */
export async function lastMessage<T extends ToWebview['type']>(
  model: vscode.Uri,
  type: T,
): Promise<MessageOf<T> | undefined> {
  return (await api()).messagesFor(model).find((message): message is MessageOf<T> => message.type === type);
}

/** Waits for a value that is neither `undefined` nor `null`. */
export async function until<T>(
  what: string,
  look: () => Promise<T | null | undefined>,
  seconds = 20,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    const value = await look();
    if (value !== undefined && value !== null) return value;
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.fail(`${what} did not come within ${seconds} s`);
}

/** Answers the extension's dialogs in the place of a person while `work` goes on: the extension and its tests share one API. */
export async function answering<T>(
  answers: Partial<Record<keyof typeof vscode.window, (...asked: never[]) => unknown>>,
  work: () => PromiseLike<T>,
): Promise<T> {
  const window = vscode.window as unknown as Record<string, unknown>;
  const before = Object.fromEntries(Object.keys(answers).map((name) => [name, window[name]]));
  Object.assign(window, answers);
  try {
    return await work();
  } finally {
    Object.assign(window, before);
  }
}

export async function closeAllEditors(): Promise<void> {
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
}
