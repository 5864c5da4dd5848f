// Counts the multiply-adds of a float model's layers, and how many of them an int8 model of it computes in float: FLOAT INT8 DATA.
// A layer is in integers when onnxruntime's optimized graph of the int8 model has an integer node of its name.
import { foldConstants } from '../../engine/runtime/foldConstants';
import { openDataset } from '../../engine/data/openDataset';
import { exposeTensors } from '../../engine/onnx/graph/addGraphOutputs';
import { inputSpecs } from '../../engine/onnx/summary/inputSpecs';
import { findLayers, type Layer } from '../../engine/onnx/layers/layers';
import { encodeModel, readModelFile } from '../../engine/onnx/file/readModel';
import { normalize } from '../../engine/onnx/normalize/normalize';
import { withoutSuffix } from '../../engine/runtime/originalNames';
import { loadWithNodes } from '../../engine/runtime/runNodes';
import type { Tensor } from '../../engine/onnx/tensors/tensor';
import { WorkerPool } from '../../engine/runtime/workerPool';

const [floatPath = '', int8Path = '', data = ''] = process.argv.slice(2);
const pool = new WorkerPool(1);
const sizeOf = (dims: readonly (number | bigint)[]) =>
  dims.reduce<number>((all, dim) => all * Number(dim), 1);

/** Multiply-adds of one run, from what the layer read and made; a lookup has none. */
function multiplyAdds({ opType, weight, recurrence, node }: Layer, tensors: Record<string, Tensor>): number {
  const read = tensors[node.input[0] ?? ''];
  const made = tensors[node.output.find((name) => name !== '') ?? '']?.data.length ?? 0;
  const size = weight === null ? 0 : sizeOf(weight.dims);
  const dims = weight?.dims.map(Number) ?? [];
  switch (opType) {
    case 'Gather':
      return 0;
    case 'Conv':
      return made * (size / (dims[0] ?? 1));
    case 'ConvTranspose':
      return (read?.data.length ?? 0) * (size / (dims[0] ?? 1));
    case 'LSTM':
    case 'GRU': {
      // [directions, gates·hidden, inputs] and [directions, gates·hidden, hidden]; each step makes `hidden` values.
      const own = recurrence?.dims.map(Number) ?? [];
      const hidden = own[2] ?? 1;
      return (made / hidden) * ((size + sizeOf(own)) / (dims[0] ?? 1));
    }
    case 'MatMul':
      return made * (weight === null ? (read?.dims.at(-1) ?? 1) : (dims.at(-2) ?? 1));
    case 'Gemm':
      return made * (size / (tensors[node.output[0] ?? '']?.dims.at(-1) ?? size));
  }
}

async function main(): Promise<unknown> {
  const read = await readModelFile(floatPath);
  const model = normalize(read.model);
  await foldConstants(pool.first, model);
  const layers = findLayers(model.graph);
  const wanted = layers
    .flatMap(({ node }) => [node.input[0] ?? '', ...node.output])
    .filter((name) => name !== '');
  const exposed = exposeTensors(model, wanted);
  const float = await pool.first.load(encodeModel(exposed.model), { threads: 1 });
  const { evaluation } = await openDataset(data, inputSpecs(read.model));
  const { feeds } = await evaluation.load(0);
  const { outputs } = await float.run(feeds, [...exposed.outputs.values()]);
  const tensors: Record<string, Tensor> = { ...feeds };
  for (const [tensor, name] of exposed.outputs) {
    const found = outputs[name];
    if (found !== undefined) tensors[tensor] = found;
  }
  const int8 = await readModelFile(int8Path);
  const known = { original: int8.model.graph, keepFloat: [], unquantizable: [] };
  const { nodes } = await loadWithNodes(pool.first, int8.bytes, known);
  const integer = new Set(
    nodes.filter(({ kind }) => kind === 'integer').map(({ name }) => withoutSuffix(name)),
  );
  const counted = layers.map((layer) => ({
    name: layer.name,
    opType: layer.opType,
    multiplyAdds: Math.round(multiplyAdds(layer, tensors)),
    integer: integer.has(layer.name),
  }));
  // A branch that the samples never take computes nothing.
  const run = counted.filter(({ multiplyAdds: count, opType }) => count > 0 || opType === 'Gather');
  const kind = (wantedKind: string) => nodes.filter((node) => node.kind === wantedKind).length;
  return { layers: run, integerNodes: kind('integer'), floatNodes: kind('float') };
}

void main()
  .then((result) => console.log(JSON.stringify(result)))
  .finally(() => pool.dispose());
