import { clone } from '@bufbuild/protobuf';
import { AttributeProtoSchema } from 'onnx-buf';
import type { SampleSource } from '../../data/samples/dataset';
import { firstOf } from '../../data/samples/limitSamples';
import { copyModel } from '../../onnx/graph/copyModel';
import { attribute, setInts } from '../../onnx/graph/attributes';
import { exposeTensors } from '../../onnx/graph/addGraphOutputs';
import { freshNames } from '../../onnx/graph/graphIndex';
import { findLayers, type Layer } from '../../onnx/layers/layers';
import type { Model } from '../../onnx/graph/model';
import { inputsPerOutput, type InputGram } from './roundWeights';
import { outputChannels } from '../../quantize/weightChannels';
import type { WorkerPool } from '../../runtime/workerPool';
import { nodeAdder, type NodeAdder } from '../../evaluate/noise/nodeAdder';
import { add, fold, runSamples, type SampleRun } from '../../evaluate/noise/runSamples';

/** Values that a layer's inputs, laid out for each of its outputs, may have in one sample: 16 MB. */
const MOST_VALUES = 2 ** 22;
/** Values of the matrices that are summed up in one pass: 64 MB. */
const MOST_SUMS = 2 ** 23;

/**
 * H = X·Xᵀ of each layer over the samples, with a column of X for each output position: the input's values that the
 * weights of one output are multiplied with. Where a sample has very many positions, evenly spaced ones stand for all.
 * Layers go in as many passes as keep memory bounded; `take` gets each one once its pass is done.
 * @param layers Conv, and Gemm and MatMul with a matrix for a weight
 * @throws EngineError of the first sample that fails; `cancelled`
 */
export async function inputGrams(
  pool: WorkerPool,
  original: Model,
  layers: readonly Layer[],
  samples: SampleSource,
  take: (layer: Layer, gram: InputGram) => Promise<void> | void,
  run: SampleRun = {},
): Promise<void> {
  const positions = await positionsOf(pool, original, layers, samples, run);
  for (const batch of batches(layers)) {
    const strides = new Map(batch.map((l) => [l.name, strideOf(l, positions.get(l.name) ?? 1)]));
    const { model, outputs } = measuring(original, batch, (layer, adder) =>
      gramOf(layer, strides.get(layer.name) ?? 1, adder),
    );
    const sums = new Map(batch.map((l) => [l.name, new Float64Array(sizeOf(l))]));
    await runSamples(
      pool,
      model,
      [...outputs.values()],
      samples,
      (valuesOf) => {
        for (const [layer, output] of outputs)
          fold(sums.get(layer) ?? new Float64Array(1), valuesOf(output), add);
      },
      run,
    );
    for (const layer of batch) {
      const values = sums.get(layer.name);
      if (values !== undefined) await take(layer, { ...inputsPerOutput(layer), values });
      sums.delete(layer.name);
    }
  }
}

function sizeOf(layer: Layer): number {
  const { size, groups } = inputsPerOutput(layer);
  return groups * size * size;
}

function batches(layers: readonly Layer[]): Layer[][] {
  const found: Layer[][] = [];
  let room = 0;
  for (const layer of layers) {
    const size = sizeOf(layer);
    if (size > room || found.length === 0) {
      found.push([]);
      room = MOST_SUMS;
    }
    found.at(-1)?.push(layer);
    room -= size;
  }
  return found;
}

/** A copy of the model that hands out what `measure` adds for each layer. */
function measuring(
  original: Model,
  layers: readonly Layer[],
  measure: (layer: Layer, adder: NodeAdder) => string,
): { model: Model; outputs: Map<string, string> } {
  const model = copyModel(original);
  const fresh = freshNames(model.graph);
  const names = new Set(layers.map((l) => l.name));
  const made = findLayers(model.graph)
    .filter((l) => names.has(l.name))
    .map((l) => [l.name, measure(l, nodeAdder(l.graph, l.output, fresh))] as const);
  const exposed = exposeTensors(
    model,
    made.map(([, tensor]) => tensor),
  );
  return {
    model: exposed.model,
    outputs: new Map(made.map(([layer, tensor]) => [layer, exposed.outputs.get(tensor) ?? tensor])),
  };
}

/** Output positions of each layer in the first sample. */
async function positionsOf(
  pool: WorkerPool,
  original: Model,
  layers: readonly Layer[],
  samples: SampleSource,
  { signal }: SampleRun,
): Promise<Map<string, number>> {
  const { model, outputs } = measuring(original, layers, ({ node: { output } }, { node }) =>
    node('Cast', [node('Size', [output[0] ?? ''])], { to: 1 }),
  );
  const found = new Map<string, number>();
  const first = firstOf(samples, 1);
  await runSamples(
    pool,
    model,
    [...outputs.values()],
    first,
    (valuesOf) => {
      for (const { name, node, weight } of layers) {
        const { count } = outputChannels(node, (weight?.dims ?? []).map(Number));
        found.set(name, Number(valuesOf(outputs.get(name) ?? '')[0] ?? 0) / count);
      }
    },
    { signal },
  );
  return found;
}

/** Of how many positions along each axis one is looked at. */
function strideOf(layer: Layer, positions: number): number {
  const { size, groups } = inputsPerOutput(layer);
  const axes = layer.opType === 'Conv' ? Math.max(1, (layer.weight?.dims.length ?? 3) - 2) : 1;
  return Math.max(1, Math.ceil(((positions * size * groups) / MOST_VALUES) ** (1 / axes)));
}

function gramOf(layer: Layer, stride: number, adder: NodeAdder): string {
  const [x = ''] = layer.activations;
  const { size, groups } = inputsPerOutput(layer);
  const { node, integers } = adder;
  if (layer.opType !== 'Conv') {
    const rows = node('Reshape', [x, integers([-1, size])]);
    const some = node('Slice', [
      rows,
      integers([0]),
      integers([2 ** 31 - 1]),
      integers([0]),
      integers([stride]),
    ]);
    return node('MatMul', [node('Transpose', [some], {}, { perm: [1, 0] }), some]);
  }
  // A filter for each weight, which lets through what that weight is multiplied with.
  const dims = (layer.weight?.dims ?? []).map(Number);
  const filters = new Float32Array(groups * size * size);
  for (let f = 0; f < groups * size; f++) filters[f * size + (f % size)] = 1;
  const shape = [groups * size, ...dims.slice(1)];
  const own = attribute(layer.node, 'strides')?.ints.map(Number) ?? dims.slice(2).map(() => 1);
  const columns = node('Conv', [x, adder.constant(shape, filters)]);
  const made = layer.graph.node.at(-1);
  if (made !== undefined) {
    const kept = layer.node.attribute.filter((a) => a.name !== 'strides');
    made.attribute = kept.map((a) => clone(AttributeProtoSchema, a));
    setInts(
      made,
      'strides',
      own.map((s) => BigInt(s * stride)),
    );
  }
  const each = node('Reshape', [columns, integers([0, groups, size, -1])]);
  const product = node('MatMul', [each, node('Transpose', [each], {}, { perm: [0, 1, 3, 2] })]);
  return node('ReduceSum', [product, integers([0])], { keepdims: 0 });
}
