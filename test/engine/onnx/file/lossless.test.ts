import { create, createRegistry, equals, fromBinary, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import {
  FunctionProtoSchema,
  ModelProtoSchema,
  NodeDeviceConfigurationProtoSchema,
  SparseTensorProtoSchema,
  StringStringEntryProtoSchema,
  TensorAnnotationSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  TrainingInfoProtoSchema,
  type ModelProto,
} from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import { decodeText, encodeText } from '../../../../engine/onnx/file/losslessStrings';
import { type Model } from '../../../../engine/onnx/graph/model';
import { decodeModel, encodeModel } from '../../../../engine/onnx/file/readModel';
import { int64, node, noisy, tinyModel, valueInfo } from '../../tinyModel';
import { onnxTestModels, realModels } from '../../zooFiles';
import { wireFields } from './wireFields';

function same(a: ModelProto, b: ModelProto): boolean {
  return equals(ModelProtoSchema, a, b, { unknown: true, registry: createRegistry() });
}

/** What was lost on the way through {@link decodeModel} and {@link encodeModel}, if anything. */
function lost(bytes: Uint8Array): string | undefined {
  const model = decodeModel(bytes, 'model.onnx');
  const written = encodeModel(model);
  const before = JSON.stringify(wireFields(ModelProtoSchema, bytes));
  if (before !== JSON.stringify(wireFields(ModelProtoSchema, written))) return 'a field of the file';
  if (!Buffer.from(encodeModel(decodeModel(written, 'model.onnx'))).equals(written)) return 'a second time';
  return same(model, decodeModel(written, 'model.onnx')) ? undefined : 'a message';
}

test('every model of onnx’s test data comes back whole', () => {
  const files = onnxTestModels();
  expect(files.length).toBeGreaterThan(1000);
  expect(files.map((file) => [file, lost(readFileSync(file))]).filter(([, what]) => what)).toEqual([]);
});

test('every real model comes back whole', () => {
  for (const file of realModels()) {
    const bytes = readFileSync(file);
    const model = decodeModel(bytes, file);
    const written = encodeModel(model);
    expect(same(model, decodeModel(written, file)), file).toBe(true);
    expect(wireFields(ModelProtoSchema, written)).toEqual(wireFields(ModelProtoSchema, bytes));
    expect(Buffer.from(toBinary(ModelProtoSchema, model)).equals(written), file).toBe(true);
  }
});

test('a long weight is written in its place between other fields', () => {
  const model = tinyModel({
    inputs: { x: [1, 40] },
    outputs: ['y'],
    constants: { w: noisy([40, 40]), v: noisy([2]) },
    nodes: [node('MatMul', ['x', 'w'], 'y')],
  });
  const [weight] = model.graph.initializer;
  if (weight === undefined) throw new Error('no weight');
  weight.docString = 'Comes behind the values.';
  weight.$unknown = unknownField(90);
  model.functions = [create(FunctionProtoSchema, { name: 'f' })];
  model.metadataProps = [entry('k', 'v')];
  expect(weight.rawData.length).toBeGreaterThan(1024);
  expect(Buffer.from(encodeModel(model))).toEqual(Buffer.from(toBinary(ModelProtoSchema, model)));
});

function plain(): Model {
  return tinyModel({
    inputs: { x: [1, 2] },
    outputs: ['y'],
    constants: { w: noisy([2, 2]) },
    nodes: [node('MatMul', ['x', 'w'], 'y', { note: 'n' })],
  });
}

/** Changes the plain model and expects to read from the file what was written into it. */
function expectKept(change: (model: Model) => void): void {
  const model = plain();
  change(model);
  // Not by encodeModel, which is what is tested.
  const bytes = toBinary(ModelProtoSchema, model);
  expect(lost(bytes)).toBeUndefined();
  expect(wireFields(ModelProtoSchema, bytes)).not.toEqual(
    wireFields(ModelProtoSchema, toBinary(ModelProtoSchema, plain())),
  );
}

const entry = (key: string, value: string) => create(StringStringEntryProtoSchema, { key, value });
const unknownField = (no: number) => [
  { no, wireType: WireType.LengthDelimited, data: new BinaryWriter().string('from the future').finish() },
  { no: no + 1, wireType: WireType.Varint, data: new BinaryWriter().uint64(2n ** 64n - 1n).finish() },
  { no: no + 2, wireType: WireType.Bit64, data: new BinaryWriter().double(-0).finish() },
];

describe('kept are', () => {
  test('unknown fields at every level', () => {
    expectKept((model) => {
      const [matmul] = model.graph.node;
      const messages = [model, model.graph, matmul, matmul?.attribute[0], model.graph.initializer[0]];
      const inner = [model.graph.input[0], model.graph.input[0]?.type, model.opsetImport[0]];
      for (const [i, message] of [...messages, ...inner].entries()) {
        if (message !== undefined) message.$unknown = unknownField(1000 + 10 * i);
      }
    });
  });

  test('metadata and doc strings', () => {
    expectKept((model) => {
      const [matmul] = model.graph.node;
      const [w] = model.graph.initializer;
      for (const message of [model, model.graph, matmul, w]) {
        if (message === undefined) continue;
        message.docString = 'what it is\u0000\ufeff — \u{1f600}';
        message.metadataProps = [entry('k', 'v'), entry('k', 'again'), entry('__proto__', ''), entry('', '')];
      }
    });
  });

  test('functions and overloads', () => {
    expectKept((model) => {
      const body = { node: [node('Relu', ['a'], 'b')], input: ['a'], output: ['b'] };
      const same = { domain: 'mine', name: 'F', attribute: ['alpha'] };
      model.functions = ['', 'other'].map((overload) =>
        create(FunctionProtoSchema, {
          ...same,
          ...body,
          overload,
          docString: 'f',
          valueInfo: [valueInfo('b', [1])],
        }),
      );
      const [matmul] = model.graph.node;
      if (matmul) matmul.overload = 'other';
    });
  });

  test('training info', () => {
    expectKept((model) => {
      const binding = [entry('w', 'w_new')];
      model.trainingInfo = [
        create(TrainingInfoProtoSchema, {
          algorithm: model.graph,
          initializationBinding: binding,
          updateBinding: binding,
        }),
      ];
    });
  });

  test('sparse and string initializers, in the graph and in attributes', () => {
    expectKept((model) => {
      const values = create(TensorProtoSchema, { name: 's', dims: [1n], dataType: 1, floatData: [5] });
      const sparse = create(SparseTensorProtoSchema, { values, indices: int64('i', [3]), dims: [9n] });
      model.graph.sparseInitializer = [sparse];
      const strings = create(TensorProtoSchema, {
        name: 'strings',
        dims: [3n],
        dataType: TensorProto_DataType.STRING,
        stringData: [Uint8Array.of(), Uint8Array.of(0xff, 0xfe, 0), new TextEncoder().encode('text')],
      });
      model.graph.initializer.push(strings);
      const [attribute] = model.graph.node[0]?.attribute ?? [];
      if (attribute)
        Object.assign(attribute, { sparseTensor: sparse, sparseTensors: [sparse], tensors: [strings] });
    });
  });

  test('every element type, raw and in its own field', () => {
    expectKept((model) => {
      const types = Object.values(TensorProto_DataType).filter((v) => typeof v === 'number');
      expect(types).toContain(TensorProto_DataType.INT2);
      // 99 is of a later version.
      for (const dataType of [...types, 99]) {
        const rawData = Uint8Array.from({ length: 16 }, (_, i) => 17 * i);
        model.graph.initializer.push(
          create(TensorProtoSchema, { name: `raw${dataType}`, dims: [1n], dataType, rawData }),
          create(TensorProtoSchema, {
            name: `own${dataType}`,
            dims: [2n],
            dataType,
            int32Data: [-(2 ** 31), 2 ** 31 - 1],
            int64Data: [-(2n ** 63n), 2n ** 63n - 1n],
            uint64Data: [2n ** 64n - 1n],
            doubleData: [Number.MAX_VALUE, 5e-324, -0, Infinity],
            floatData: [-0, Infinity, -Infinity, 2 ** -149],
          }),
        );
      }
    });
  });

  test('quantization annotations and device configurations', () => {
    expectKept((model) => {
      const quantParameterTensorNames = [entry('SCALE_TENSOR', 'w'), entry('ZERO_POINT_TENSOR', 'w')];
      model.graph.quantizationAnnotation = [
        create(TensorAnnotationSchema, { tensorName: 'w', quantParameterTensorNames }),
      ];
      const [matmul] = model.graph.node;
      if (matmul)
        matmul.deviceConfigurations = [
          create(NodeDeviceConfigurationProtoSchema, { configurationId: 'gpus' }),
        ];
    });
  });

  test('numbers at the ends of their ranges', () => {
    expectKept((model) => {
      model.modelVersion = -(2n ** 63n);
      model.irVersion = 2n ** 63n - 1n;
      const [attribute] = model.graph.node[0]?.attribute ?? [];
      if (attribute) attribute.ints = [2n ** 63n - 1n, -(2n ** 63n), 0n, -1n];
      if (attribute) attribute.floats = [-0, 3.4028234663852886e38, 1e-45];
    });
  });
});

test('NaNs keep their payloads, in raw data, attributes and lists', () => {
  const model = plain();
  const [w] = model.graph.initializer;
  const [attribute] = model.graph.node[0]?.attribute ?? [];
  if (w) Object.assign(w, { rawData: new Uint8Array(0), floatData: [NaN, 1, NaN], doubleData: [NaN] });
  if (attribute) Object.assign(attribute, { f: NaN, floats: [NaN, 2] });
  const bytes = Buffer.from(toBinary(ModelProtoSchema, model));
  // Quiet NaNs: a processor makes signaling ones quiet when it reads them.
  for (let i = 0; (i = bytes.indexOf('0000c07f', i, 'hex')) >= 0;) bytes.writeUInt32LE(0xffc12345, i);
  expect(bytes.includes('4523c1ff', 0, 'hex')).toBe(true);
  // No message with a NaN equals another; the bytes do.
  expect(lost(bytes)).toBe('a message');
  expect(Buffer.from(encodeModel(decodeModel(bytes, 'nan.onnx')))).toEqual(bytes);
});

test('text that is no UTF-8 comes back byte for byte', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.string({ unit: 'binary' }).map((text) => new TextEncoder().encode(text)),
    fc
      .constantFrom('\xe6\x96', '\xed\xa0\x80', '\xf4\x90\x80\x80', '\xc0\x80', '\xef\xbb\xbfa')
      .map((s) => Uint8Array.from(Buffer.from(s, 'latin1'))),
  );
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 3 }), (parts) => {
      const all = new Uint8Array(Buffer.concat(parts));
      expect([...encodeText(decodeText(all))]).toEqual([...all]);
    }),
    { numRuns: 2000 },
  );
  const model = plain();
  model.docString = 'GBK: \u00b1';
  const gbk = Buffer.from(toBinary(ModelProtoSchema, model));
  const at = gbk.indexOf('c2b1', 0, 'hex');
  gbk.writeUInt16BE(0xb1b1, at);
  expect(lost(gbk)).toBeUndefined();
  expect(Buffer.from(encodeModel(decodeModel(gbk, 'gbk.onnx')))).toEqual(gbk);
});

test('models with random unknown fields come back whole', () => {
  const base = toBinary(ModelProtoSchema, plain());
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 30, max: 2 ** 29 - 1 }), fc.uint8Array())), (fields) => {
      const writer = new BinaryWriter().raw(base);
      for (const [no, data] of fields) writer.tag(no, WireType.LengthDelimited).bytes(data);
      const bytes = writer.finish();
      expect(lost(bytes)).toBeUndefined();
      expect(fromBinary(ModelProtoSchema, bytes).$unknown?.length ?? 0).toBe(fields.length);
    }),
    { numRuns: 200 },
  );
});
