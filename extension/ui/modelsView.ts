import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { describeVerdict } from '../../engine/shared/accuracyTarget';
import { capitalized, formatDate, formatPlural, formatScore } from '../../engine/shared/format';
import { MODELS_VIEW, VIEW_TYPE } from '../common/contributionIds';
import type { PastModel, PastRun } from '../session/history';
import type { Services } from '../session/services';

/** A line of the list: a model, or one of its runs. */
export type Line = { model: PastModel } | { model: PastModel; run: PastRun };

/** The side bar's list of analyzed models with what came of each run. */
export function registerModelsView(services: Services): void {
  const { context, history, sessions } = services;
  const changed = new vscode.EventEmitter<undefined>();
  const provider: vscode.TreeDataProvider<Line> = {
    onDidChangeTreeData: changed.event,
    getTreeItem: (line) => ('run' in line ? runItem(line.run, line.model) : modelItem(line.model, services)),
    getChildren: (line) => {
      if (line === undefined) return history.models().map((model) => ({ model }));
      return 'run' in line ? [] : line.model.runs.map((run) => ({ model: line.model, run }));
    },
  };
  const redraw = () => changed.fire(undefined);
  const forget = async (argument: unknown) => {
    const uri = modelOfLine(argument);
    if (uri !== undefined) await history.forget(uri);
  };
  // Models are deleted and come back while the list is shown.
  const watcher = vscode.workspace.createFileSystemWatcher('**/*.onnx', false, true, false);
  context.subscriptions.push(
    changed,
    watcher,
    watcher.onDidCreate(redraw),
    watcher.onDidDelete(redraw),
    history.onDidChange(redraw),
    sessions.onDidChangeRunning(redraw),
    vscode.window.registerTreeDataProvider(MODELS_VIEW, provider),
    vscode.commands.registerCommand('quantscope.forget', forget),
  );
}

/** The model of a line of the list, as commands of its menu are given it. */
export function modelOfLine(argument: unknown): vscode.Uri | undefined {
  if (typeof argument !== 'object' || argument === null || !('model' in argument)) return undefined;
  const { model } = argument;
  if (typeof model !== 'object' || model === null || !('uri' in model)) return undefined;
  return typeof model.uri === 'string' ? vscode.Uri.parse(model.uri) : undefined;
}

function modelItem(model: PastModel, { sessions }: Services): vscode.TreeItem {
  const uri = vscode.Uri.parse(model.uri);
  const [last] = model.runs;
  const isThere = existsSync(uri.fsPath);
  const isRunning = sessions.find(uri)?.isRunning === true;
  const item = new vscode.TreeItem(basename(uri.fsPath), vscode.TreeItemCollapsibleState.Collapsed);
  item.id = model.uri;
  item.contextValue = isThere ? 'quantscope.model' : 'quantscope.missing';
  item.iconPath = new vscode.ThemeIcon(isRunning ? 'sync~spin' : isThere ? 'file-binary' : 'warning');
  if (last !== undefined) item.description = isThere ? describeScores(last) : 'no longer there';
  item.tooltip = [uri.fsPath, ...(last === undefined ? [] : [describeRun(last)])].join('\n');
  if (isThere) item.command = openCommand(uri);
  return item;
}

function runItem(run: PastRun, model: PastModel): vscode.TreeItem {
  const item = new vscode.TreeItem(describeScores(run));
  item.id = `${model.uri} ${run.when} ${run.kind}`;
  item.contextValue = `quantscope.${run.kind}`;
  item.description = `${run.kind === 'quantized' ? 'int8 model, ' : ''}${formatDate(run.when)}, ${describeMet(run)}`;
  item.tooltip = describeRun(run);
  item.iconPath = new vscode.ThemeIcon(run.meetsTarget ? 'pass' : 'warning');
  const opens = run.output !== undefined && existsSync(run.output) ? vscode.Uri.file(run.output) : undefined;
  item.command = openCommand(opens ?? vscode.Uri.parse(model.uri));
  return item;
}

function openCommand(uri: vscode.Uri): vscode.Command {
  return { command: 'vscode.openWith', title: 'Open', arguments: [uri, VIEW_TYPE] };
}

/** `98.1% → 97.9%`. */
export function describeScores({ metric, float, int8 }: PastRun): string {
  return `${formatScore(metric, float)} → ${formatScore(metric, int8)}`;
}

/** `within 1% of float`, or `not within 1% of float`. */
export function describeMet({ metric, targetDrop, meetsTarget, verdict }: PastRun): string {
  return describeVerdict(metric, targetDrop, { kind: verdict ?? (meetsTarget ? 'met' : 'missed') });
}

/** Of a line in the list: all of it in words, for the mouse and the screen reader. */
export function describeRun(run: PastRun): string {
  const { kind, when, kept, data, output } = run;
  const facts = [
    `${kind === 'analyzed' ? 'Analyzed' : 'Quantized'} ${formatDate(when)} on ${basename(data)}`,
    `float to int8: ${describeScores(run)}, ${describeMet(run)}`,
    kept === 0 ? 'every layer in int8' : `${formatPlural(kept, 'layer')} in float`,
    ...(output === undefined ? [] : [`written to ${output}`]),
  ];
  return facts.map(capitalized).join('\n');
}
