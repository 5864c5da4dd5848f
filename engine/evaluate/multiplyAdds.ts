import type { SampleSource } from '../data/samples/dataset';
import { unlessCancelled } from '../common/cancellation';
import { exposeTensors } from '../onnx/graph/addGraphOutputs';
import { intAttribute } from '../onnx/graph/attributes';
import type { Layer } from '../onnx/layers/layers';
import { type Model } from '../onnx/graph/model';
import { encodeModel } from '../onnx/file/readModel';
import type { Tensor } from '../onnx/tensors/tensor';
import type { RuntimeWorker } from '../runtime/runtimeWorker';
import { ownValue } from '../shared/ownValue';

/**
 * Multiplications with additions that each layer takes for one sample (its first step, where it has several), by name. From
 * the shapes that the tensors really have; layers that the sample does not reach take none, and lookups never do.
 */
export async function multiplyAdds(
  worker: RuntimeWorker,
  model: Model,
  layers: readonly Layer[],
  samples: SampleSource,
  signal?: AbortSignal,
): Promise<Map<string, number>> {
  const { feeds } = await unlessCancelled(samples.load(0), signal);
  const tensors = new Set(layers.flatMap((l) => [...l.activations, l.output]));
  const exposed = exposeTensors(model, tensors);
  const computed = [...tensors].filter((name) => ownValue(feeds, name) === undefined);
  const wanted = computed.flatMap((name) => exposed.outputs.get(name) ?? []);
  const session = await worker.load(encodeModel(exposed.model), { threads: 1 });
  try {
    const { outputs } = await session.run(feeds, wanted);
    const tensorOf = (name: string) =>
      ownValue(feeds, name) ?? ownValue(outputs, exposed.outputs.get(name) ?? name);
    return new Map(layers.map((layer) => [layer.name, costOf(layer, tensorOf)]));
  } finally {
    await session.release();
  }
}

function sizeOf(tensor: Tensor | undefined): number {
  return tensor === undefined ? 0 : tensor.data.length;
}

/** Tensors of bodies have lost their shapes, not their sizes: only these are used, but for products of two activations. */
function costOf(layer: Layer, tensorOf: (name: string) => Tensor | undefined): number {
  const { opType, node, weight, recurrence, activations, output } = layer;
  const [a, b] = activations.map(tensorOf);
  const dims = weight?.dims.map(Number) ?? [];
  const product = (list: readonly number[]) => list.reduce((n, d) => n * d, 1);
  switch (opType) {
    case 'Conv':
      return sizeOf(tensorOf(output)) * product(dims.slice(1));
    case 'ConvTranspose':
      return sizeOf(a) * product(dims.slice(1));
    case 'Gather':
      return 0;
    case 'LSTM':
    case 'GRU': {
      // Each step multiplies its input by W and the state by R.
      const [, , inputs = 1] = dims;
      return (sizeOf(a) / inputs) * (product(dims) + product(recurrence?.dims.map(Number) ?? [0]));
    }
    case 'Gemm':
    case 'MatMul': {
      if (weight !== null) {
        const inner = opType === 'Gemm' && intAttribute(node, 'transB', 0) === 1 ? dims.at(-1) : dims.at(-2);
        return sizeOf(tensorOf(output)) * (inner ?? 1);
      }
      const transposed = opType === 'Gemm' && intAttribute(node, 'transA', 0) === 1;
      const inner = transposed ? a?.dims.at(-2) : a?.dims.at(-1);
      return b === undefined ? 0 : sizeOf(tensorOf(output)) * (inner ?? 1);
    }
  }
}
