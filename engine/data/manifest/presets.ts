import type { PresetName } from '../../shared/protocol/choices';
import type { Preprocess } from './manifest';

/** How pictures are prepared for a family of models; `null` stands for sizes that the model leaves open. */
export interface Preset {
  color: 'RGB' | 'BGR';
  /** `mean` and `std` in the order red, green, blue; for gray their averages count. */
  scale: number;
  mean: number | readonly [number, number, number];
  std: number | readonly [number, number, number];
  /** The steps that change the size, for the height and width that the model's input takes. */
  sizes: (height: number | null, width: number | null) => Pick<Preprocess, 'resize' | 'pad'>;
}

/** Models without fixed sizes mostly halve their input five times. */
const OPEN_MULTIPLE = 32;

export const presets: Readonly<Record<PresetName, Preset>> = {
  /** torchvision's classification: the short side to 256, the middle 224 × 224. */
  imagenet: {
    color: 'RGB',
    scale: 1 / 255,
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
    sizes: (height, width) => ({
      resize: {
        mode: 'crop',
        height: height ?? width ?? 224,
        width: width ?? height ?? 224,
        zoom: 256 / 224,
      },
    }),
  },
  /** PaddleOCR's text recognition: lines 48 high, padded on the right with zeros. */
  ocr: {
    color: 'BGR',
    scale: 1,
    mean: 127.5,
    std: 127.5,
    sizes: (height, width) => ({
      resize: { mode: 'keep-aspect', height: height ?? 48, width: width ?? undefined },
      pad: { minHeight: height ?? 48, minWidth: width ?? 320 },
    }),
  },
  '0-1': { color: 'RGB', scale: 1 / 255, mean: 0, std: 1, sizes: stretched },
  '-1-1': { color: 'RGB', scale: 1, mean: 127.5, std: 127.5, sizes: stretched },
};

export const presetNames = Object.keys(presets) as PresetName[];

function stretched(height: number | null, width: number | null): Pick<Preprocess, 'resize' | 'pad'> {
  if (height !== null && width !== null) return { resize: { mode: 'stretch', height, width } };
  const resize =
    height === null && width === null
      ? undefined
      : { mode: 'keep-aspect' as const, height: height ?? undefined, width: width ?? undefined };
  return { resize, pad: { multipleOf: OPEN_MULTIPLE } };
}
