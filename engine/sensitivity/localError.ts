import { clone, create } from '@bufbuild/protobuf';
import { ModelProtoSchema, NodeProtoSchema, ValueInfoProtoSchema, type NodeProto } from 'onnx-buf';
import type { SampleSource } from '../feeds/dataset';
import { makeNode } from '../onnx/attributes';
import { freshNames } from '../onnx/graphIndex';
import type { Layer } from '../onnx/layers';
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
  const { graph } = model;
  const fresh = freshNames(graph);
  const activations = new Map(plan.activations);
  const twinNames = new Set<string>();
  const twins: Twin[] = [];
  const errors: NodeProto[] = [];

  for (const layer of layers) {
    const output = fresh(`${layer.output}_twin`);
    const twin = clone(NodeProtoSchema, layer.node);
    twin.name = fresh(`${layer.name}_twin`);
    const nodes = [twin];
    const activation = graph.node.find(
      (n) => n.output[0] === layer.output && n.input[0] === layer.node.output[0],
    );
    if (activation === undefined) {
      twin.output = [output];
    } else {
      const inner = fresh(`${layer.node.output[0] ?? ''}_twin`);
      twin.output = [inner];
      const next = clone(NodeProtoSchema, activation);
      next.name = fresh(`${activation.name}_twin`);
      next.input[0] = inner;
      next.output = [output];
      nodes.push(next);
    }
    const place = graph.node.findIndex((n) => n.output.includes(layer.output));
    graph.node.splice(place + 1, 0, ...nodes);
    twinNames.add(twin.name);
    const affine = activations.get(layer.output);
    if (affine !== undefined) activations.set(output, affine);

    const [difference, signal, noise] = ['difference', 'signal', 'noise'].map((k) => fresh(`${output}_${k}`));
    if (difference === undefined || signal === undefined || noise === undefined) continue;
    errors.push(
      makeNode('Sub', fresh(`${output}_Sub`), [output, layer.output], [difference]),
      makeNode('ReduceSumSquare', fresh(`${output}_Noise`), [difference], [noise], { keepdims: 0 }),
      makeNode('ReduceSumSquare', fresh(`${output}_Signal`), [layer.output], [signal], { keepdims: 0 }),
    );
    twins.push({ layer: layer.name, signal, noise });
  }
  const rewritten = rewriteQdq(model, { ...plan, activations, layers: twinNames });
  rewritten.graph.node.push(...errors);
  rewritten.graph.output = twins.flatMap(({ signal, noise }) =>
    [signal, noise].map((name) => create(ValueInfoProtoSchema, { name })),
  );
  return { model: rewritten, twins };
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
        const { outputs } = await session.run((await samples.load(i)).feeds, names);
        for (const name of names) sums.set(name, (sums.get(name) ?? 0) + Number(outputs[name]?.data[0] ?? 0));
        onSample();
      },
      finish: (session) => session.release(),
    },
    signal,
  );
  return new Map(twins.map((t) => [t.layer, decibels(sums.get(t.signal) ?? 0, sums.get(t.noise) ?? 0)]));
}
