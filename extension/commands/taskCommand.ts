import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { parse } from 'jsonc-parser';
import * as vscode from 'vscode';
import { tooDeepAt } from '../../engine/shared/parseJson';
import { recipeUriOf } from '../recipe/recipeFile';
import type { Services } from '../session/services';
import { settingsWith, type ConfiguredSettings } from '../common/settings';

/** Of package.json's task definition and its problem matcher. */
export const TASK_TYPE = 'quantscope';
export const PROBLEM_MATCHER = '$quantscope';

/** A task as tasks.json has it; people write it, so that nothing is sure. */
export interface TaskSettings {
  command?: unknown;
  model?: unknown;
  data?: unknown;
  output?: unknown;
  targetDrop?: unknown;
  args?: unknown;
}

const textOr = (value: unknown, otherwise: string) =>
  typeof value === 'string' && value !== '' ? value : otherwise;

/** The command line of a task; `null` where it names no model or no data. */
export function taskArguments({
  command,
  model,
  data,
  output,
  targetDrop,
  args,
}: TaskSettings): string[] | null {
  const [network, samples] = [textOr(model, ''), textOr(data, '')];
  if (network === '' || samples === '') return null;
  const verb = command === 'analyze' ? 'analyze' : 'quantize';
  const beside = `${network.slice(0, network.length - extname(network).length)}.int8.onnx`;
  const drop = textOr(targetDrop, '');
  const others = Array.isArray(args) ? args.filter((word) => typeof word === 'string') : [];
  return [
    ...[verb, network, '--data', samples],
    ...(verb === 'quantize' ? ['--output', textOr(output, beside)] : []),
    ...(drop === '' ? [] : ['--target-drop', drop]),
    ...['--problems', ...others],
  ];
}

/** What settings stand for when nobody changes them, in a terminal too. */
const USUAL = { weights: 'per-channel', calibration: 'auto', profile: 'auto' } as const;

/**
 * A model's settings as options of the command line, so that a task does what the command in the editor does; what is usual is
 * left out, and what the recipe beside the model says itself.
 */
export function settingsOptions(settings: ConfiguredSettings, said: ReadonlySet<string>): string[] {
  const { preset, samples, skipFailed } = settings;
  const usual = Object.entries(USUAL) as [keyof typeof USUAL, string][];
  const options: [string, string | null][] = [
    ['preset', preset],
    ['samples', samples === null ? null : String(samples)],
    ...usual.map(([key, value]): [string, string | null] => [
      key,
      settings[key] === value ? null : settings[key],
    ]),
  ];
  return [
    ...options.flatMap(([key, value]) => (value === null || said.has(key) ? [] : [`--${key}`, value])),
    ...(skipFailed === true ? ['--skip-failed'] : []),
  ];
}

/** What the recipe beside a model says; nothing where there is none, or none that can be read. */
function recipeKeys(model: vscode.Uri): Set<string> {
  try {
    const file = recipeUriOf(model).fsPath;
    // A pipe would be waited for, and the editor with it.
    if (!statSync(file).isFile()) return new Set();
    const text = readFileSync(file, 'utf8');
    const said: unknown = tooDeepAt(text) === null ? parse(text) : null;
    return new Set(typeof said === 'object' && said !== null ? Object.keys(said) : []);
  } catch {
    return new Set();
  }
}

/** A task of no folder runs in the first. */
function folderOf(scope: vscode.Task['scope']): vscode.WorkspaceFolder | vscode.TaskScope {
  if (typeof scope === 'object') return scope;
  return vscode.workspace.workspaceFolders?.[0] ?? vscode.TaskScope.Workspace;
}

/** Tasks of type `quantscope`: the command line program on a model of the workspace, its errors among the problems. */
export function registerTasks({ context, history, sessions }: Services): void {
  const program = context.asAbsolutePath('dist/quantscope.js');
  const taskOf = (definition: vscode.TaskDefinition, scope: vscode.WorkspaceFolder | vscode.TaskScope) => {
    const words = taskArguments(definition as TaskSettings);
    if (words === null) return undefined;
    const cwd = typeof scope === 'object' ? scope.uri.fsPath : undefined;
    const execution = new vscode.ProcessExecution(process.execPath, [program, ...words], {
      // On the desktop that program is Electron, which is Node where it is told so.
      env: { ELECTRON_RUN_AS_NODE: '1' },
      ...(cwd === undefined ? {} : { cwd }),
    });
    const name = `${words[0] ?? ''} ${basename(words[1] ?? '')}`;
    const task = new vscode.Task(definition, scope, name, 'quantscope', execution, PROBLEM_MATCHER);
    if (words[0] === 'quantize') task.group = vscode.TaskGroup.Build;
    return task;
  };
  /** Models that were analyzed with the data of the last run, and open ones that data was chosen for. */
  const offered = () => {
    const past = history
      .models()
      .flatMap(({ uri, runs: [last] }) =>
        last === undefined ? [] : [{ model: vscode.Uri.parse(uri), data: last.data, drop: last.targetDrop }],
      );
    const known = new Set(past.map(({ model }) => model.toString()));
    const open = sessions
      .all()
      .flatMap(({ uri, data }) =>
        data === null || known.has(uri.toString()) ? [] : [{ model: uri, data: data.data, drop: null }],
      );
    return [...past, ...open];
  };
  const provider: vscode.TaskProvider = {
    provideTasks: () =>
      offered().flatMap(({ model, data, drop }) => {
        const folder = vscode.workspace.getWorkspaceFolder(model);
        if (folder === undefined || !existsSync(model.fsPath)) return [];
        const inFolder = (path: string) => vscode.workspace.asRelativePath(path, false);
        const settings = settingsWith(model, data, context.workspaceState);
        const args = settingsOptions(settings, recipeKeys(model));
        const definition = {
          ...{ type: TASK_TYPE, model: inFolder(model.fsPath), data: inFolder(data) },
          targetDrop: `${Number((100 * (drop ?? settings.targetDrop)).toPrecision(6))}%`,
          ...(args.length === 0 ? {} : { args }),
        };
        return (['quantize', 'analyze'] as const).flatMap(
          (command) => taskOf({ ...definition, command }, folder) ?? [],
        );
      }),
    resolveTask: ({ definition, scope }) => taskOf(definition, folderOf(scope)),
  };
  context.subscriptions.push(vscode.tasks.registerTaskProvider(TASK_TYPE, provider));
}
