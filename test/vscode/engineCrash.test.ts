import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { platform } from 'node:process';
import * as vscode from 'vscode';
import type { DataSummary, Report } from '../../engine/protocol';
import { closeAllEditors, inWorkspace, lastMessage, openModel, until } from './editorState';

/** The engine's process id, by what Linux says of this extension host's children. */
function enginePid(): number | undefined {
  const read = (pid: string, file: string) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8');
    } catch {
      // It ended while we looked.
      return '';
    }
  };
  const found = readdirSync('/proc').find(
    (pid) =>
      /^\d+$/.test(pid) &&
      read(pid, 'cmdline').includes('engine.js') &&
      read(pid, 'stat').split(') ')[1]?.split(' ')[1] === String(process.pid),
  );
  return found === undefined ? undefined : Number(found);
}

describe('an engine that dies', () => {
  const model = inWorkspace('rec.onnx');
  const data = inWorkspace('lines').fsPath;

  before(function () {
    if (platform !== 'linux') this.skip();
  });
  after(closeAllEditors);

  it('ends the analysis with an error, and starts again', async () => {
    await openModel(model);
    const analysis = vscode.commands.executeCommand<Report | undefined>('quantscope.analyze', model, {
      data,
    });
    await until('progress', async () => (await lastMessage(model, 'progress'))?.progress);
    const pid = enginePid();
    assert.ok(pid, 'the engine runs as a child of the extension host');
    process.kill(pid, 'SIGKILL');
    assert.equal(await analysis, undefined);
    assert.match((await lastMessage(model, 'error'))?.error?.message ?? '', /engine stopped/);
    assert.equal((await lastMessage(model, 'progress'))?.progress, null);
    const summary = await vscode.commands.executeCommand<DataSummary | undefined>(
      'quantscope.chooseData',
      model,
      data,
    );
    assert.equal(summary?.metric, 'ctc');
    assert.notEqual(enginePid(), pid);
  });
});
