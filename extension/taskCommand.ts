import { basename, extname } from 'node:path';
import * as vscode from 'vscode';
import type { Services } from './services';

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

/** A task of no folder runs in the first. */
function folderOf(scope: vscode.Task['scope']): vscode.WorkspaceFolder | vscode.TaskScope {
  if (typeof scope === 'object') return scope;
  return vscode.workspace.workspaceFolders?.[0] ?? vscode.TaskScope.Workspace;
}

/** Tasks of type `quantscope`: the command line program on a model of the workspace, its errors among the problems. */
export function registerTasks({ context, history }: Services): void {
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
    task.group = vscode.TaskGroup.Build;
    return task;
  };
  const provider: vscode.TaskProvider = {
    // Models of the workspace with the data that they were analyzed with last.
    provideTasks: () =>
      history.models().flatMap(({ uri, runs: [last] }) => {
        const model = vscode.Uri.parse(uri);
        const folder = vscode.workspace.getWorkspaceFolder(model);
        if (folder === undefined || last === undefined) return [];
        const inFolder = (path: string) => vscode.workspace.asRelativePath(path, false);
        const definition = {
          ...{ type: TASK_TYPE, model: inFolder(model.fsPath), data: inFolder(last.data) },
          targetDrop: `${Number((100 * last.targetDrop).toPrecision(6))}%`,
        };
        return taskOf(definition, folder) ?? [];
      }),
    resolveTask: ({ definition, scope }) => taskOf(definition, folderOf(scope)),
  };
  context.subscriptions.push(vscode.tasks.registerTaskProvider(TASK_TYPE, provider));
}
