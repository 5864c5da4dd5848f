import { fromBinary } from '@bufbuild/protobuf';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ModelProtoSchema, TensorProtoSchema, TensorProto_DataType as T, type TensorProto } from 'onnx-buf';
import { clone } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { convertOpset } from '../../../engine/onnx/convertOpset';
import { decodeModel, encodeModel, opsetOf, type Model } from '../../../engine/onnx/model';
import type { Tensor } from '../../../engine/onnx/tensor';
import { testWorker } from '../runTiny';

const root = '.models/onnx-testdata/usr/share/libonnx-testdata/data';
const TARGET = 17;

/** What the tests of the ONNX backend allow (onnx/backend/test/runner): 1e-3 of the value, and 1e-7. */
const RELATIVE = 1e-3;
const ABSOLUTE = 1e-7;

type Kind = { type: Tensor['type']; array: (bytes: ArrayBuffer) => Tensor['data']; field: keyof TensorProto };
const kinds = new Map<number, Kind>([
  [T.FLOAT, { type: 'float32', array: (b) => new Float32Array(b), field: 'floatData' }],
  [T.DOUBLE, { type: 'float64', array: (b) => new Float64Array(b), field: 'doubleData' }],
  [T.FLOAT16, { type: 'float16', array: (b) => new Uint16Array(b), field: 'int32Data' }],
  [T.INT8, { type: 'int8', array: (b) => new Int8Array(b), field: 'int32Data' }],
  [T.UINT8, { type: 'uint8', array: (b) => new Uint8Array(b), field: 'int32Data' }],
  [T.INT16, { type: 'int16', array: (b) => new Int16Array(b), field: 'int32Data' }],
  [T.UINT16, { type: 'uint16', array: (b) => new Uint16Array(b), field: 'int32Data' }],
  [T.INT32, { type: 'int32', array: (b) => new Int32Array(b), field: 'int32Data' }],
  [T.UINT32, { type: 'uint32', array: (b) => new Uint32Array(b), field: 'uint64Data' }],
  [T.INT64, { type: 'int64', array: (b) => new BigInt64Array(b), field: 'int64Data' }],
  [T.UINT64, { type: 'uint64', array: (b) => new BigUint64Array(b), field: 'uint64Data' }],
  [T.BOOL, { type: 'bool', array: (b) => new Uint8Array(b), field: 'int32Data' }],
]);

class NotRunnable extends Error {}

function readTensor(path: string): Tensor {
  let proto: TensorProto;
  try {
    proto = fromBinary(TensorProtoSchema, new Uint8Array(readFileSync(path)));
  } catch {
    throw new NotRunnable('no tensor');
  }
  const kind = kinds.get(proto.dataType);
  if (kind === undefined || proto.stringData.length > 0) throw new NotRunnable(`type ${proto.dataType}`);
  const dims = proto.dims.map(Number);
  const count = dims.reduce((a, b) => a * b, 1);
  const raw = proto.rawData.slice();
  if (raw.length > 0) return { type: kind.type, dims, data: kind.array(raw.buffer) };
  const values = proto[kind.field] as (number | bigint)[];
  if (values.length !== count) throw new NotRunnable('no tensor');
  const data = kind.array(new ArrayBuffer(count * kind.array(new ArrayBuffer(0)).BYTES_PER_ELEMENT));
  values.forEach((v, i) => ((data as unknown as (number | bigint)[])[i] = v));
  return { type: kind.type, dims, data };
}

interface Case {
  model: Model;
  feeds: Record<string, Tensor>;
  expected: [name: string, tensor: Tensor][];
}

function readCase(folder: string, model: Model): Case {
  const set = join(folder, 'test_data_set_0');
  const files = existsSync(set) ? readdirSync(set) : [];
  if (files.length === 0) throw new NotRunnable('no data');
  const read = (prefix: string, names: string[]) =>
    names.flatMap((name, i): [string, Tensor][] =>
      name !== '' && files.includes(`${prefix}_${i}.pb`)
        ? [[name, readTensor(join(set, `${prefix}_${i}.pb`))]]
        : [],
    );
  const initializers = new Set(model.graph.initializer.map((t) => t.name));
  const inputs = model.graph.input.map((i) => i.name).filter((name) => !initializers.has(name));
  return {
    model,
    feeds: Object.fromEntries(read('input', inputs)),
    expected: read(
      'output',
      model.graph.output.map((o) => o.name),
    ),
  };
}

async function run(model: Model, { feeds, expected }: Case): Promise<Record<string, Tensor>> {
  const session = await testWorker().load(encodeModel(model), { threads: 1 });
  try {
    return (
      await session.run(
        feeds,
        expected.map(([name]) => name),
      )
    ).outputs;
  } finally {
    await session.release();
  }
}

function halfValue(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function differs(expected: Tensor, actual: Tensor | undefined): string | undefined {
  if (actual === undefined) return 'no output';
  if (actual.dims.join() !== expected.dims.join()) return `shape ${actual.dims.join()}`;
  const number = (v: number | bigint) => (expected.type === 'float16' ? halfValue(Number(v)) : Number(v));
  for (const [i, value] of [...expected.data].entries()) {
    const [a, b] = [number(value), number(actual.data[i] ?? NaN)];
    if (Object.is(a, b) || a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    if (!(Math.abs(a - b) <= ABSOLUTE + RELATIVE * Math.abs(a))) return `value ${i}: ${b} instead of ${a}`;
  }
  return undefined;
}

const short = (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, 160);

test('old models of onnx’s own test data give the expected outputs once converted', async () => {
  const passed: string[] = [];
  const wrong: string[] = [];
  const unconverted: string[] = [];
  const notRunnable: string[] = [];
  for (const part of ['node', 'simple', 'pytorch-operator', 'pytorch-converted']) {
    for (const name of readdirSync(join(root, part)).sort()) {
      const folder = join(root, part, name);
      const file = join(folder, 'model.onnx');
      if (!existsSync(file)) continue;
      const model = decodeModel(new Uint8Array(readFileSync(file)), name);
      if (opsetOf(model) >= TARGET || opsetOf(model) === 0) continue;
      let each: Case;
      try {
        each = readCase(folder, model);
      } catch (thrown) {
        if (!(thrown instanceof NotRunnable)) throw thrown;
        notRunnable.push(`${name}: ${thrown.message}`);
        continue;
      }
      const copy = clone(ModelProtoSchema, model);
      const converted: Model = Object.assign(copy, { graph: copy.graph ?? model.graph });
      try {
        convertOpset(converted, TARGET);
      } catch (thrown) {
        unconverted.push(`${name} (opset ${opsetOf(model)}): ${short(thrown)}`);
        continue;
      }
      let why: string | undefined;
      try {
        const outputs = await run(converted, each);
        why = each.expected
          .map(([output, tensor]) => differs(tensor, outputs[output]))
          .find((d) => d !== undefined);
      } catch (thrown) {
        why = short(thrown);
      }
      if (why === undefined) passed.push(name);
      else {
        // Perhaps onnxruntime cannot do it unconverted either.
        const before = await run(model, each).then(
          (outputs) => each.expected.map(([o, t]) => differs(t, outputs[o])).find((d) => d !== undefined),
          (thrown: unknown) => short(thrown),
        );
        if (before === undefined) wrong.push(`${name} (opset ${opsetOf(model)}): ${why}`);
        else notRunnable.push(`${name}: unconverted too: ${before}`);
      }
    }
  }
  console.log(
    `${passed.length} converted tests passed, ${wrong.length} differ, ${unconverted.length} not converted, ` +
      `${notRunnable.length} that onnxruntime or its Node binding cannot run unconverted either.`,
  );
  expect(wrong).toEqual([]);
  // Scan of version 8 runs over batches of sequences with lengths of their own; nothing newer does.
  expect(unconverted).toEqual([expect.stringMatching(/^test_scan_sum \(opset 8\): .*Scan, of version 8/)]);
  // Random results, training, types without a kernel or a JS form, training operators: none is for conversion to mend.
  expect(notRunnable).toHaveLength(62);
  expect(passed).toHaveLength(934);
}, 120_000);
