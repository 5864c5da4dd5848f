import { dump } from 'npyjs';
import { zipSync } from 'fflate';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { TensorProto_DataType as T } from 'onnx-buf';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { elementTypeName } from '../../../engine/onnx/tensors/elements';
import { setPlace } from '../../../engine/onnx/tensors/externalData';
import { decodeModel, encodeModel } from '../../../engine/onnx/file/readModel';
import { Project } from '../../../engine/project/project';
import type { AnalyzeSettings } from '../../../engine/shared/protocol/settings';
import { modelText } from '../../../engine/cli/text/reportText';
import { WorkerPool } from '../../../engine/runtime/workerPool';
import { narrowModel } from '../onnx/narrowModel';
import { noise, noisy, node, tinyModel, valueInfo } from '../tinyModel';

const folder = mkdtempSync(join(tmpdir(), 'quantscope-precision-'));
const data = join(folder, 'data.npz');
const settings: AnalyzeSettings = {
  data,
  preset: null,
  samples: null,
  weights: 'per-channel',
  calibration: 'max',
  profile: 'auto',
  targetDrop: 0.5,
};
let pool: WorkerPool;

beforeAll(() => {
  vi.stubEnv('QUANTSCOPE_CACHE', join(folder, 'cache'));
  pool = new WorkerPool();
  const x = new Uint8Array(dump(noise(20 * 3 * 64, 5), [20, 3, 8, 8]));
  writeFileSync(data, zipSync({ 'x.npy': x }));
});
afterAll(async () => {
  await pool.dispose();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function modelIn(type: T, inFile = false): string {
  const model = tinyModel({
    inputs: { x: ['n', 3, 8, 8] },
    outputs: ['y'],
    constants: { w1: noisy([8, 3, 3, 3]), b1: noisy([8], 2), w2: noisy([512, 10], 3) },
    nodes: [
      node('Conv', ['x', 'w1', 'b1'], 'c', { pads: [1, 1, 1, 1] }),
      node('Relu', ['c'], 'r'),
      node('Flatten', ['r'], 'f'),
      node('MatMul', ['f', 'w2'], 'y'),
    ],
  });
  model.graph.output = [valueInfo('y', ['n', 10])];
  const path = join(folder, `${elementTypeName(type)}${inFile ? '.external' : ''}.onnx`);
  narrowModel(model, type);
  for (const tensor of inFile ? model.graph.initializer : []) {
    const location = `${elementTypeName(type)}.${tensor.name}.bin`;
    writeFileSync(join(folder, location), tensor.rawData);
    setPlace(tensor, { location, offset: 0, length: tensor.rawData.length });
    tensor.rawData = new Uint8Array(0);
  }
  writeFileSync(path, encodeModel(model));
  return path;
}

describe.each([
  { type: T.FLOAT16, warned: null, crosses: T.FLOAT16 },
  { type: T.BFLOAT16, warned: /bfloat16, which cannot be fed/, crosses: T.FLOAT },
  { type: T.DOUBLE, warned: /float32 instead of double: onnxruntime does not run it/, crosses: T.DOUBLE },
])('a model in $type', ({ type, warned, crosses }) => {
  test('is analyzed, quantized and scored', async () => {
    const project = await Project.open(modelIn(type), pool);
    expect(project.summary.inputs[0]?.type).toBe(elementTypeName(type));
    expect(project.summary.notes.join(' ')).toContain(elementTypeName(type));
    expect(project.summary.layers.map((l) => l.name)).toEqual(['c_node', 'y_node']);

    const report = await project.analyze(settings, {});
    expect(report.float.score).toBe(1);
    expect(report.layers).toHaveLength(2);
    for (const layer of report.layers) expect(layer.sqnrDb).toBeGreaterThan(25);
    expect(report.int8.score).toBeGreaterThan(0.6);
    expect(report.int8.integerNodes).toBe(2);
    if (warned === null) expect(report.warnings.join(' ')).not.toContain('instead of');
    else expect(report.warnings[0]).toMatch(warned);

    const output = join(folder, 'out.int8.onnx');
    const { int8 } = await project.quantize({ ...settings, output, keepFloat: [] }, {});
    expect(int8.score).toBe(report.int8.score);
    const { graph } = decodeModel(new Uint8Array(readFileSync(output)), output);
    for (const { type } of [...graph.input, ...graph.output]) {
      expect(type?.value.case === 'tensorType' && type.value.value.elemType).toBe(crosses);
    }
    const scored = await (
      await Project.open(output, pool)
    ).evaluate({ data, preset: null, samples: null }, project, {});
    expect(scored.score).toBe(int8.score);
  });
});

test('half-precision weights in other files make no difference', async () => {
  const [inside, beside] = [
    await Project.open(modelIn(T.FLOAT16), pool),
    await Project.open(modelIn(T.FLOAT16, true), pool),
  ];
  expect(readFileSync(beside.summary.path).length).toBeLessThan(2000);
  const [a, b] = [await inside.analyze(settings, {}), await beside.analyze(settings, {})];
  expect(b.warnings.join(' ')).not.toContain('instead of');
  expect(b.int8.score).toBe(a.int8.score);
  expect(b.layers.map((l) => l.sqnrDb)).toEqual(a.layers.map((l) => l.sqnrDb));
});

test('a float32 model has nothing to note', async () => {
  const project = await Project.open(modelIn(T.FLOAT), pool);
  expect(project.summary.notes).toEqual([]);
});

describe('a model that is quantized already', () => {
  const output = join(folder, 'once.int8.onnx');
  const again = { ...settings, output: join(folder, 'twice.int8.onnx'), keepFloat: [] };

  test('is scored, but neither analyzed nor quantized again', async () => {
    const original = await Project.open(modelIn(T.FLOAT), pool);
    const { int8 } = await original.quantize({ ...settings, output, keepFloat: [] }, {});
    const project = await Project.open(output, pool);
    expect(project.summary.layers).toEqual([]);
    expect(project.summary.quantized?.layers.map((l) => l.name)).toEqual(['c_node', 'y_node']);
    const refusal = {
      code: 'unsupported',
      message: 'once.int8.onnx is quantized already: 2 layers (QDQ), none in float.',
    };
    await expect(project.analyze(settings, {})).rejects.toMatchObject(refusal);
    await expect(project.quantize(again, {})).rejects.toMatchObject(refusal);
    expect(existsSync(again.output)).toBe(false);
    const { score } = await project.evaluate({ data, preset: null, samples: null }, original, {});
    expect(score).toBe(int8.score);
    const text = modelText(project.summary);
    expect(text).toMatch(/^x +activation +uint8 +one +0\.00\d+ +12[78]$/m);
    expect(text).toMatch(/^w1_quantized +weight +int8 +8, axis 0 +\S+ … \S+ +0$/m);
  });

  test('in part, gets its float layers quantized, and those alone', async () => {
    const original = await Project.open(modelIn(T.FLOAT), pool);
    await original.quantize({ ...settings, output, keepFloat: ['c_node'] }, {});
    const project = await Project.open(output, pool);
    expect(project.summary.layers.map((l) => l.name)).toEqual(['c_node']);
    const report = await project.analyze(settings, {});
    expect(report.layers.map((l) => l.name)).toEqual(['c_node']);
    expect(report.int8.integerNodes).toBe(2);
    await project.quantize(again, {});
    const { summary } = await Project.open(again.output, pool);
    expect([summary.layers, summary.quantized?.layers.length]).toEqual([[], 2]);
  });
});
