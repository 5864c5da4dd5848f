import { strict as assert } from 'node:assert';
import * as vscode from 'vscode';
import type { DataSummary } from '../../engine/shared/protocol/data';
import type { Report } from '../../engine/shared/protocol/report';
import { writeSmallModel } from './smallModel';
import { closeAllEditors, inWorkspace, lastMessage, openModel, until } from './editorState';

const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));
const press = (command: string) => vscode.commands.executeCommand(`workbench.action.${command}`);

/** Takes the entry that is `up` steps above the first of the list that is open: 1 is the last entry. */
async function accept(up: number): Promise<void> {
  // Nothing tells a test that a list has been filled.
  await pause(1500);
  for (let i = 0; i < up; i++) await press('quickOpenSelectPrevious');
  await press('acceptSelectedQuickOpenItem');
}

describe('choosing data', () => {
  const model = inWorkspace('chosen.onnx');
  const photos = inWorkspace('photos');
  /** Answers the lists that open one after another, each by {@link accept}. */
  const choose = async (...ups: number[]) => {
    // A view that loads late takes the focus, and a list that loses it closes.
    for (let attempt = 0; attempt < 3; attempt++) {
      const choosing = vscode.commands.executeCommand<DataSummary | undefined>(
        'quantscope.chooseData',
        model,
      );
      for (const up of ups) await accept(up);
      const data = await choosing;
      if (data !== undefined) return data;
    }
    return undefined;
  };
  const analyze = (samples: number | null = 4) =>
    vscode.commands.executeCommand<Report | undefined>('quantscope.analyze', model, {
      // Met at once: what is tested is the data.
      ...{ calibration: 'max', samples, targetDrop: 0.9 },
    });
  const configure = (name: string, value: unknown) =>
    vscode.workspace.getConfiguration('quantscope').update(name, value, vscode.ConfigurationTarget.Workspace);

  before(async () => {
    writeSmallModel(model, 5);
    await vscode.workspace.fs.createDirectory(photos);
    const from = (i: number) => inWorkspace(`lines/calibrate-${String(i).padStart(3, '0')}.png`);
    for (let i = 0; i < 20; i++)
      await vscode.workspace.fs.copy(
        from(i),
        vscode.Uri.joinPath(photos, `${String(i).padStart(2, '0')}.png`),
      );
    await openModel(model);
    await until('the summary', () => lastMessage(model, 'model'));
  });
  after(async () => {
    await configure('skipFailed', undefined);
    await vscode.workspace.fs.delete(photos, { recursive: true });
    await closeAllEditors();
  });

  it('offers made-up samples last, and the analysis says that they are not to be trusted', async () => {
    assert.equal((await choose(1))?.data, 'synthetic');
    const report = await analyze();
    assert.equal(report?.settings.data, 'synthetic');
    assert.equal(report.layers.length, 3);
    assert.match(report.warnings.join('\n'), /not to be trusted/);
  });

  it('asks how pictures become tensors, and remembers it with them', async () => {
    // Above the two ways to browse and the made-up samples lies the last group, that of pictures; above "None", −1 to 1.
    const data = await choose(4, 2);
    assert.equal(data?.data, photos.fsPath);
    const [input] = data.preview[0]?.inputs ?? [];
    assert.ok(input?.min !== null && input?.min !== undefined && input.min < -0.5, `least ${input?.min}`);
    assert.equal((await analyze())?.settings.preset, '-1-1');
    await closeAllEditors();
    await openModel(model);
    const again = await until('the data', async () => (await lastMessage(model, 'data'))?.data);
    assert.deepEqual(again, data);
    assert.equal((await analyze())?.settings.preset, '-1-1');
  });

  it('goes on without broken samples where the settings say so', async () => {
    // The fourth by name: every other sample evaluates, and the list shows only those that calibrate.
    const broken = vscode.Uri.joinPath(photos, '02x.png');
    await vscode.workspace.fs.writeFile(broken, Buffer.from('no picture'));
    assert.ok((await analyze(null)) === undefined, 'the broken sample ends it');
    assert.match((await lastMessage(model, 'error'))?.error?.message ?? '', /02x\.png/);
    await configure('skipFailed', true);
    const report = await analyze(null);
    assert.equal(report?.settings.evaluationSamples, 9);
    assert.match(report.warnings.join('\n'), /02x\.png/);
  });
});
