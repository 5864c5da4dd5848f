import type { NumberData } from '../samples/elementTypes';

/** How the values of three channels follow each other, as the values themselves tell. */
export type ChannelMixing = 'interleaved' | 'planar';

/** Values that are compared: enough for an average, few enough to cost nothing. */
const MOST_VALUES = 300_000;
const FEWEST_VALUES = 1000;
const CHANNELS = 3;
/** A colour image differs less between pixels than between channels by far more than this. */
const CLEARLY_LESS = 0.6;
const ABOUT_EQUAL = 1.15;

/**
 * Whether an image of three channels lies pixel by pixel (R G B R G B …) or plane by plane (R R R … G G G …).
 * Neighbouring pixels are alike, so values that belong to neighbours of one channel differ least; and within a plane
 * the difference grows with the distance, evenly at every place.
 * @param width of a row: if these are planes, a jump from one row to the next is no difference between neighbours
 * @returns `null` when that is not clear, as for gray pictures and noise
 */
export function channelMixing(values: NumberData, width: number): ChannelMixing | null {
  const first = Math.max(0, Math.floor((values.length - MOST_VALUES) / 2));
  const count = Math.min(values.length, MOST_VALUES) - CHANNELS - 1;
  if (count < FEWEST_VALUES) return null;
  const difference = (distance: number, phase = 0, step = 1) => {
    let sum = 0;
    let terms = 0;
    for (let i = first + phase; i < first + count; i += step) {
      if ((i % width) + distance >= width) continue;
      sum += Math.abs((values[i + distance] ?? 0) - (values[i] ?? 0));
      terms++;
    }
    return sum / terms;
  };
  const [one, two, three, four] = [difference(1), difference(2), difference(3), difference(4)];
  if (three < CLEARLY_LESS * Math.min(one, two, four)) return 'interleaved';
  const phases = [0, 1, 2].map((phase) => difference(1, phase, CHANNELS));
  const even = Math.max(...phases) <= ABOUT_EQUAL * Math.min(...phases);
  return even && one < two && two < three && one < 0.8 * three ? 'planar' : null;
}
