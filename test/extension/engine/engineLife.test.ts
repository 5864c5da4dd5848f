import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { Uri } from 'vscode';
import type { ModelSummary } from '../../../engine/shared/protocol/model';
import { describeExit } from '../../../extension/engine/engineProcess';
import { EngineStopped, isOutOfMemory } from '../../../extension/engine/engineStopped';
import { describeWork } from '../../../extension/engine/engineWork';
import { describeMet, describeRun, describeScores } from '../../../extension/ui/modelsView';
import type { PastRun } from '../../../extension/session/history';
import { toErrorData } from '../../../extension/common/failure';

// Read for their pure parts only.
vi.mock('vscode', () => ({}));
const { lessOf } = await import('../../../extension/ui/offerLess');
const { movedText } = await import('../../../extension/recipe/recipeMoves');
const { movedDataPath, recipeMoves } = await import('../../../extension/recipe/recipeMoves');
const { settingsOptions, taskArguments } = await import('../../../extension/commands/taskCommand');
const { firstWritable } = await import('../../../extension/commands/quantizeCommand');

describe('an engine that ended', () => {
  const stopped = (code: number | null, signal: NodeJS.Signals | null) =>
    new EngineStopped({ code, signal }, 'rec.onnx');

  test('is told by how it did, and memory is suspected where it may be to blame', () => {
    expect(stopped(null, 'SIGKILL').message).toBe(
      'The system ended the engine, most likely for lack of memory, at work on rec.onnx.',
    );
    expect(stopped(null, 'SIGABRT').message).toMatch(/native code \(SIGABRT\).*memory/);
    expect(stopped(3221225477, null).message).toMatch(/native code \(code 3221225477\)/);
    expect(stopped(1, null).message).toBe('The engine stopped (code 1), at work on rec.onnx.');
    expect(stopped(1, null).isMemory).toBe(false);
    expect(describeExit({ code: null, signal: null }).how).toBe('The engine stopped');
  });

  test('reaches people with the way out', () => {
    const error = toErrorData(stopped(null, 'SIGKILL'));
    expect(error).toMatchObject({
      code: 'runtime',
      hint: expect.stringContaining('Fewer threads') as string,
    });
    expect(isOutOfMemory(stopped(null, 'SIGSEGV'), error)).toBe(true);
    expect(isOutOfMemory(stopped(0, null), toErrorData(stopped(0, null)))).toBe(false);
    const engine = { message: 'There is no memory.', hint: 'Use fewer threads or smaller samples.' };
    expect(isOutOfMemory(new Error('x'), { code: 'runtime', ...engine })).toBe(true);
  });

  test('was at a model of some size', () => {
    const layer = { name: 'c', opType: 'Conv', output: 'out', weightShape: [2], weightBytes: 2_000_000 };
    const summary = {
      bytes: 10_800_000,
      layers: [
        { ...layer, weight: 'w', outputShape: ['n', 4] },
        { ...layer, weight: null, output: 'big', outputShape: [10, 100_000] },
      ],
    } as ModelSummary;
    const progress = {
      stage: 'evaluate' as const,
      title: 'Scoring float',
      done: 1,
      total: 2,
      secondsLeft: null,
    };
    expect(describeWork('/m/rec.onnx', summary, progress)).toBe(
      'rec.onnx (10.8 MB, largest tensor big with 4.0 MB), Scoring float',
    );
    expect(describeWork('/m/rec.onnx', null, null)).toBe('rec.onnx');
  });

  test('is offered half, while there is something to halve', () => {
    expect(lessOf(null, null, 16)).toEqual({ threads: 4, samples: 32 });
    expect(lessOf(3, 9, 16)).toEqual({ threads: 1, samples: 4 });
    expect(lessOf(1, 1, 16)).toEqual({ threads: null, samples: null });
  });
});

describe('what is remembered of a model', () => {
  test('moves with it and with the folders around it, and with no other', () => {
    expect(movedText('file:///a/m.onnx', 'file:///a/m.onnx', 'file:///b/n.onnx', '/')).toBe(
      'file:///b/n.onnx',
    );
    expect(movedText('file:///a/c/m.onnx', 'file:///a', 'file:///b', '/')).toBe('file:///b/c/m.onnx');
    expect(movedText('file:///ab/m.onnx', 'file:///a', 'file:///b', '/')).toBeNull();
  });

  test('its recipe goes along, but where it is moved anyway', () => {
    interface Place {
      path: string;
      toString: () => string;
      with: (change: { path: string }) => Place;
    }
    const at = (path: string): Place => ({
      path,
      toString: () => `file://${path}`,
      with: (change) => at(change.path),
    });
    const moves = (...pairs: [from: string, to: string][]) =>
      recipeMoves(
        pairs.map(([from, to]) => ({ oldUri: at(from) as unknown as Uri, newUri: at(to) as unknown as Uri })),
      ).map(({ oldUri, newUri }) => [oldUri.path, newUri.path]);
    expect(moves(['/a/m.onnx', '/b/n.ONNX'])).toEqual([['/a/m.quant.json', '/b/n.quant.json']]);
    // With the recipe beside it, with the folder around it, to what is no model, and with the letters of its ending alone.
    expect(moves(['/a/m.onnx', '/b/m.onnx'], ['/a/m.quant.json', '/b/m.quant.json'])).toEqual([]);
    expect(moves(['/a', '/b'])).toEqual([]);
    expect(moves(['/a/m.onnx', '/a/m.onnx.bak'])).toEqual([]);
    expect(moves(['/a/m.onnx', '/a/m.ONNX'])).toEqual([]);
  });

  test('its recipe names the data from where it is then', () => {
    const named = (data: string, from: string, to: string, ...moves: [from: string, to: string][]) =>
      movedDataPath(
        data,
        { from, to },
        moves.map(([a, b]) => ({ from: a, to: b })),
      );
    const [from, to] = ['/w/a/m.quant.json', '/w/b/c/m.quant.json'];
    expect(named('d/x.npz', from, to)).toBe('../../a/d/x.npz');
    expect(named('../b/c', from, to)).toBe('.');
    // Where it is anyway, beside a model that was renamed, from another folder at the same depth, and of no file at all.
    expect(named('/d', from, to)).toBeNull();
    expect(named('./d', from, '/w/a/n.quant.json')).toBeNull();
    expect(named('../d', from, '/w/b/m.quant.json')).toBeNull();
    expect(named('synthetic:8', from, to)).toBeNull();
    // Moved with it, and moved elsewhere.
    expect(named('d', from, '/w/b/m.quant.json', ['/w/a', '/w/b'])).toBeNull();
    expect(named('d', from, to, ['/w/a/d', '/w/e'])).toBe('../../e');
    expect(named('/w/a/d', from, to, ['/w/a/d', '/w/e'])).toBe('/w/e');
  });

  test('is told in words', () => {
    const run: PastRun = {
      ...{ kind: 'analyzed', when: '2026-01-02T03:04:05Z', metric: 'top1', float: 0.981, int8: 0.979 },
      ...{ targetDrop: 0.01, meetsTarget: true, kept: 2, data: '/d/lines' },
    };
    expect(describeScores(run)).toBe('98.1% → 97.9%');
    expect(describeMet(run)).toBe('within 1% of float');
    expect(describeMet({ ...run, meetsTarget: false })).toBe('not within 1% of float');
    expect(describeRun(run)).toMatch(
      /Analyzed .* on lines\n.*98\.1% → 97\.9%, within 1% of float\n2 layers in float$/,
    );
  });
});

describe('a task', () => {
  test('is the command line of what it names', () => {
    expect(
      taskArguments({ model: 'a/m.onnx', data: 'd', targetDrop: '1%', args: ['--samples', '4'] }),
    ).toEqual([
      ...['quantize', 'a/m.onnx', '--data', 'd', '--output', 'a/m.int8.onnx', '--target-drop', '1%'],
      ...['--problems', '--samples', '4'],
    ]);
    expect(taskArguments({ command: 'analyze', model: 'm.onnx', data: 'd' })).toEqual([
      'analyze',
      'm.onnx',
      '--data',
      'd',
      '--problems',
    ]);
  });

  test('has what the settings say, but for what is usual and what the recipe says', () => {
    const usual = { preset: null, samples: null, weights: 'per-channel', calibration: 'auto' } as const;
    const settings = { ...usual, profile: 'auto', targetDrop: 0.01, skipFailed: false } as const;
    expect(settingsOptions(settings, new Set())).toEqual([]);
    const own = { ...settings, preset: 'ocr', samples: 12, calibration: 'mse', skipFailed: true } as const;
    const options = ['--preset', 'ocr', '--samples', '12', '--calibration', 'mse', '--skip-failed'];
    expect(settingsOptions(own, new Set())).toEqual(options);
    expect(settingsOptions(own, new Set(['samples', 'calibration', 'layers']))).toEqual([
      ...['--preset', 'ocr', '--skip-failed'],
    ]);
  });

  test('that names no model or no data is none', () => {
    expect(taskArguments({ data: 'd' })).toBeNull();
    expect(taskArguments({ model: 'm.onnx', data: 3 })).toBeNull();
  });
});

test('an int8 model is put where something can be written', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'quantscope-writable-'));
  expect(await firstWritable([join(folder, 'nowhere'), folder, '/'])).toBe(folder);
  expect(await firstWritable([join(folder, 'nowhere')])).toBe(undefined);
  rmdirSync(folder);
});
