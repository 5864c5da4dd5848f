import { layerInput } from '../report/layerInput';
import type { Layer } from '../onnx/layers/layers';
import type { Measured } from '../evaluate/baseline';
import type { ClippedInput, RemediedInputs } from '../shared/protocol/layerDetail';
import type { HistogramData } from '../shared/protocol/report';
import { wholeName } from '../search/remedies/splitDepthwise';
import { clipsOf, type Candidate } from '../search/candidate/candidate';

/** What two counts of one tensor, by float models that compute the same, may differ by in reach, clip and share of values. */
const ALIKE = 0.01;

/**
 * What a layer reads in the float model of one candidate and of another, which remedies made of it: each by the histograms that
 * running it over the calibration samples gave. Where the layer was split, each of its parts reads a tensor of its own.
 */
export function remediedInputs(
  before: Candidate,
  after: Candidate,
  layer: Layer,
  measured: Pick<Measured, 'samples'>,
): RemediedInputs['inputs'] {
  const [clips, mended] = [clipsOf(before), clipsOf(after)];
  const { layers } = after.base;
  const same = layers.filter(({ name }) => name === layer.name);
  const parts = same.length > 0 ? same : layers.filter(({ name }) => wholeName(name) === layer.name);
  return layer.activations.map((tensor, place) => {
    const own = { ...layerInput(tensor, before, measured), clip: clips.get(tensor) ?? 0 };
    const tensors = new Set(parts.flatMap(({ activations }) => activations[place] ?? []));
    const now = [...tensors].map((name) => ({
      ...layerInput(name, after, measured),
      clip: mended.get(name) ?? 0,
    }));
    const [first] = now;
    return { before: own, after: now.length === 1 && first && isAlike(own, first) ? [] : now };
  });
}

/** Rounding alone makes the counts of two models differ that compute the same. */
function isAlike(a: ClippedInput, b: ClippedInput): boolean {
  const isNear = (x: number, y: number) => Math.abs(x - y) <= ALIKE * Math.max(Math.abs(x), Math.abs(y));
  const reach = ({ min, max }: ClippedInput) => Math.max(-min, max);
  return (
    a.tensor === b.tensor &&
    isNear(a.clip, b.clip) &&
    isNear(reach(a), reach(b)) &&
    movedShare(a.histogram, b.histogram) <= ALIKE
  );
}

/** The share of values that lie in another bin, on the wider bins of the two: a power of two times the narrower ones. */
function movedShare(a: HistogramData, b: HistogramData): number {
  const width = Math.max(a.binWidth, b.binWidth);
  const [one, other] = [a, b].map((histogram) => sharesOf(histogram, width));
  if (one === undefined || other === undefined) return 0;
  const bins = new Set([...one.keys(), ...other.keys()]);
  return [...bins].reduce((sum, bin) => sum + Math.abs((one.get(bin) ?? 0) - (other.get(bin) ?? 0)), 0) / 2;
}

/** By bin, those below zero counted from −1 down. */
function sharesOf({ binWidth, positive, negative }: HistogramData, width: number): Map<number, number> {
  const total = [...positive, ...negative].reduce((a, b) => a + b, 0) || 1;
  const shares = new Map<number, number>();
  const count = (bin: number, n: number) => shares.set(bin, (shares.get(bin) ?? 0) + n / total);
  const each = width / binWidth;
  positive.forEach((n, i) => count(Math.floor(i / each), n));
  negative.forEach((n, i) => count(-1 - Math.floor(i / each), n));
  return shares;
}
