import type { LayerInput } from '../../engine/shared/protocol/report';
import type { ProfileName } from '../../engine/shared/protocol/choices';
import { shareBeyond, totalCount } from './rebin';
import { tensorGrid, type TensorGrid } from './tensorGrid';

/** What of a tensor tells how a grid fits it. */
export type ClippedTensor = Pick<LayerInput, 'histogram' | 'min' | 'max' | 'least' | 'zeros'>;

/** What an 8-bit grid does to a tensor, by its histogram. */
export interface ClipEffect {
  clip: number;
  grid: TensorGrid;
  /** Share and number of the values whose magnitude is above the clip. */
  share: number;
  clipped: number;
  /** How many of the grid's codes some value rounds to, and how many it has. */
  codesUsed: number;
  codes: number;
  /** What a code tells: the entropy of how often each is used, in bits. */
  bits: number;
  /** Signal to noise of the tensor, clipping and rounding together, in dB; `null` without noise or without values. */
  sqnrDb: number | null;
}

/** Values from `from` to `to`, evenly spread. */
interface Spread {
  from: number;
  to: number;
  count: number;
}

/**
 * What a clip does to a tensor. Values are taken to be evenly spread within their bin, which the tensor's least and largest value
 * cut short, but for exact zeros, which cost nothing on any grid. Then the noise E[(x − x̂)²] is an integral, and the number of codes
 * the mean number that so many values at such places round to.
 */
export function clipEffect(tensor: ClippedTensor, clip: number, profile: ProfileName): ClipEffect {
  const grid = tensorGrid(tensor, clip, profile);
  const codes = grid.last - grid.first + 1;
  const use: CodeUse = { unused: new Float64Array(codes).fill(1), counts: new Float64Array(codes) };
  if ((tensor.zeros ?? 0) > 0) {
    use.unused[-grid.first] = 0;
    use.counts[-grid.first] = tensor.zeros ?? 0;
  }
  let [signal, noise] = [0, 0];
  for (const bin of spreads(tensor)) {
    const { from, to, count } = bin;
    signal += (count * (from * from + from * to + to * to)) / 3;
    const useful = { ...bin, from: Math.max(from, tensor.least ?? -Infinity) };
    if (useful.from < to || from === to)
      noise += roundingNoise(useful, count * widthShare(useful, bin), grid, use);
    if (useful.from > from) {
      // All of these are what the least useful value is.
      const least = { from: useful.from, to: useful.from, count };
      noise += roundingNoise(least, count * (1 - widthShare(useful, bin)), grid, use);
    }
  }
  const share = shareBeyond(tensor, clip);
  return {
    ...{ clip, grid, share, codes },
    clipped: Math.round(share * totalCount(tensor.histogram)),
    codesUsed: Math.round(use.unused.reduce((sum, chance) => sum + 1 - chance, 0)),
    bits: entropy(use.counts),
    sqnrDb: signal === 0 || noise === 0 ? null : 10 * Math.log10(signal / noise),
  };
}

/** How the codes of a grid are used: the chance of each to stay unused, and how many values round to it. */
interface CodeUse {
  unused: Float64Array;
  counts: Float64Array;
}

/** Shannon's, of shares of a whole, in bits; 0 of nothing. */
function entropy(counts: Float64Array): number {
  const total = counts.reduce((a, b) => a + b, 0);
  return counts.reduce((sum, n) => (n > 0 ? sum - (n / total) * Math.log2(n / total) : sum), 0);
}

function widthShare(part: Spread, whole: Spread): number {
  if (whole.to === whole.from) return 1;
  return Math.max(0, Math.min(1, (part.to - part.from) / (whole.to - whole.from)));
}

/** The bins that hold something, without exact zeros. */
function spreads({ histogram, min, max, zeros = 0 }: ClippedTensor): Spread[] {
  const { binWidth, positive, negative } = histogram;
  const found: Spread[] = [];
  positive.forEach((count, i) => {
    const others = i === 0 ? Math.max(0, count - zeros) : count;
    const from = i * binWidth;
    if (others > 0) found.push({ from, to: Math.max(from, Math.min(from + binWidth, max)), count: others });
  });
  negative.forEach((count, i) => {
    const to = -i * binWidth;
    if (count > 0) found.push({ from: Math.min(to, Math.max(to - binWidth, min)), to, count });
  });
  return found;
}

/** Adds up the squared error of `count` values evenly spread over an interval, and notes which codes they use. */
function roundingNoise(
  { from, to }: Spread,
  count: number,
  grid: TensorGrid,
  { unused, counts }: CodeUse,
): number {
  const { step, first, last } = grid;
  const codeOf = (x: number) => Math.max(first, Math.min(last, Math.round(x / step)));
  const use = (code: number, share: number) => {
    unused[code - first] = (unused[code - first] ?? 1) * (1 - Math.min(1, share)) ** count;
    counts[code - first] = (counts[code - first] ?? 0) + share * count;
  };
  if (to <= from) {
    const code = codeOf(from);
    use(code, 1);
    return count * (from - code * step) ** 2;
  }
  let sum = 0;
  const [lowest, highest] = [codeOf(from), codeOf(to)];
  for (let code = lowest; code <= highest; code += 1) {
    const low = code === lowest ? from : (code - 0.5) * step;
    const high = code === highest ? to : (code + 0.5) * step;
    const value = code * step;
    sum += ((high - value) ** 3 - (low - value) ** 3) / 3;
    use(code, (high - low) / (to - from));
  }
  return (count * sum) / (to - from);
}
