import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { platform } from 'node:process';
import * as vscode from 'vscode';
import type { DataSummary } from '../../engine/shared/protocol/data';
import type { Report } from '../../engine/shared/protocol/report';
import { closeAllEditors, inWorkspace, lastMessage, openModel, until } from './editorState';

/** The engines' process ids, by what Linux says of this extension host's children. */
function enginePids(): number[] {
  const read = (pid: string, file: string) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8');
    } catch {
      // It ended while we looked.
      return '';
    }
  };
  const isEngine = (pid: string) =>
    /^\d+$/.test(pid) &&
    read(pid, 'cmdline').includes('engine.js') &&
    read(pid, 'stat').split(') ')[1]?.split(' ')[1] === String(process.pid);
  return readdirSync('/proc').filter(isEngine).map(Number);
}

describe('an engine that dies', () => {
  const model = inWorkspace('cls.onnx');
  const data = inWorkspace('upright').fsPath;
  const choose = () =>
    vscode.commands.executeCommand<DataSummary | undefined>('quantscope.chooseData', model, data);
  const begin = async () => {
    await openModel(model);
    const analysis = vscode.commands.executeCommand<Report | undefined>('quantscope.analyze', model, {
      ...{ data, calibration: 'auto', samples: null },
    });
    await until('progress', async () => (await lastMessage(model, 'progress'))?.progress);
    return { analysis, pid: enginePids()[0] };
  };

  before(function () {
    if (platform !== 'linux') this.skip();
  });
  after(closeAllEditors);

  it('ends the analysis with an error that names model and tensor, and starts again', async () => {
    const { analysis, pid } = await begin();
    assert.ok(pid, 'the engine runs as a child of the extension host');
    process.kill(pid, 'SIGKILL');
    assert.equal(await analysis, undefined);
    const error = (await lastMessage(model, 'error'))?.error;
    assert.match(
      error?.message ?? '',
      /lack of memory, at work on cls\.onnx \(579\.0 kB, largest tensor .+ with .+B\), /,
    );
    assert.match(error?.hint ?? '', /Fewer threads or samples/);
    assert.equal((await lastMessage(model, 'progress'))?.progress, null);
    assert.equal((await choose())?.metric, 'top1');
    assert.notEqual(enginePids()[0], pid);
  });

  it('is restarted once by however many ask, and ends what ran', async () => {
    const { analysis, pid } = await begin();
    const restart = () => vscode.commands.executeCommand('quantscope.restartEngine');
    await Promise.all([restart(), restart(), restart()]);
    assert.equal(await analysis, undefined);
    const [now, ...others] = enginePids();
    assert.ok(now !== undefined && now !== pid);
    assert.deepEqual(others, []);
    assert.equal((await choose())?.metric, 'top1');
  });

  it('is restarted when its limits are set anew', async () => {
    await choose();
    const [pid] = enginePids();
    const settings = vscode.workspace.getConfiguration('quantscope');
    await settings.update('threads', 1, vscode.ConfigurationTarget.Workspace);
    try {
      await until('another engine', () => {
        const [now] = enginePids();
        return Promise.resolve(now === undefined || now === pid ? null : now);
      });
      assert.equal((await choose())?.metric, 'top1');
    } finally {
      await settings.update('threads', undefined, vscode.ConfigurationTarget.Workspace);
    }
  });
});
