import type { SampleSource } from '../../data/samples/dataset';
import { copyModel } from '../../onnx/graph/copyModel';
import { exposeTensors } from '../../onnx/graph/addGraphOutputs';
import { freshNames } from '../../onnx/graph/graphIndex';
import type { Model } from '../../onnx/graph/model';
import { graphsWithin } from '../../onnx/graph/scopes';
import type { ChannelRange } from './splitDepthwise';
import type { WorkerPool } from '../../runtime/workerPool';
import { nodeAdder } from '../../evaluate/noise/nodeAdder';
import { fold, runSamples, type SampleRun } from '../../evaluate/noise/runSamples';

/**
 * Smallest and largest value of each channel of float tensors over the samples, in one float pass; what leaves
 * onnxruntime is two numbers for each channel of each sample. Tensors that no sample reaches are left out.
 * @param tensors of [N, C, …], each with its C
 * @throws EngineError of the first sample that fails; `cancelled`
 */
export async function channelRanges(
  pool: WorkerPool,
  original: Model,
  tensors: ReadonlyMap<string, number>,
  samples: SampleSource,
  run: SampleRun = {},
): Promise<Map<string, ChannelRange>> {
  const model = copyModel(original);
  const fresh = freshNames(model.graph);
  const made = graphsWithin(model.graph).flatMap((graph) => {
    const own = new Set([...graph.input.map((i) => i.name), ...graph.node.flatMap((n) => n.output)]);
    return [...own]
      .filter((tensor) => tensors.has(tensor))
      .map((tensor) => {
        const { node, integers } = nodeAdder(graph, tensor, fresh);
        // Unlike the reductions, pooling takes no axes, which operator set 18 turned from attributes to inputs.
        const flat = node('Reshape', [tensor, integers([0, 0, -1])]);
        const max = node('GlobalMaxPool', [flat]);
        return { tensor, max, least: node('GlobalMaxPool', [node('Neg', [flat])]) };
      });
  });
  const exposed = exposeTensors(
    model,
    made.flatMap(({ max, least }) => [max, least]),
  );
  const measured = made.map(({ tensor, max, least }) => ({
    tensor,
    max: { output: exposed.outputs.get(max) ?? max, list: emptyList(tensors.get(tensor)) },
    least: { output: exposed.outputs.get(least) ?? least, list: emptyList(tensors.get(tensor)) },
  }));
  await runSamples(
    pool,
    exposed.model,
    measured.flatMap(({ max, least }) => [max.output, least.output]),
    samples,
    (valuesOf) => {
      for (const { max, least } of measured)
        for (const { output, list } of [max, least]) fold(list, valuesOf(output), Math.max);
    },
    run,
  );
  return new Map(
    measured
      .filter(({ max }) => max.list.every((v) => v > -Infinity))
      .map(({ tensor, max, least }) => [tensor, { min: least.list.map((v) => 0 - v), max: max.list }]),
  );
}

function emptyList(channels = 1): Float64Array {
  return new Float64Array(channels).fill(-Infinity);
}
