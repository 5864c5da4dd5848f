import { fromBinary } from '@bufbuild/protobuf';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  TensorProto_DataType as T,
  TensorProtoSchema,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';
import { expect, test } from 'vitest';
import { newTensorData, numbersOf } from '../../../../engine/data/samples/elementTypes';
import { errorText } from '../../../../engine/shared/engineError';
import { convertOpset } from '../../../../engine/onnx/opset/convertOpset';
import { elementCount } from '../../../../engine/onnx/tensors/elements';
import { opsetOf, type Model } from '../../../../engine/onnx/graph/model';
import { decodeModel } from '../../../../engine/onnx/file/readModel';
import type { ElementType, Tensor } from '../../../../engine/onnx/tensors/tensor';
import { runModel } from '../../runTiny';

const root = '.models/onnx-testdata/usr/share/libonnx-testdata/data';

const elementTypes = new Map<number, ElementType>([
  [T.FLOAT, 'float32'],
  [T.DOUBLE, 'float64'],
  [T.FLOAT16, 'float16'],
  [T.INT8, 'int8'],
  [T.UINT8, 'uint8'],
  [T.INT16, 'int16'],
  [T.UINT16, 'uint16'],
  [T.INT32, 'int32'],
  [T.UINT32, 'uint32'],
  [T.INT64, 'int64'],
  [T.UINT64, 'uint64'],
  [T.BOOL, 'bool'],
]);

/** Why onnxruntime's Node binding cannot take or give the value; undefined where it can. */
function cannotCross({ name, type }: ValueInfoProto): string | undefined {
  const value = type?.value;
  if (value?.case !== 'tensorType') return value?.case ?? `${name} has no type`;
  if (elementTypes.has(value.value.elemType)) return undefined;
  return (T[value.value.elemType] ?? 'unknown').toLowerCase();
}

function tensorOf(proto: TensorProto): Tensor {
  const type = elementTypes.get(proto.dataType) ?? 'float32';
  const data = newTensorData(type, elementCount(proto));
  if (proto.rawData.length === data.byteLength) new Uint8Array(data.buffer).set(proto.rawData);
  else if (proto.floatData.length > 0) data.set(proto.floatData as never);
  else if (proto.int32Data.length > 0) data.set(proto.int32Data as never);
  else data.set((proto.int64Data.length > 0 ? proto.int64Data : proto.doubleData) as never);
  return { type, dims: proto.dims.map(Number), data };
}

function readTensor(path: string): Tensor {
  return tensorOf(fromBinary(TensorProtoSchema, new Uint8Array(readFileSync(path))));
}

/** Why the outputs are not those expected; undefined when they are, within float32's or float16's rounding. */
function difference(expected: Tensor, found: Tensor | undefined): string | undefined {
  if (found?.type !== expected.type) return `${found?.type ?? 'nothing'} in place of ${expected.type}`;
  if (found.dims.join() !== expected.dims.join()) {
    return `[${found.dims.join()}] in place of [${expected.dims.join()}]`;
  }
  const tolerance = expected.type === 'float16' ? 5e-3 : 1e-4;
  const [a, b] = [numbersOf(expected), numbersOf(found)];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [Number(a[i]), Number(b[i])];
    if (Object.is(x, y) || x === y) continue;
    if (!(Math.abs(x - y) <= tolerance * (1 + Math.abs(x)))) return `${y} in place of ${x}`;
  }
  return undefined;
}

interface Given {
  name: string;
  folder: string;
  model: Model;
}

/** The tests of onnx whose model is written in a set before `target`, by their folders. */
function oldTests(target: number): Given[] {
  return ['node', 'simple', 'pytorch-operator', 'pytorch-converted'].flatMap((group) =>
    readdirSync(join(root, group)).flatMap((name) => {
      const folder = join(root, group, name);
      const path = join(folder, 'model.onnx');
      if (!existsSync(path)) return [];
      const model = decodeModel(new Uint8Array(readFileSync(path)), name);
      const opset = opsetOf(model);
      return opset > 0 && opset < target ? [{ name: `${group}/${name}`, folder, model }] : [];
    }),
  );
}

/** Runs a model on the test's inputs; answers why its outputs are wrong, or undefined. */
async function wrong({ folder }: Given, model: Model): Promise<string | undefined> {
  const data = join(folder, 'test_data_set_0');
  const feeds: Record<string, Tensor> = {};
  const initializers = new Set(model.graph.initializer.map((t) => t.name));
  const inputs = model.graph.input.filter((i) => !initializers.has(i.name));
  // Inputs that are initializers too have files of their own in old tests.
  const files = readdirSync(data).filter((f) => f.startsWith('input_')).length;
  const fed = files === inputs.length ? inputs : model.graph.input;
  fed.forEach((input, i) => (feeds[input.name] = readTensor(join(data, `input_${i}.pb`))));
  let outputs: Record<string, Tensor>;
  try {
    outputs = await runModel(model, feeds);
  } catch (thrown) {
    return errorText(thrown).replace(/\s+/g, ' ');
  }
  for (const [i, { name }] of model.graph.output.entries()) {
    const why = difference(readTensor(join(data, `output_${i}.pb`)), outputs[name]);
    if (why !== undefined) return `${name}: ${why}`;
  }
  return undefined;
}

/** Tests whose outputs are thrown dice. */
const random = /bernoulli|training_dropout(?!_zero)/;

/**
 * Tests that onnxruntime fails with the model as it is, by what is said then. None is lost by converting:
 * everything that is converted and that onnxruntime runs right before, it runs right after.
 */
const failsAnyway: [tests: string, says: RegExp][] = [
  // Element types and options that it lacks.
  ['bitshift_left_uint16 bitshift_right_uint16', /an implementation for BitShift/],
  ['max_int16 max_uint16', /an implementation for Max/],
  ['min_int16 min_uint16', /an implementation for Min/],
  ['pow_types_float32_uint32 pow_types_float32_uint64', /an implementation for Pow/],
  ['gru_batchwise lstm_batchwise simple_rnn_batchwise', /Batchwise recurrent operations/],
  // Its answers differ from onnx's.
  ['maxunpool_export_with_output_shape', / in place of /],
  [
    'resize_downsample_scales_cubic_align_corners resize_downsample_scales_linear_align_corners',
    / in place of /,
  ],
];
const gradient = /Gradient\(-1\) is not a registered function/;
const knownFailures = new Map<string, RegExp>([
  ...failsAnyway.flatMap(([names, says]) =>
    names.split(' ').map((name) => [`node/test_${name}`, says] as const),
  ),
  ['simple/test_gradient_of_add', gradient],
  ['simple/test_gradient_of_add_and_mul', gradient],
]);

interface Outcome {
  all: number;
  passed: number;
  /** Passed only once converted. */
  won: number;
  /** Why a test fails, before and after it is converted. */
  failed: Map<string, { before: string | undefined; after: string }>;
  skipped: Record<string, number>;
}

/** Converts the tests of older sets to one and runs them before and after. */
async function convertAll(target: number): Promise<Outcome> {
  const tests = oldTests(target);
  const outcome: Outcome = { all: tests.length, passed: 0, won: 0, failed: new Map(), skipped: {} };
  for (const each of tests) {
    const { name, model } = each;
    const foreign = random.test(name)
      ? 'random outputs'
      : [...model.graph.input, ...model.graph.output].flatMap((i) => cannotCross(i) ?? [])[0];
    if (foreign !== undefined) {
      outcome.skipped[foreign] = (outcome.skipped[foreign] ?? 0) + 1;
      continue;
    }
    const before = await wrong(each, model);
    convertOpset(model, target);
    const after = await wrong(each, model);
    if (after !== undefined) outcome.failed.set(name, { before, after });
    else {
      outcome.passed += 1;
      if (before !== undefined) outcome.won += 1;
    }
  }
  const reasons = Object.entries(outcome.skipped).map(([kind, count]) => `${count} with ${kind}`);
  console.log(
    `${tests.length} tests before opset ${target}: ${outcome.passed} pass once converted, ${outcome.won} of which ` +
      `onnxruntime fails as they are. Not compared, most for values that onnxruntime's Node binding cannot take: ` +
      `${reasons.join(', ')}. Failing once converted:\n` +
      [...outcome.failed].map(([name, { after }]) => `  ${name}: ${after.slice(0, 150)}`).join('\n'),
  );
  return outcome;
}

test('the tests of onnx in old operator sets pass once converted', async () => {
  const { all, passed, won, failed, skipped } = await convertAll(17);
  const unexplained = [...failed].filter(([name, { before, after }]) => {
    const known = knownFailures.get(name);
    return known?.test(after) !== true || !known.test(before ?? '');
  });
  expect(unexplained).toEqual([]);
  expect([...failed.keys()].sort()).toEqual([...knownFailures.keys()].sort());
  expect({ all, passed, skipped }).toEqual({
    all: 997,
    passed: 935,
    skipped: { bfloat16: 6, string: 18, optionalType: 7, sequenceType: 5, 'random outputs': 10 },
  });
  expect(won).toBeGreaterThanOrEqual(34);
}, 60_000);

test('none of the tests of onnx is lost by converting to set 21', async () => {
  const { all, passed, failed, skipped } = await convertAll(21);
  const lost = [...failed].filter(([, { before }]) => before === undefined);
  expect(lost).toEqual([]);
  expect({ all, passed, skipped }).toEqual({
    all: 1065,
    passed: 989,
    skipped: { bfloat16: 6, string: 18, optionalType: 7, sequenceType: 17, 'random outputs': 10 },
  });
}, 120_000);
