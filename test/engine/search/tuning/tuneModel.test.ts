import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { dump } from 'npyjs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { decodeModel, encodeModel } from '../../../../engine/onnx/file/readModel';
import { Project } from '../../../../engine/project/project';
import type { AnalyzeSettings } from '../../../../engine/shared/protocol/settings';
import { quantizedText } from '../../../../engine/cli/text/reportText';
import { WorkerPool } from '../../../../engine/runtime/workerPool';
import type { Evaluator, Verdict } from '../../../../engine/evaluate/evaluator';
import type { Candidate } from '../../../../engine/search/candidate/candidate';
import { Judge, type Judged } from '../../../../engine/search/candidate/candidateTrials';
import { refineLayers } from '../../../../engine/search/tuning/layerFallback';
import { node, noise, noisy, tinyModel, type TinyModel } from '../../tinyModel';

let folder: string;
let pool: WorkerPool;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'quantscope-workflow-'));
  process.env['QUANTSCOPE_CACHE'] = join(folder, 'cache');
  pool = new WorkerPool(2);
});
afterAll(async () => {
  await pool.dispose();
  rmSync(folder, { recursive: true });
});

const COUNT = 48;
const image = [4, 6, 6];

/** Pictures in one file, and settings that calibrate with half of them. */
function settings(name: string): AnalyzeSettings {
  const data = join(folder, `${name}.npz`);
  const x = dump(noise(COUNT * 144, 9), [COUNT, ...image]);
  writeFileSync(data, zipSync({ 'x.npy': new Uint8Array(x) }));
  return {
    ...{ data, preset: null, samples: null, weights: 'per-channel', calibration: 'max', profile: 'auto' },
    targetDrop: 0.01,
  };
}

function open(name: string, model: TinyModel): Promise<Project> {
  const path = join(folder, `${name}.onnx`);
  writeFileSync(path, encodeModel(tinyModel(model)));
  return Project.open(path, pool);
}

/**
 * A product by factors from 1 to 10,000 and a layer that takes them back: fine in float, and lost on one grid for all
 * channels. A sum beside it that does no harm.
 */
const factors = [1, 30, 900, 10_000];
const spread: TinyModel = {
  inputs: { x: ['n', ...image] },
  outputs: ['y'],
  nodes: [
    node('Conv', ['x', 'v'], 'a'),
    node('Conv', ['x', 'u'], 'c'),
    node('Add', ['a', 'c'], 's'),
    node('Conv', ['s', 'z'], 't'),
    node('Mul', ['t', 'factors'], 'm'),
    node('Mul', ['m', 'inverse'], 'd'),
    node('Conv', ['d', 'w'], 'e'),
    node('GlobalAveragePool', ['e'], 'g'),
    node('Flatten', ['g'], 'y'),
  ],
  constants: {
    v: noisy([4, 4, 1, 1], 1),
    u: noisy([4, 4, 1, 1], 2),
    z: noisy([4, 4, 1, 1], 5),
    w: noisy([5, 4, 1, 1], 3),
    // Of the shape of the picture, so that no convolution takes them in.
    factors: [[1, 4, 6, 6], factors.flatMap((f) => new Array<number>(36).fill(f))],
    inverse: [[1, 4, 6, 6], factors.flatMap((f) => new Array<number>(36).fill(1 / f))],
  },
};

describe('what stands between layers', () => {
  test('is measured alone, the worst first, and with everything else in int8', async () => {
    const project = await open('between', spread);
    const { operators, int8 } = await project.analyze(settings('between'), {});
    const [first] = operators;
    expect(first).toMatchObject({ name: 'm_node', opType: 'Mul', block: null, decision: 'float' });
    expect(first?.drop).toBeGreaterThan(2 * (first?.standardError ?? Infinity));
    // Left alone in float it gives back what all in int8 lost.
    expect(first?.without?.score).toBeGreaterThan(int8.score);
    expect(operators.find(({ name }) => name === 's_node')?.drop).toBeLessThan(0.1 * (first?.drop ?? 0));
    for (const { outputDb, samples } of operators) {
      expect(outputDb).toBeGreaterThanOrEqual(first?.outputDb ?? Infinity);
      expect(samples).toBe(COUNT / 2);
    }
  });

  test('is found to be to blame, stays in float, and what does no harm does not', async () => {
    const project = await open('spread', spread);
    const output = join(folder, 'spread.int8.onnx');
    const result = await project.quantize({ ...settings('spread'), output, keepFloat: null }, {});
    expect(result.blamed.map((b) => b.opType)).toEqual(['Mul']);
    expect(result.blamed[0]?.gain).toBeGreaterThan(0.1);
    expect(result.keepFloat).toEqual([]);
    const [calibrated] = result.notebook;
    expect(calibrated?.difference).toBeLessThan(-0.1);
    expect(result.int8.difference.difference).toBeGreaterThan(-0.05);
    expect(quantizedText(result)).toMatch(/Between the layers, .*Mul.* stays? in float/);
    const groups = result.int8.floatGroups.map((g) => g.opType);
    expect(groups).toContain('Mul');
    expect(groups).not.toContain('Conv');
  });
});

describe('layers in float', () => {
  const scores = (each: readonly number[]) => ({
    score: each.reduce((sum, value) => sum + value, 0) / each.length,
    samples: each.map((value) => ({ value, weight: 1 })),
    sqnrDb: 20,
    cosine: 1,
  });
  /** What is kept of layers `a` and `b`, where float scores 1 and everything in int8 as given. */
  const kept = async (int8: readonly number[], refined: readonly number[]) => {
    const candidate = { profile: 'x86', choices: new Map() } as unknown as Candidate;
    const judged = (verdict: Verdict, of: Candidate) => ({
      ...{ candidate: of, verdict },
      entry: { kept: false } as Judged['entry'],
    });
    const attempt = (_step: string, _tried: string, of: Candidate) =>
      Promise.resolve(judged(scores(of.choices.size === 0 ? int8 : refined), of));
    const evaluator: Pick<Evaluator, 'float'> = { float: 1 };
    const judge = new Judge(evaluator as unknown as Evaluator, 'top1', 0.01, undefined);
    vi.spyOn(judge, 'attempt').mockImplementation(attempt);
    const rank = () => Promise.resolve(['a', 'b']);
    const result = await refineLayers(judged(scores(int8), candidate), rank, judge, undefined);
    return result.candidate.choices.size;
  };
  const around = (mean: number, spread: number) =>
    Array.from({ length: 16 }, (_, i) => mean + (i % 2 === 0 ? spread : -spread));

  test('are not given away for a gain within noise by what is near enough', async () => {
    expect(await kept(around(0.994, 0.01), around(0.997, 0))).toBe(0);
  });
  test('are where the gain is beyond noise', async () => {
    expect(await kept(around(0.994, 0.001), around(0.997, 0))).toBe(1);
  });
  test('are where the target is missed', async () => {
    expect(await kept(around(0.985, 0.03), around(0.997, 0))).toBe(1);
  });
});

describe('the notebook', () => {
  test('says nothing of layers in float where none is left open', async () => {
    const start = { candidate: { profile: 'x86' }, verdict: { score: 0 } } as Judged;
    const attempt = vi.fn();
    const judge = { suffices: () => false, attempt } as unknown as Judge;
    expect(await refineLayers(start, () => Promise.resolve([]), judge, undefined)).toBe(start);
    expect(attempt).not.toHaveBeenCalled();
  });

  test('ends with the samples that chose nothing, and goes into the model with the decisions', async () => {
    const project = await open('plain', spread);
    const output = join(folder, 'plain.int8.onnx');
    const wanted = { ...settings('plain'), output, keepFloat: null };
    const result = await project.quantize(wanted, {});
    expect(result.settings.choosingSamples).toBe(COUNT / 2);
    expect(result.settings.evaluationSamples).toBe(COUNT / 2);
    const last = result.notebook.at(-1);
    expect(last).toMatchObject({ step: 'verification', kept: true, score: result.int8.score });
    const { metadataProps } = decodeModel(readFileSync(output), 'plain.int8.onnx');
    const entries = new Map(metadataProps.map(({ key, value }) => [key, value]));
    expect([...entries.keys()]).toEqual([
      'quantscope.settings',
      'quantscope.decisions',
      'quantscope.score',
      'quantscope.notebook',
    ]);
    const written = JSON.parse(entries.get('quantscope.notebook') ?? '') as { tried: string }[];
    expect(written.map((e) => e.tried)).toEqual(result.notebook.map((e) => e.tried));
  });

  test('of a finished analysis is not written again: quantizing takes its decisions, and makes the same model', async () => {
    const project = await open('again', spread);
    const output = join(folder, 'again.int8.onnx');
    const wanted = settings('again');
    const report = await project.analyze(wanted, {});
    const stages = new Set<string>();
    const onProgress = ({ stage }: { stage: string }) => stages.add(stage);
    const result = await project.quantize({ ...wanted, output, keepFloat: null }, { onProgress });
    expect(stages).not.toContain('sensitivity');
    expect(result.decisions).toEqual(report.decisions);
    expect(result.int8.score).toBe(report.advised.score);
    expect(report.notebook.at(-1)).toMatchObject({ step: 'verification', score: report.advised.score });
    expect(report.layers.every((l) => l.drop === report.choosing.score - l.score)).toBe(true);
  });
});
