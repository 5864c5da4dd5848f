import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { WireType } from '@bufbuild/protobuf/wire';
import { SparseTensorProtoSchema, TrainingInfoProtoSchema } from 'onnx-buf';
import { afterAll, expect, test } from 'vitest';
import { allTensors } from '../../../../engine/onnx/tensors/allTensors';
import { makeTensor, rawBytes } from '../../../../engine/onnx/tensors/elements';
import { isExternal } from '../../../../engine/onnx/tensors/externalData';
import { decodeModel, encodeModel, readModelFile } from '../../../../engine/onnx/file/readModel';
import { readSkeleton } from '../../../../engine/onnx/file/readSkeleton';
import { noise, noisy, node, tinyModel } from '../../tinyModel';

const folder = mkdtempSync(join(tmpdir(), 'quantscope-skeleton-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a graph of very many nodes is as little trouble as one of few', async () => {
  const nodes = Array.from({ length: 50_000 }, (_, i) => node('Relu', [`t${i}`], `t${i + 1}`));
  const model = tinyModel({
    inputs: { t0: ['n', 4] },
    outputs: ['t50000'],
    nodes,
    constants: { w: noisy([200, 200]) },
  });
  const path = join(folder, 'long.onnx');
  const whole = encodeModel(model);
  writeFileSync(path, whole);
  const skeleton = readSkeleton(path, whole.length, 'long.onnx');
  expect(whole.length - skeleton.length).toBeGreaterThan(150_000);
  writeFileSync(join(folder, 'long.skeleton.onnx'), skeleton);
  expect((await readModelFile(join(folder, 'long.skeleton.onnx'))).model.graph.node).toHaveLength(50_000);
});

test('weights of sparse tensors and of training are left out too, and found again', async () => {
  const model = tinyModel({ inputs: { x: [1, 4] }, outputs: ['y'], nodes: [node('Relu', ['x'], 'y')] });
  const values = makeTensor('s', [40_000], noise(40_000, 1));
  const indices = makeTensor(
    '',
    [40_000],
    BigInt64Array.from({ length: 40_000 }, (_, i) => BigInt(i)),
  );
  model.graph.sparseInitializer.push(create(SparseTensorProtoSchema, { values, indices, dims: [50_000n] }));
  const initialization = tinyModel({
    inputs: {},
    outputs: ['u'],
    nodes: [node('Relu', ['t'], 'u')],
    constants: { t: noisy([200, 200]) },
  });
  model.trainingInfo.push(create(TrainingInfoProtoSchema, { initialization: initialization.graph }));
  const path = join(folder, 'odd.onnx');
  const whole = encodeModel(model);
  writeFileSync(path, whole);
  const skeleton = readSkeleton(path, whole.length, 'odd.onnx');
  expect(skeleton.length).toBeLessThan(1000);
  writeFileSync(join(folder, 'odd.skeleton.onnx'), skeleton);
  const read = await readModelFile(join(folder, 'odd.skeleton.onnx'));
  const found = allTensors(read.model);
  expect(found.filter(isExternal)).toHaveLength(3);
  const same = allTensors(model).map((t, i) => {
    const other = found[i];
    return other !== undefined && Buffer.compare(rawBytes(other), t.rawData) === 0;
  });
  expect(same).toEqual([true, true, true]);
});

test('of raw data given twice the last counts, as protobuf has it', () => {
  const model = tinyModel({
    inputs: { x: [1, 4] },
    outputs: ['y'],
    nodes: [node('MatMul', ['x', 'w'], 'y')],
    constants: { w: noisy([4, 20_000], 1) },
  });
  const [weight] = model.graph.initializer;
  if (weight === undefined) throw new Error('no weight');
  const second = noise(80_000, 2);
  weight.$unknown = [
    { no: 9, wireType: WireType.LengthDelimited, data: rawField(new Uint8Array(second.buffer)) },
  ];
  const path = join(folder, 'twice.onnx');
  const whole = encodeModel(model);
  writeFileSync(path, whole);
  const [expected] = decodeModel(whole, 'twice').graph.initializer;
  expect(Buffer.compare(expected?.rawData ?? new Uint8Array(0), Buffer.from(second.buffer))).toBe(0);
  const [place] = decodeModel(readSkeleton(path, whole.length, 'twice.onnx'), 'twice').graph.initializer;
  const offsets = place?.externalData.filter((e) => e.key === 'offset').map((e) => Number(e.value)) ?? [];
  expect(offsets).toHaveLength(1);
  const offset = offsets[0] ?? 0;
  const found = whole.slice(offset, offset + second.byteLength);
  expect(Buffer.compare(found, Buffer.from(second.buffer))).toBe(0);
});

test('a field that claims more than 2 GB besides weights is refused in words', () => {
  const path = join(folder, 'huge.onnx');
  // doc_string (6) of 3 GB, in a hole.
  const size = 3 * 2 ** 30;
  const length = [0, 1, 2, 3, 4].map((i) => (Math.floor(size / 128 ** i) % 128) + (i < 4 ? 128 : 0));
  writeFileSync(path, Uint8Array.of(6 * 8 + 2, ...length));
  truncateSync(path, 1 + length.length + size);
  expect(() => readSkeleton(path, 1 + length.length + size, 'huge.onnx')).toThrow('more than 2 GB');
});

/** Length and content, as an unknown field keeps them. */
function rawField(content: Uint8Array): Uint8Array {
  const length: number[] = [];
  let rest = content.length;
  for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
  return Uint8Array.from([...length, rest, ...content]);
}
