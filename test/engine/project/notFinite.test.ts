import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { encodeModel } from '../../../engine/onnx/file/readModel';
import { Project } from '../../../engine/project/project';
import type { AnalyzeSettings } from '../../../engine/shared/protocol/settings';
import { adviceText, layersText } from '../../../engine/cli/text/reportText';
import { WorkerPool } from '../../../engine/runtime/workerPool';
import { dataFolder, npzBytes } from '../data/dataFolder';
import { npyBytes } from '../data/npyBytes';
import { node, noise, noisy, tinyModel } from '../tinyModel';

const pool = new WorkerPool(1);
afterAll(() => pool.dispose());

const WIDTH = 16;
const COUNT = 8;

/** A layer behind a logarithm, one behind a division, and one on the input itself. */
const model = tinyModel({
  inputs: { x: ['n', WIDTH] },
  outputs: ['y'],
  constants: {
    one: [[1], [1]],
    a: noisy([WIDTH, 4], 1),
    b: noisy([WIDTH, 4], 2),
    c: noisy([WIDTH, 4], 3),
  },
  nodes: [
    node('Log', ['x'], 'logarithm'),
    node('Div', ['one', 'x'], 'quotient'),
    node('MatMul', ['logarithm', 'a'], 'ya'),
    node('MatMul', ['quotient', 'b'], 'yb'),
    node('MatMul', ['x', 'c'], 'yc'),
    node('Add', ['ya', 'yb'], 'yab'),
    node('Add', ['yab', 'yc'], 'y'),
  ],
});

const settings = {
  preset: null,
  samples: null,
  weights: 'per-channel',
  calibration: 'max',
  profile: 'auto',
  targetDrop: 0.01,
} as const satisfies Partial<AnalyzeSettings>;

/** Analyzes with samples of values from 1 to 3, but for what `change` puts in. */
async function analyze(change: (values: Float32Array) => void) {
  const values = noise(COUNT * WIDTH, 5).map((value) => 2 + value);
  change(values);
  const x = npyBytes({ descr: '<f4', shape: [COUNT, WIDTH], data: values });
  const folder = dataFolder({ 'data.npz': npzBytes({ x }) });
  vi.stubEnv('QUANTSCOPE_CACHE', join(folder, 'cache'));
  const path = join(folder, 'model.onnx');
  writeFileSync(path, encodeModel(model));
  const project = await Project.open(path, pool);
  const report = await project.analyze({ ...settings, data: join(folder, 'data.npz') }, {});
  return { report, cached: await project.cachedReport() };
}

test('values that are no numbers are told by layer, with the sample in which they first came', async () => {
  const { report, cached } = await analyze((values) => {
    values[5 * WIDTH] = 0;
    values[3 * WIDTH + 1] = -1;
    values[3 * WIDTH + 2] = -2;
  });
  const [logarithm, quotient, input] = report.layers.map(({ inputs }) => inputs[0]);
  expect(logarithm?.notFinite).toEqual({ nan: 2, positive: 0, negative: 1, sample: '#3' });
  expect(quotient?.notFinite).toEqual({ nan: 0, positive: 1, negative: 0, sample: '#5' });
  expect(input).not.toHaveProperty('notFinite');
  // The rest counts as ever.
  const drawn = [...(logarithm?.histogram.positive ?? []), ...(logarithm?.histogram.negative ?? [])];
  expect(drawn.reduce((a, b) => a + b)).toBe(COUNT * WIDTH - 3);
  for (const { inputs } of report.layers)
    for (const clip of Object.values(inputs[0]?.clips ?? {})) expect(clip).toSatisfy(Number.isFinite);

  expect(cached?.layers).toEqual(JSON.parse(JSON.stringify(report.layers)));
  const [, head, ...rows] = layersText(report).split('\n');
  expect(head).toMatch(/NaN, ±∞$/);
  expect(rows.find((row) => row.startsWith('ya_node'))).toMatch(/ 2 NaN, 1 −∞$/);
  expect(rows.find((row) => row.startsWith('yb_node'))).toMatch(/ 1 \+∞$/);
  expect(rows.find((row) => row.startsWith('yc_node'))).toMatch(/points {2}[a-z0-9 ]+$/);
  expect(adviceText(report)).toContain('logarithm held 2 NaN, 1 −∞, first in sample #3');
});

test('without such values nothing is said of them', async () => {
  const { report } = await analyze(() => undefined);
  for (const { inputs } of report.layers) expect(inputs[0]).not.toHaveProperty('notFinite');
  expect(layersText(report)).not.toContain('NaN, ±∞');
  expect(adviceText(report)).not.toContain('NaN');
});

test('a layer that reads nothing else computes in float, which is said, and the work goes on', async () => {
  const { report } = await analyze((values) => values.fill(-1));
  expect(report.layers.map((l) => l.name)).toEqual(['yb_node', 'yc_node']);
  expect(report.warnings).toContain(
    'Nothing but NaN and infinities reached 1 layer, stored in int8 and computed in float: ya_node.',
  );
  expect(report.warnings).toContain(
    `logarithm held ${COUNT * WIDTH} NaN, first in sample #0; they were left out.`,
  );
});
