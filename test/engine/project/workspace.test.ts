import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { setPlace } from '../../../engine/onnx/tensors/externalData';
import { encodeModel } from '../../../engine/onnx/file/readModel';
import { Workspace } from '../../../engine/project/workspace';
import { noisy, node, tinyModel } from '../tinyModel';

const folder = mkdtempSync(join(tmpdir(), 'quantscope-workspace-'));
const workspace = new Workspace();
afterAll(async () => {
  await workspace.dispose();
  rmSync(folder, { recursive: true });
});

test('a model is opened anew when only the file with its weights has changed', async () => {
  const model = tinyModel({
    inputs: { x: ['n', 16] },
    outputs: ['y'],
    constants: { w: noisy([16, 32]) },
    nodes: [node('MatMul', ['x', 'w'], 'y')],
  });
  const [weight] = model.graph.initializer;
  if (weight === undefined) throw new Error('no weight');
  const data = join(folder, 'w.bin');
  const path = join(folder, 'model.onnx');
  writeFileSync(data, weight.rawData);
  weight.rawData = new Uint8Array(0);
  setPlace(weight, { location: 'w.bin', offset: 0, length: 2048 });
  writeFileSync(path, encodeModel(model));

  const first = await workspace.open(path);
  expect(await workspace.open(path)).toBe(first);
  writeFileSync(data, new Uint8Array(2048));
  utimesSync(data, 1e9, 1e9);
  const second = await workspace.open(path);
  expect(second).not.toBe(first);
  expect(second.summary.hash).not.toBe(first.summary.hash);
});
