import { unlessCancelled } from '../engineError';
import { clone } from '@bufbuild/protobuf';
import { ModelProtoSchema, NodeProtoSchema } from 'onnx-buf';
import type { SampleSource } from '../feeds/dataset';
import { makeNode } from '../onnx/attributes';
import { exposeTensors } from '../onnx/exposeTensors';
import { freshNames } from '../onnx/graphIndex';
import { findLayers, type Layer } from '../onnx/layers';
import { encodeModel, type Model } from '../onnx/model';
import type { QuantPlan } from '../quantize/plan';
import { rewriteQdq } from '../quantize/rewrite';
import type { WorkerPool } from '../runtime/workerPool';
import { decibels } from '../stats/sqnr';

interface Twin {
  layer: string;
  signal: string;
  noise: string;
}

/**
 * The float model in which every layer has an int8 twin that reads the same float inputs. Its outputs are,
 * per layer, Σ y² and Σ (ŷ − y)²: two numbers, so that no activation has to leave onnxruntime.
 */
function twinModel(
  original: Model,
  layers: readonly Layer[],
  plan: QuantPlan,
): { model: Model; twins: Twin[] } {
  const copy = clone(ModelProtoSchema, original);
  const model: Model = Object.assign(copy, { graph: copy.graph ?? original.graph });
  const fresh = freshNames(model.graph);
  const activations = new Map(plan.activations);
  const twinNames = new Set<string>();
  const twins: Twin[] = [];
  const names = new Set(layers.map((l) => l.name));

  for (const layer of findLayers(model.graph).filter((l) => names.has(l.name))) {
    const { graph } = layer;
    const output = fresh(`${layer.output}_twin`);
    const chain = [layer.node, ...layer.tail];
    const made = chain.map((n) => n.output.find((o) => o !== '') ?? '');
    const renamed = new Map(
      made.map((tensor) => [tensor, tensor === layer.output ? output : fresh(`${tensor}_twin`)]),
    );
    const nodes = chain.map((original) => {
      const twin = clone(NodeProtoSchema, original);
      twin.name = fresh(`${original === layer.node ? layer.name : original.name}_twin`);
      twin.input = original === layer.node ? twin.input : twin.input.map((i) => renamed.get(i) ?? i);
      twin.output = twin.output.map((o) => renamed.get(o) ?? '');
      return twin;
    });
    const [twin = layer.node] = nodes;
    const place = graph.node.findIndex((n) => n.output.includes(layer.output));
    graph.node.splice(place + 1, 0, ...nodes);
    twinNames.add(twin.name);
    const affine = activations.get(layer.output);
    if (affine !== undefined) activations.set(output, affine);

    const [difference, signal, noise] = ['difference', 'signal', 'noise'].map((k) => fresh(`${output}_${k}`));
    if (difference === undefined || signal === undefined || noise === undefined) continue;
    graph.node.push(
      makeNode('Sub', fresh(`${output}_Sub`), [output, layer.output], [difference]),
      makeNode('ReduceSumSquare', fresh(`${output}_Noise`), [difference], [noise], { keepdims: 0 }),
      makeNode('ReduceSumSquare', fresh(`${output}_Signal`), [layer.output], [signal], { keepdims: 0 }),
    );
    twins.push({ layer: layer.name, signal, noise });
  }
  const rewritten = rewriteQdq(model, { ...plan, activations, layers: twinNames });
  const exposed = exposeTensors(
    rewritten,
    twins.flatMap(({ signal, noise }) => [signal, noise]),
  );
  const outputOf = (tensor: string) => exposed.outputs.get(tensor) ?? tensor;
  return {
    model: exposed.model,
    twins: twins.map((t) => ({ layer: t.layer, signal: outputOf(t.signal), noise: outputOf(t.noise) })),
  };
}

/**
 * Signal to quantization noise of each layer's own output in dB, its inputs exact, over the samples.
 * Takes about two float passes.
 */
export async function localSqnr(
  pool: WorkerPool,
  original: Model,
  layers: readonly Layer[],
  plan: QuantPlan,
  samples: SampleSource,
  onSample: () => void,
  signal?: AbortSignal,
): Promise<Map<string, number>> {
  const { model, twins } = twinModel(original, layers, plan);
  const bytes = encodeModel(model);
  const names = twins.flatMap((t) => [t.signal, t.noise]);
  const sums = new Map(names.map((name) => [name, 0]));
  await pool.forEach(
    samples.length,
    {
      prepare: (worker) => worker.load(bytes, { threads: 1 }),
      work: async (session, i) => {
        const { feeds, sequence } = await unlessCancelled(samples.load(i), signal);
        const { outputs } = await session.run(feeds, names, sequence);
        for (const name of names) {
          // A layer in a body runs as often as the body does: not at all, or many times.
          for (const value of outputs[name]?.data ?? [])
            sums.set(name, (sums.get(name) ?? 0) + Number(value));
        }
        onSample();
      },
      finish: (session) => session.release(),
    },
    signal,
  );
  return new Map(twins.map((t) => [t.layer, decibels(sums.get(t.signal) ?? 0, sums.get(t.noise) ?? 0)]));
}
