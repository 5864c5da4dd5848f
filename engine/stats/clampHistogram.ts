import { Histogram, NEGATIVE, octaveBins, stateOf, type HistogramState } from './histogram';

/**
 * The histogram of clamp(x, low, high) from that of x: what counting the clamped values would give, bin for bin. Bins
 * beyond an end move into the end's own bin, in which an end's neighbours stay. NaN stays NaN, and infinities beyond a
 * finite end become that end (ONNX Relu and Clip).
 * @param low at most `high`; −Infinity and Infinity leave a side open
 */
export function clampHistogram(state: HistogramState, low: number, high: number): HistogramState {
  const { notFinite } = state;
  const kept = new Histogram();
  const ends = { low: 0, high: 0 };
  const inside: HistogramState['octaves'] = [];
  for (const { octave, counts } of state.octaves) {
    const { from, width } = octaveBins(octave);
    const own = counts.map((n, i) => {
      const [least, most] = [from + i * width, from + (i + 1) * width];
      const [bottom, top] = octave < NEGATIVE ? [least, most] : [-most, -least];
      // The bin of an end holds it: what is clamped there stays in that bin.
      const isBelow = octave < NEGATIVE ? top <= low : top < low;
      const isAbove = octave < NEGATIVE ? bottom > high : bottom >= high;
      if (isBelow) ends.low += n;
      else if (isAbove) ends.high += n;
      return isBelow || isAbove ? 0 : n;
    });
    if (own.some((n) => n > 0)) inside.push({ octave, counts: own });
  }
  const clamp = (x: number) => Math.min(Math.max(x, low), high);
  const rest = { nan: notFinite.nan, positive: 0, negative: 0, first: notFinite.first };
  if (high === Infinity) rest.positive = notFinite.positive;
  else ends.high += notFinite.positive;
  if (low === -Infinity) rest.negative = notFinite.negative;
  else ends.low += notFinite.negative;
  if (rest.nan + rest.positive + rest.negative === 0) rest.first = null;
  kept.merge(stateOf(inside, { min: clamp(state.min), max: clamp(state.max), notFinite: rest }));
  kept.addCopies(Math.fround(low), ends.low);
  kept.addCopies(Math.fround(high), ends.high);
  return kept.state();
}
