import { EngineError } from '../shared/engineError';
import { floatValues } from '../onnx/tensors/elements';
import { findLayers, type Layer } from '../onnx/layers/layers';
import type { Model } from '../onnx/graph/model';
import type { ChannelBoxes, LayerWeights, WeightRanges } from '../shared/protocol/layerDetail';
import type { RemedyName } from '../shared/protocol/choices';
import { equalizeLayers } from '../search/remedies/equalizeLayers';
import { outputChannels, type Channels } from '../quantize/weightChannels';
import { quantileSorted } from '../stats/quantileSorted';

/** Boxes of a strip: more than a pane has pixels for tells nothing more. */
export const MOST_BOXES = 512;
/** Outliers that are named. */
const MOST_OUTLIERS = 20;
type BitsOf = (layer: Layer) => number;

/** How many times as far as the median channel one reaches that is called an outlier: two of the eight bits. */
const OUTLIER = 4;

/**
 * How the weights of a layer's output channels are spread, and how with the remedies that change ranges of weights and need no data:
 * of these there is equalization.
 * @param bitsOf a layer's weights
 * @throws EngineError `unsupported` for a layer without weights
 */
export function layerWeights(
  normalized: Model,
  name: string,
  bitsOf: BitsOf,
  remedies: readonly RemedyName[],
): LayerWeights {
  return weightsOf(normalized, mendedModel(normalized, remedies), name, bitsOf);
}

/**
 * {@link layerWeights} of several layers: the remedies are applied once.
 * @throws EngineError as that does
 */
export function weightsOfLayers(
  normalized: Model,
  names: readonly string[],
  bitsOf: BitsOf,
  remedies: readonly RemedyName[],
): LayerWeights[] {
  const mended = names.length === 0 ? null : mendedModel(normalized, remedies);
  return names.map((name) => weightsOf(normalized, mended, name, bitsOf));
}

/** `null` where the remedies leave all weights as they are. */
function mendedModel(normalized: Model, remedies: readonly RemedyName[]): Model | null {
  return remedies.includes('equalize') ? (equalizeLayers(normalized)?.model ?? null) : null;
}

function weightsOf(normalized: Model, mendedBy: Model | null, name: string, bitsOf: BitsOf): LayerWeights {
  const layer = layerNamed(normalized, name);
  if (layer?.weight == null)
    throw new EngineError(
      'unsupported',
      `${name} multiplies two activations: it has no weights.`,
      'Look at its inputs instead.',
    );
  const { weight } = layer;
  const channels = channelsOf(layer);
  const values = floatValues(weight);
  const bits = bitsOf(layer);
  const mended = mendedBy === null ? undefined : layerNamed(mendedBy, name)?.weight;
  const after = mended == null ? null : floatValues(mended);
  const isChanged = after?.length === values.length && after.some((w, i) => w !== values[i]);
  return {
    layer: name,
    weight: weight.name,
    shape: weight.dims.map(Number),
    channels: channels.count,
    joined: Math.max(1, Math.ceil(channels.count / MOST_BOXES)),
    before: weightRanges(values, channels, bits),
    after: isChanged ? weightRanges(after, channels, bits) : null,
  };
}

function layerNamed({ graph }: Model, name: string): Layer | undefined {
  return findLayers(graph).find((l) => l.name === name);
}

/** What has a scale of its own when weights are scaled per channel; the columns of a stack of matrices where nothing has. */
function channelsOf({ node, opType, weight, channelAxis }: Layer): Channels {
  const dims = weight?.dims.map(Number) ?? [];
  if (opType !== 'Gather' && opType !== 'LSTM' && opType !== 'GRU' && dims.length === 2)
    return outputChannels(node, dims);
  if (opType === 'Conv' || opType === 'ConvTranspose') return outputChannels(node, dims);
  const axis = channelAxis ?? dims.length - 1;
  const count = dims[axis] ?? 1;
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  return { count, of: (i) => Math.floor(i / inner) % count };
}

/**
 * Boxes of the channels, neighbours joined where there are more than {@link MOST_BOXES}, and what stands out among them. Values that
 * are not finite are left out.
 */
export function weightRanges(values: Float32Array, { count, of }: Channels, bits: number): WeightRanges {
  const joined = Math.max(1, Math.ceil(count / MOST_BOXES));
  const sizes = new Uint32Array(Math.ceil(count / joined));
  const reaches = new Float64Array(count);
  const isCounted = (w: number) => Number.isFinite(w);
  values.forEach((w, i) => {
    if (!isCounted(w)) return;
    const channel = of(i);
    const box = Math.floor(channel / joined);
    sizes[box] = (sizes[box] ?? 0) + 1;
    reaches[channel] = Math.max(reaches[channel] ?? 0, Math.abs(w));
  });
  const members = Array.from(sizes, (size) => new Float32Array(size));
  const filled = new Uint32Array(sizes.length);
  values.forEach((w, i) => {
    if (!isCounted(w)) return;
    const box = Math.floor(of(i) / joined);
    const [own, place] = [members[box], filled[box] ?? 0];
    filled[box] = place + 1;
    if (own !== undefined) own[place] = w;
  });
  for (const own of members) own.sort();
  const at = (part: number) => members.map((own) => quantileSorted(own, part));
  const boxes: ChannelBoxes = { min: at(0), low: at(0.25), median: at(0.5), high: at(0.75), max: at(1) };
  const medianReach = quantileSorted(reaches.slice().sort(), 0.5);
  const reach = reaches.reduce((a, b) => Math.max(a, b), 0);
  const step = reach / (2 ** (bits - 1) - 1);
  const outliers = Array.from(reaches, (own, channel) => ({ channel, reach: own, times: own / medianReach }))
    .filter(({ times }) => Number.isFinite(times) && times >= OUTLIER)
    .sort((a, b) => b.reach - a.reach || a.channel - b.channel);
  return {
    ...{ boxes, reach, medianReach, step },
    withinStep: reach === 0 ? 0 : reaches.filter((own) => own <= step).length,
    outliers: outliers.slice(0, MOST_OUTLIERS),
    outlierCount: outliers.length,
  };
}
