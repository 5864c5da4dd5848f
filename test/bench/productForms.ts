// The measuring half of test/bench/productForms.mjs.
import { create } from '@bufbuild/protobuf';
import { OperatorSetIdProtoSchema, type NodeProto, type TensorProto } from 'onnx-buf';
import { makeTensor } from '../../engine/onnx/tensors/elements';
import { type Model } from '../../engine/onnx/graph/model';
import { encodeModel } from '../../engine/onnx/file/readModel';
import { makeBlockProduct, storeInt4 } from '../../engine/quantize/write/blockWeights';
import { makeDynamicProduct } from '../../engine/quantize/write/dynamicProduct';
import { storeHalfWeights } from '../../engine/quantize/write/halfWeights';
import { quantizeWeight, unsignedCodes, UNSIGNED_ZERO } from '../../engine/quantize/weights';
import { loadWithNodes } from '../../engine/runtime/runNodes';
import { RuntimeWorker } from '../../engine/runtime/runtimeWorker';
import { node, noise, tinyModel } from '../engine/tinyModel';

const fresh = (wish: string) => wish;

function model(dims: number[], weight: TensorProto, more: NodeProto[], constants: TensorProto[]): Model {
  const made = tinyModel({
    inputs: { x: dims },
    outputs: ['y'],
    nodes: more,
    constants: Object.fromEntries(
      [...constants, ...(constants.length === 0 ? [weight] : [])].map((t) => [t.name, t]),
    ),
  });
  made.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: 'com.microsoft', version: 1n }));
  return made;
}

function statically(weight: TensorProto, unsigned: boolean): [NodeProto[], TensorProto[]] {
  const { values, dims, scales } = quantizeWeight(weight, 1);
  const zeros = unsigned ? new Uint8Array(scales.length).fill(UNSIGNED_ZERO) : new Int8Array(scales.length);
  return [
    [
      node('QuantizeLinear', ['x', 's', 'z'], 'xq'),
      node('DequantizeLinear', ['xq', 's', 'z'], 'xd'),
      node('DequantizeLinear', ['q', 'ws', 'wz'], 'wd', { axis: 1 }),
      node('MatMul', ['xd', 'wd'], 'y'),
    ],
    [
      makeTensor('s', [], Float32Array.of(1 / 127)),
      makeTensor('z', [], Uint8Array.of(128)),
      makeTensor('q', dims, unsigned ? unsignedCodes(values) : values),
      makeTensor('ws', [scales.length], scales),
      makeTensor('wz', [scales.length], zeros),
    ],
  ];
}

function forms(dims: number[], weight: TensorProto): Record<string, Model> {
  const product = () => node('MatMul', ['x', 'w'], 'y');
  const around = (n: NodeProto, { before, after, constants }: ReturnType<typeof makeDynamicProduct>) =>
    model(dims, weight, [...before, n, ...after], constants);
  const dynamic = (unsigned: boolean) => {
    const n = product();
    const settings = { perColumn: true, transposed: false, bits: 8, unsigned } as const;
    return around(n, makeDynamicProduct(n, weight, settings, fresh));
  };
  const layout = { transposed: false, clip: 'max', zeroPoints: false } as const;
  const blocks = (blockSize: number, integerActivations: boolean) => {
    const n = product();
    const settings = { ...layout, blockSize, bias: null, integerActivations };
    return around(n, makeBlockProduct(n, weight, settings, fresh));
  };
  const int4 = product();
  const half = model(dims, weight, [product()], []);
  storeHalfWeights(half);
  return {
    float: model(dims, weight, [product()], []),
    'half weights': half,
    'static, int8 weights': model(dims, weight, ...statically(weight, false)),
    'static, uint8 weights': model(dims, weight, ...statically(weight, true)),
    'dynamic, int8 weights': dynamic(false),
    'dynamic, uint8 weights': dynamic(true),
    'MatMulNBits, blocks of 32': blocks(32, false),
    'MatMulNBits, blocks of 32, int8 inputs': blocks(32, true),
    'MatMulNBits, blocks of 128, int8 inputs': blocks(128, true),
    'int4 with a scale for each output': around(
      int4,
      storeInt4(int4, weight, { ...layout, blockSize: Number(weight.dims[0] ?? 0) }, 17, fresh),
    ),
  };
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

const runs = Number(process.argv[2] ?? 60);
const worker = new RuntimeWorker();
for (const [rows, inputs, outputs] of [
  [196, 384, 384],
  [1, 768, 3072],
  [32, 768, 3072],
] as const) {
  const weight = makeTensor('w', [inputs, outputs], noise(inputs * outputs, 2));
  const feeds = { x: { type: 'float32' as const, dims: [rows, inputs], data: noise(rows * inputs, 3) } };
  const loaded = [];
  for (const [name, made] of Object.entries(forms([rows, inputs], weight))) {
    const bytes = encodeModel(made);
    const known = { original: made.graph, keepFloat: [], unquantizable: [] };
    const { session, nodes } = await loadWithNodes(worker, bytes, known);
    loaded.push({
      name,
      session,
      bytes: bytes.length,
      nodes: nodes.map((n) => n.opType).join(' '),
      times: [] as number[],
    });
  }
  for (let i = 0; i < runs; i++) {
    for (const { session, times } of loaded) times.push((await session.run(feeds, ['y'])).milliseconds);
  }
  const [float] = loaded;
  const ratio = (own: number, all: number | undefined) => (own / (all ?? NaN)).toFixed(2);
  console.log(
    `[${rows}, ${inputs}] by [${inputs}, ${outputs}], median of ${runs} interleaved runs, one thread`,
  );
  console.table(
    loaded.map(({ name, nodes, times, bytes }) => ({
      form: name,
      nodes,
      'time ÷ float': ratio(median(times), median(float?.times ?? [])),
      'bytes ÷ float': ratio(bytes, float?.bytes),
    })),
  );
  for (const { session } of loaded) await session.release();
}
await worker.terminate();
