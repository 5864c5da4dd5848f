import type { PresetName } from '../../shared/protocol/choices';
import { badData } from '../samples/badData';
import type { InputSpec } from '../samples/dataset';
import { isFloat, shapeText } from '../samples/elementTypes';
import type { Preprocess } from './manifest';
import { presets } from './presets';

/**
 * The steps of a preset for one input of a model: its shape decides on layout, sizes and channels. What `given` says
 * goes before. Inputs of whole numbers take the pixels as they are.
 * @throws EngineError `bad-data` for an input that no picture has the shape of
 */
export function presetSteps(name: PresetName, spec: InputSpec, given: Preprocess = {}): Preprocess {
  const preset = presets[name];
  const axes = imageAxes(spec, given.layout);
  const color = given.color ?? (axes.channels === 1 ? 'gray' : preset.color);
  const ordered = (values: number | readonly number[]): number | number[] => {
    if (typeof values === 'number') return values;
    if (color === 'gray') return values.reduce((sum, value) => sum + value, 0) / values.length;
    return color === 'RGB' ? [...values] : values.toReversed();
  };
  const values = isFloat(spec.type)
    ? { scale: preset.scale, mean: ordered(preset.mean), std: ordered(preset.std) }
    : {};
  const steps: Preprocess = {
    layout: axes.layout,
    color,
    ...preset.sizes(axes.height, axes.width),
    ...values,
  };
  return {
    ...steps,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  };
}

interface ImageAxes {
  layout: 'NCHW' | 'NHWC';
  channels: number | null;
  height: number | null;
  width: number | null;
}

/** Where an input of rank 4, or of rank 3 without a batch, has its channels: the axis of 1 or 3, the first one first. */
function imageAxes({ name, dims }: InputSpec, layout: Preprocess['layout']): ImageAxes {
  if (dims === null) return { layout: layout ?? 'NCHW', channels: null, height: null, width: null };
  const [first, second, third] = dims.length === 4 ? dims.slice(1) : dims.length === 3 ? dims : [];
  const orders: ImageAxes[] = [
    { layout: 'NCHW', channels: first ?? null, height: second ?? null, width: third ?? null },
    { layout: 'NHWC', channels: third ?? null, height: first ?? null, width: second ?? null },
  ];
  const possible = orders.filter((order) => layout === undefined || order.layout === layout);
  const isImage = dims.length === 3 || dims.length === 4;
  const found =
    possible.find(({ channels }) => channels === 1 || channels === 3) ??
    possible.find(({ channels }) => channels === null);
  if (found !== undefined && isImage) return found;
  throw badData(
    `The model's input "${name}" takes ${shapeText(dims)}, and a picture has 3 channels, or 1 in gray.`,
    'Save the samples as .npy files of that shape.',
  );
}
