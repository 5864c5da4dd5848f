import type { LayerInput } from '../../engine/shared/protocol/report';

/** The tensor of the magnitudes of a tensor's values, for drawing. */
export function magnitudesOf(input: LayerInput): LayerInput {
  const { histogram, min, max } = input;
  const { positive, negative, binWidth } = histogram;
  const length = Math.max(positive.length, negative.length);
  const both = Array.from({ length }, (_, i) => (positive[i] ?? 0) + (negative[i] ?? 0));
  const least = min > 0 ? min : max < 0 ? -max : 0;
  return {
    ...input,
    histogram: { binWidth, positive: both, negative: [] },
    min: least,
    max: Math.max(-min, max),
  };
}
