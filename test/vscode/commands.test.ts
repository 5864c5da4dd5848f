import { strict as assert } from 'node:assert';
import { existsSync } from 'node:fs';
import * as vscode from 'vscode';
import type { Report } from '../../engine/shared/protocol/report';
import { writeSmallData, writeSmallModel } from './smallModel';
import { api, closeAllEditors, inWorkspace, lastMessage, openModel, until } from './editorState';

const quick = { calibration: 'max', samples: 2, targetDrop: 0.9 };

describe('commands and places', () => {
  const model = inWorkspace('listed.onnx');
  const other = inWorkspace('listed-too.onnx');
  const data = inWorkspace('listed-data');
  const analyze = (uri: vscode.Uri) =>
    vscode.commands.executeCommand<Report | undefined>('quantscope.analyze', uri, {
      ...quick,
      data: data.fsPath,
    });
  const runsOf = async (uri: vscode.Uri) =>
    (await api()).pastModels().find((one) => one.uri === uri.toString())?.runs ?? [];

  before(() => {
    writeSmallModel(model, 3);
    writeSmallModel(other, 4);
    writeSmallData(data);
  });
  after(closeAllEditors);

  it('every command of package.json is there', async () => {
    await api();
    const extension = vscode.extensions.getExtension('quantscope.quantscope');
    const { contributes } = extension?.packageJSON as { contributes: { commands: { command: string }[] } };
    const known = await vscode.commands.getCommands(true);
    const missing = contributes.commands.map(({ command }) => command).filter((one) => !known.includes(one));
    assert.deepEqual(missing, []);
  });

  it('two models are analyzed at once, and both are listed with what came of them', async () => {
    await openModel(model);
    await openModel(other);
    const [one, two] = await Promise.all([analyze(model), analyze(other)]);
    assert.ok(one && two, 'both end with a report');
    assert.equal(one.model.path, model.fsPath);
    assert.equal(two.model.path, other.fsPath);
    for (const uri of [model, other]) {
      const [run] = await runsOf(uri);
      assert.equal(run?.kind, 'analyzed');
      assert.equal(run.data, data.fsPath);
    }
  });

  it('a line of the list stands for its model, and can be taken away', async () => {
    const line = (await api()).pastModels().find(({ uri }) => uri === other.toString());
    await vscode.commands.executeCommand('quantscope.forget', { model: line });
    assert.deepEqual(await runsOf(other), []);
    assert.ok((await runsOf(model)).length > 0, 'others stay');
  });

  it('tasks run what was analyzed, and put what is wrong among the problems', async () => {
    const tasks = await vscode.tasks.fetchTasks({ type: 'quantscope' });
    const task = tasks.find(({ definition }) => definition['model'] === 'listed.onnx');
    assert.ok(task, tasks.map(({ name }) => name).join());
    assert.equal(task.definition['data'], 'listed-data');
    const names = tasks.map(({ name }) => name);
    assert.ok(names.includes('analyze listed.onnx') && names.includes('quantize listed.onnx'), names.join());
    const run = async (one: vscode.Task) => {
      const ended = new Promise<number | undefined>((done) => {
        const listener = vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
          if (execution.task.name !== one.name) return;
          listener.dispose();
          done(exitCode);
        });
      });
      await vscode.tasks.executeTask(one);
      return ended;
    };
    const broken = new vscode.Task(
      { ...task.definition, data: 'nowhere' },
      task.scope ?? vscode.TaskScope.Workspace,
      'quantize nothing',
      'quantscope',
      new vscode.ProcessExecution(
        process.execPath,
        [
          ...(task.execution as vscode.ProcessExecution).args.slice(0, 3),
          ...['--data', 'nowhere', '--output', 'nothing.onnx', '--problems'],
        ],
        { cwd: inWorkspace('').fsPath, env: { ELECTRON_RUN_AS_NODE: '1' } },
      ),
      '$quantscope',
    );
    assert.equal(await run(broken), 1);
    // Beside what the analysis warned of.
    const problem = await until('the problem', () => {
      const found = vscode.languages.getDiagnostics(model);
      return Promise.resolve(found.find(({ severity }) => severity === vscode.DiagnosticSeverity.Error));
    });
    assert.match(problem.message, /nowhere/);
    const report = (await lastMessage(model, 'report'))?.report;
    assert.ok(report && report.warnings.length > 0);
    const told = vscode.languages.getDiagnostics(model).map(({ message }) => message);
    assert.ok(
      report.warnings.every((warning) => told.includes(warning)),
      told.join('\n'),
    );
    assert.ok(!existsSync(inWorkspace('nothing.onnx').fsPath));
  });

  it('the sample opens with its data', async () => {
    const sample = await vscode.commands.executeCommand<vscode.Uri | undefined>('quantscope.openSample');
    assert.ok(sample);
    const used = (await lastMessage(sample, 'data'))?.data;
    assert.equal(used?.metric, 'top1');
    assert.deepEqual([used.calibrationSamples, used.evaluationSamples], [32, 64]);
  });
});
