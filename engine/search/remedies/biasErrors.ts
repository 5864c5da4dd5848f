import type { SampleSource } from '../../data/samples/dataset';
import type { Layer } from '../../onnx/layers/layers';
import type { Model } from '../../onnx/graph/model';
import type { QuantPlan } from '../../quantize/plan';
import { outputChannels } from '../../quantize/weightChannels';
import type { WorkerPool } from '../../runtime/workerPool';
import { add, fold, runSamples, type SampleRun } from '../../evaluate/noise/runSamples';
import type { NodeAdder } from '../../evaluate/noise/nodeAdder';
import { withTwins, type Twin } from '../../evaluate/noise/floatInt8Pairs';

/**
 * E[ŷ − y] of each output channel of each Conv, ConvTranspose, Gemm and MatMul with a matrix for a weight, before its
 * activation and with exact inputs (Nagel et al. 2019, "Data-Free Quantization", 4.2, measured), every value of every
 * sample counting the same. What might be chance is left out: a mean m with standard error e over the samples becomes
 * m · max(0, 1 − e²/m²), the positive-part shrinkage of James and Stein; a single sample has no such error and is taken
 * as it is. Layers that no sample reaches are left out.
 * Takes about two float passes; what leaves onnxruntime is a number for each channel.
 * @param remedied where the int8 layers come from: the same layers with weights that were rounded already
 */
export async function biasErrors(
  pool: WorkerPool,
  original: Model,
  layers: readonly Layer[],
  plan: QuantPlan,
  samples: SampleSource,
  run: SampleRun = {},
  remedied = original,
): Promise<Map<string, Float64Array>> {
  const measured = layers.filter(hasChannels);
  const compare = ({ layer, own }: Twin, { node, integers }: NodeAdder) => {
    const difference = node('Sub', [own.int8, own.float]);
    const rank = layer.weight?.dims.length ?? 2;
    const axes = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => axis !== 1);
    // A product of matrices may be one of many at once.
    const summed = isSpatial(layer)
      ? [difference, integers(axes)]
      : [node('Reshape', [difference, integers([-1, channelCount(layer)])]), integers([0])];
    return {
      error: node('ReduceSum', summed, { keepdims: 0 }),
      size: node('Cast', [node('Size', [difference])], { to: 1 }),
    };
  };
  const { model, outputs } = withTwins(original, measured, plan, compare, remedied);
  const means = new Map(measured.map((l) => [l.name, new ChannelMeans(channelCount(l))]));
  const names = [...outputs.values()].flatMap((o) => [o.error, o.size]);
  await runSamples(
    pool,
    model,
    names,
    samples,
    (valuesOf) => {
      for (const [layer, { error, size }] of outputs) {
        const sizes = new Float64Array(1);
        fold(sizes, valuesOf(size), add);
        means.get(layer)?.addSample(valuesOf(error), sizes[0] ?? 0);
      }
    },
    run,
  );
  return new Map([...means].filter(([, m]) => m.isReached).map(([layer, m]) => [layer, m.shrunk()]));
}

/** Layers whose bias can take up an error: products with a weight that has output channels. */
function hasChannels(layer: Layer): boolean {
  if (layer.weight === null) return false;
  const isProduct = layer.opType === 'MatMul' || layer.opType === 'Gemm';
  return isSpatial(layer) || (isProduct && layer.weight.dims.length === 2);
}

function isSpatial({ opType }: Layer): boolean {
  return opType === 'Conv' || opType === 'ConvTranspose';
}

function channelCount({ node, weight }: Layer): number {
  return outputChannels(node, (weight?.dims ?? []).map(Number)).count;
}

/** Means over samples of different size, and their standard errors as those of a ratio (Cochran, "Sampling Techniques", 6.4). */
class ChannelMeans {
  private samples = 0;
  private count = 0;
  private countSquares = 0;
  private readonly sums: Float64Array;
  private readonly squares: Float64Array;
  private readonly products: Float64Array;

  constructor(private readonly channels: number) {
    [this.sums, this.squares, this.products] = [0, 1, 2].map(() => new Float64Array(channels)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
  }

  get isReached(): boolean {
    return this.count > 0;
  }

  /** @param size values of all channels together */
  addSample(errors: Parameters<typeof fold>[1], size: number): void {
    if (size === 0) return;
    const own = new Float64Array(this.channels);
    fold(own, errors, add);
    const count = size / this.channels;
    this.samples++;
    this.count += count;
    this.countSquares += count * count;
    own.forEach((error, channel) => {
      this.sums[channel] = (this.sums[channel] ?? 0) + error;
      this.squares[channel] = (this.squares[channel] ?? 0) + error * error;
      this.products[channel] = (this.products[channel] ?? 0) + error * count;
    });
  }

  shrunk(): Float64Array {
    const { samples: n, count, countSquares } = this;
    return this.sums.map((sum, channel) => {
      const mean = sum / count;
      if (n < 2 || mean === 0) return mean;
      const [squares, products] = [this.squares[channel] ?? 0, this.products[channel] ?? 0];
      // Σ (errors − mean · count)² over the samples.
      const spread = Math.max(0, squares - 2 * mean * products + mean * mean * countSquares);
      const variance = ((spread / count / count) * n) / (n - 1);
      return mean * Math.max(0, 1 - variance / (mean * mean));
    });
  }
}
