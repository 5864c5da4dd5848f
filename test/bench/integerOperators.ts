// The measuring half of test/bench/integerOperators.mjs.
import { clone } from '@bufbuild/protobuf';
import { NodeProtoSchema, TensorProto_DataType, type NodeProto, type TensorProto } from 'onnx-buf';
import { errorText } from '../../engine/shared/engineError';
import { makeTensor } from '../../engine/onnx/tensors/elements';
import { type Model } from '../../engine/onnx/graph/model';
import { encodeModel } from '../../engine/onnx/file/readModel';
import type { Tensor } from '../../engine/onnx/tensors/tensor';
import { loadWithNodes } from '../../engine/runtime/runNodes';
import { RuntimeWorker, type Session } from '../../engine/runtime/runtimeWorker';
import { int64, node, noise, tinyModel } from '../engine/tinyModel';
import { inputGrid, letters, operators, otherGrid, type Grid, type Operator } from './operatorCases';

/** The end of every model: little is handed out, so that what is measured is the operator. */
function tail(outputs: readonly string[]): { nodes: NodeProto[]; constants: Record<string, TensorProto> } {
  const constants = {
    tail_start: int64('tail_start', [0]),
    tail_end: int64('tail_end', [1]),
    tail_axis: int64('tail_axis', [-1]),
  };
  const slice = (name: string) =>
    node('Slice', [name, 'tail_start', 'tail_end', 'tail_axis'], `${name}_tail`);
  return { nodes: outputs.map(slice), constants };
}

const tails = (outputs: readonly string[]) => outputs.map((name) => `${name}_tail`);

function floatModel(operator: Operator): Model {
  const { inputs, nodes, outputs = ['y'], opset = 17 } = operator;
  const end = tail(outputs);
  return tinyModel({
    nodes: [...nodes, ...end.nodes],
    inputs: Object.fromEntries(inputs.map((dims, i) => [letters[i] ?? '', dims])),
    outputs: tails(outputs),
    constants: {
      ...operator.constants,
      ...operator.unsigned,
      ...operator.weights,
      ...operator.biases,
      ...end.constants,
    },
    opset,
  });
}

/** The same with its inputs and outputs on uint8 grids: data stays in integers around it. */
function integerModel(operator: Operator, result: Grid): Model {
  const {
    inputs,
    outputs = ['y'],
    weights = {},
    biases = {},
    unsigned = {},
    constants = {},
    opset = 17,
  } = operator;
  const added: NodeProto[] = [];
  const grids: Record<string, TensorProto> = {};
  const grid = (name: string, { scale, zeroPoint }: Grid): [string, string] => {
    grids[`${name}_scale`] = makeTensor(`${name}_scale`, [], Float32Array.of(scale));
    grids[`${name}_zero`] = makeTensor(`${name}_zero`, [], Uint8Array.of(zeroPoint));
    return [`${name}_scale`, `${name}_zero`];
  };
  const dequantize = (integer: string, [scale, zero]: [string, string], to: string) => {
    added.push(node('DequantizeLinear', [integer, scale, zero], to));
  };
  inputs.forEach((_, i) => {
    const name = letters[i] ?? '';
    dequantize(`${name}_integer`, grid(name, inputGrid), name);
  });
  const stored = (
    name: string,
    dims: number[],
    values: Int8Array<ArrayBuffer> | Int32Array<ArrayBuffer>,
    scale: number,
  ) => {
    grids[`${name}_integer`] = makeTensor(`${name}_integer`, dims, values);
    grids[`${name}_scale`] = makeTensor(`${name}_scale`, [], Float32Array.of(scale));
    const zero = values instanceof Int8Array ? new Int8Array(1) : new Int32Array(1);
    grids[`${name}_zero`] = makeTensor(`${name}_zero`, [], zero);
    dequantize(`${name}_integer`, [`${name}_scale`, `${name}_zero`], name);
  };
  let weightScale = 1;
  for (const [name, [dims, values]] of Object.entries(weights)) {
    weightScale = Math.fround(values.reduce((most, v) => Math.max(most, Math.abs(v)), 0) / 127);
    stored(
      name,
      dims,
      Int8Array.from(values, (v) => Math.round(v / weightScale)),
      weightScale,
    );
  }
  for (const [name, [dims, values]] of Object.entries(biases)) {
    const scale = weightScale * inputGrid.scale;
    stored(
      name,
      dims,
      Int32Array.from(values, (v) => Math.round(v / scale)),
      scale,
    );
  }
  for (const [name, [dims, values]] of Object.entries(unsigned)) {
    const data = Uint8Array.from(values, (v) => Math.round(v / inputGrid.scale) + inputGrid.zeroPoint);
    grids[`${name}_integer`] = makeTensor(`${name}_integer`, dims, data);
    dequantize(`${name}_integer`, grid(name, inputGrid), name);
  }
  const written = outputs.map((name) => {
    if (operator.plainResult) return name;
    added.push(node('QuantizeLinear', [name, ...grid(name, result)], `${name}_integer`));
    return `${name}_integer`;
  });
  const nodes = operator.nodes.flatMap((n) => {
    const name = n.output[0] ?? '';
    if (operator.inner?.includes(name) !== true) return [n];
    const names = grid(name, name === 'c' ? inputGrid : result);
    return [
      Object.assign(clone(NodeProtoSchema, n), { name: `${name}_operator`, output: [`${name}_float`] }),
      node('QuantizeLinear', [`${name}_float`, ...names], `${name}_integer`),
      node('DequantizeLinear', [`${name}_integer`, ...names], name),
    ];
  });
  const end = tail(written);
  return tinyModel({
    nodes: [
      ...added.filter((n) => n.opType === 'DequantizeLinear'),
      ...nodes,
      ...added.filter((n) => n.opType === 'QuantizeLinear'),
      ...end.nodes,
    ],
    inputs: Object.fromEntries(inputs.map((dims, i) => [`${letters[i] ?? ''}_integer`, dims])),
    inputTypes: Object.fromEntries(
      inputs.map((_, i) => [`${letters[i] ?? ''}_integer`, TensorProto_DataType.UINT8]),
    ),
    outputs: tails(written),
    constants: { ...constants, ...grids, ...end.constants },
    opset,
  });
}

/** Only the end of the first input. */
function emptyModel(feeds: Record<string, Tensor>): Model {
  const names = Object.keys(feeds);
  const [first = ''] = names;
  const end = tail([first]);
  return tinyModel({
    nodes: end.nodes,
    inputs: Object.fromEntries(names.map((name) => [name, feeds[name]?.dims ?? []])),
    inputTypes: Object.fromEntries(
      names.map((name) => [
        name,
        feeds[name]?.type === 'uint8' ? TensorProto_DataType.UINT8 : TensorProto_DataType.FLOAT,
      ]),
    ),
    outputs: tails([first]),
    constants: end.constants,
  });
}

interface Loaded {
  session: Session;
  feeds: Record<string, Tensor>;
  outputs: string[];
  types: string;
}

const worker = new RuntimeWorker();

async function load(model: Model, feeds: Record<string, Tensor>): Promise<Loaded> {
  const known = { original: model.graph, keepFloat: [], unquantizable: [] };
  const { session, nodes } = await loadWithNodes(worker, encodeModel(model), known);
  // The last Slice of each output is ours.
  const outputs = model.graph.output.map((o) => o.name);
  const own = nodes.map((n) => n.opType);
  outputs.forEach(() => own.splice(own.lastIndexOf('Slice'), 1));
  return { session, feeds, outputs, types: own.join(' ') || 'nothing' };
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

async function once({ session, feeds, outputs }: Loaded): Promise<number> {
  return (await session.run(feeds, outputs)).milliseconds;
}

const runs = Number(process.argv[2] ?? 60);
const wanted = process.argv.slice(3);
const rows: Record<string, string>[] = [];
for (const [name, operator] of Object.entries(operators)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const floats: Record<string, Tensor> = {};
  const integers: Record<string, Tensor> = {};
  operator.inputs.forEach((dims, i) => {
    const values = noise(
      dims.reduce((a, b) => a * b, 1),
      i + 1,
    );
    const { scale, zeroPoint } = inputGrid;
    const letter = letters[i] ?? '';
    floats[letter] = { type: 'float32', dims, data: values };
    const data = Uint8Array.from(values, (v) => Math.round(v / scale) + zeroPoint);
    integers[`${letter}_integer`] = { type: 'uint8', dims, data };
  });
  const { grid = otherGrid } = operator;
  try {
    const models = [
      await load(floatModel(operator), floats),
      await load(integerModel(operator, inputGrid), integers),
      await load(integerModel(operator, grid), integers),
      // What it costs to run nothing on the same inputs.
      await load(emptyModel(floats), floats),
      await load(emptyModel(integers), integers),
    ] as const;
    const times: number[][] = models.map(() => []);
    for (let i = 0; i < runs; i++) {
      for (const [m, model] of models.entries()) times[m]?.push(await once(model));
    }
    const [first = NaN, second = NaN, third = NaN, nothing = NaN, noInteger = NaN] = times.map(median);
    const micros = (time: number, empty: number) => Math.max(0, 1000 * (time - empty));
    const float = micros(first, nothing);
    const [same, own] = [micros(second, noInteger), micros(third, noInteger)];
    // Beside an operator that costs next to nothing, a ratio says nothing.
    const ratio = (time: number) => (float < 20 ? '–' : (time / float).toFixed(2));
    rows.push({
      operator: name,
      'same grid': models[1].types,
      'own grids': models[2].types,
      'same ÷ float': ratio(same),
      'own ÷ float': ratio(own),
      'float µs': float.toFixed(0),
      'same µs': same.toFixed(0),
      'own µs': own.toFixed(0),
    });
    for (const { session } of models) await session.release();
  } catch (thrown) {
    rows.push({ operator: name, 'same grid': errorText(thrown).slice(0, 160) });
  }
}
await worker.terminate();

const columns = [
  'operator',
  'same grid',
  'own grids',
  'same ÷ float',
  'own ÷ float',
  'float µs',
  'same µs',
  'own µs',
];
const widths = columns.map((c) => Math.max(c.length, ...rows.map((r) => (r[c] ?? '').length)));
const line = (cells: string[]) =>
  cells
    .map((cell, i) => cell.padEnd(widths[i] ?? 0))
    .join('  ')
    .trimEnd();
console.log(`Median of ${runs} interleaved runs, one thread; an empty run is subtracted.`);
console.log(line(columns));
for (const row of rows) console.log(line(columns.map((c) => row[c] ?? '')));
