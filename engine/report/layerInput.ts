import type { Measured } from '../evaluate/baseline';
import { clipsOf, type Candidate } from '../search/candidate/candidate';
import { ownValue } from '../shared/ownValue';
import type { HistogramData, LayerInput } from '../shared/protocol/report';
import { notFiniteCount, type HistogramState } from '../stats/histogram';
import { LINEAR_BINS, linearBins } from '../stats/linearBins';
import { rebin } from '../stats/rebin';

/** Bins on each side of zero in a report: more than a screen shows, few enough for thousands of tensors. */
const REPORT_BINS = 512;

/** A tensor as people see it: how its values were counted in a candidate's float model, and its clips. */
export function layerInput(
  tensor: string,
  candidate: Pick<Candidate, 'base' | 'methods' | 'operators' | 'clips'>,
  measured: Pick<Measured, 'samples'>,
): LayerInput {
  const { base, methods, clips } = candidate;
  const state = ownValue(base.histograms, tensor);
  const least = base.least.get(tensor);
  const decided = clips.has(tensor) ? clipsOf(candidate).get(tensor) : undefined;
  return {
    tensor,
    histogram: state === undefined ? { binWidth: 1, positive: [], negative: [] } : drawnHistogram(state),
    min: state?.min ?? 0,
    max: state?.max ?? 0,
    ...notFiniteOf(state, measured),
    zeros: state?.zeros ?? 0,
    ...(least === undefined ? {} : { least }),
    clips: Object.fromEntries([...base.clips].map(([method, own]) => [method, own.get(tensor) ?? 0])),
    method: methods.get(tensor) ?? 'max',
    ...(decided === undefined ? {} : { decided }),
  };
}

function drawnHistogram(state: HistogramState): HistogramData {
  const { binWidth, positive, negative } = linearBins(state);
  const factor = LINEAR_BINS / REPORT_BINS;
  return {
    binWidth: binWidth === 0 ? 1 : binWidth * factor,
    positive: rebin(positive, factor),
    negative: rebin(negative, factor),
  };
}

/** How a tensor's values that are no numbers are told; nothing where there are none. */
export function notFiniteOf(
  state: HistogramState | undefined,
  { samples }: Pick<Measured, 'samples'>,
): Pick<LayerInput, 'notFinite'> {
  if (state === undefined || notFiniteCount(state.notFinite) === 0) return {};
  const { first, ...counts } = state.notFinite;
  return { notFinite: { ...counts, sample: samples.counted.find((s) => s.index === first)?.name ?? null } };
}
