import { weightRanges } from '../../engine/project/layerWeights';
import type {
  ClipTrial,
  LayerWeights,
  OutputScatter,
  RemediedInputs,
} from '../../engine/shared/protocol/layerDetail';
import type { LayerInput } from '../../engine/shared/protocol/report';
import type { RemedyName } from '../../engine/shared/protocol/choices';
import { heavyTailed, randomSource } from './sampleReport';

/** A sum of twelve numbers in [0, 1), less six: as good as normal. */
export function normal(random: () => number): number {
  return Array.from({ length: 12 }, random).reduce((a, b) => a + b, -6);
}

/** Weights of which channel 17 reaches many times as far as the others, and some hardly anywhere. */
export function sampleWeights(layer: string, channels = 64, joined = 1): LayerWeights {
  const random = randomSource(11);
  const each = 27;
  const scale = (c: number) => (c === 17 ? 14 : c === 40 ? 5 : c % 13 === 6 ? 0.05 : 0.6 + random());
  const scales = Array.from({ length: channels }, (_, c) => scale(c));
  const values = Float32Array.from(
    { length: channels * each },
    (_, i) => 0.1 * (scales[Math.floor(i / each)] ?? 1) * normal(random),
  );
  const of = (i: number) => Math.floor(i / each);
  const before = weightRanges(values, { count: channels, of }, 8);
  return { layer, weight: `${layer}.w`, shape: [channels, 3, 3, 3], channels, joined, before, after: null };
}

/** Outputs along the line, the int8 ones with noise and cut off above. */
export function sampleScatter(layer: string): OutputScatter {
  const random = randomSource(5);
  const [bins, low, high, counted] = [64, -2, 6, 40_000];
  const square = (noise: number) => {
    const counts = new Array<number>(bins * bins).fill(0);
    const binOf = (x: number) =>
      Math.max(0, Math.min(bins - 1, Math.floor(((x - low) / (high - low)) * bins)));
    for (let i = 0; i < counted; i += 1) {
      const x = Math.abs(normal(random)) * 1.2 - 0.8;
      const y = Math.min(3.2, x + noise * normal(random));
      const at = binOf(y) * bins + binOf(x);
      counts[at] = (counts[at] ?? 0) + 1;
    }
    return counts;
  };
  return {
    ...{ layer, tensor: `${layer}.y`, samples: 8, values: 3 * counted, counted, bins, low, high },
    alone: { counts: square(0.04), sqnrDb: 28.4 },
    net: { counts: square(0.3), sqnrDb: 11.9 },
  };
}

/** A tensor that reached so many times as far before it was equalized. */
export function sampleRemedied(
  layer: string,
  input: LayerInput,
  remedies: RemedyName[] = ['equalize'],
): RemediedInputs {
  const random = randomSource(3);
  const reach = Math.max(-input.min, input.max) / 6;
  const histogram = heavyTailed(random, reach / 4, reach, input.min < 0);
  const [max, min] = [histogram.positive.length, 0 - histogram.negative.length].map(
    (bins) => bins * histogram.binWidth,
  );
  const clip = 0.9 * reach;
  const after = {
    ...{ ...input, histogram, min: min ?? 0, max: max ?? 0, clip },
    clips: { ...input.clips, [input.method]: clip },
  };
  const before = { ...input, clip: input.clips[input.method] ?? 0 };
  return { layer, remedies, samples: 500, inputs: [{ before, after: [after] }] };
}

export function sampleTrial(layer: string, tensor: string, clip: number, used: number): ClipTrial {
  const score = (drop: number, outputDb: number) => ({
    ...{ score: 0.986 - drop, drop, standardError: 0.003, outputDb },
  });
  return {
    ...{ layer, tensor, clip, used, samples: 32, allSamples: 500 },
    sqnrDb: { tried: 31.2, used: 27.9 },
    alone: { tried: score(0.004, 24.2), used: score(0.021, 19.6) },
    advised: { tried: score(0.011, 17.2), used: score(0.013, 17) },
  };
}
