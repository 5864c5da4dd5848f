import type { Measured } from '../evaluate/baseline';
import type { LayerInput } from '../shared/protocol/report';
import { notFiniteCount, type HistogramState } from '../stats/histogram';

/** How a tensor's values that are no numbers are told; nothing where there are none. */
export function notFiniteOf(
  state: HistogramState | undefined,
  { samples }: Pick<Measured, 'samples'>,
): Pick<LayerInput, 'notFinite'> {
  if (state === undefined || notFiniteCount(state.notFinite) === 0) return {};
  const { first, ...counts } = state.notFinite;
  return { notFinite: { ...counts, sample: samples.counted.find((s) => s.index === first)?.name ?? null } };
}
