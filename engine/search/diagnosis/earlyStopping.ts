import type { SampleScore } from '../../data/metrics/metric';
import type { Evaluator, Verdict } from '../../evaluate/evaluator';
import { FIRST_LOOK, WITNESSES } from '../../evaluate/sequentialStopping';
import { isDropSettled } from '../../stats/isDropSettled';
import { MAX_SQNR_DB } from '../../shared/accuracyTarget';
import { SUFFICES, type Judged } from '../candidate/candidateTrials';
import type { SubjectOptions } from './layerVariants';

/** What follows behind a layer's cut is a third of a network, on average. */
const SUFFIX = 1 / 3;
/** Fewer say too little. */
const LEAST_FIRST = 8;
/** More would not tell better which variants are the noisiest. */
const MOST_FIRST = 2 * FIRST_LOOK;

/**
 * On how many samples all variants are tried before any is tried on the others: as many as two float passes over all of them take.
 * `undefined` where that would be most of them.
 */
export function firstSamples(samples: number, variants: number): number | undefined {
  const count = Math.max(LEAST_FIRST, Math.floor((2 * samples) / (SUFFIX * variants)));
  return 2 * count > samples ? undefined : count;
}

/** What all layers of a network in int8 score; `null` where some were decided otherwise. */
export function jointOf({ candidate, verdict }: Pick<Judged, 'candidate' | 'verdict'>): Verdict | null {
  return candidate.choices.size === 0 ? verdict : null;
}

/**
 * How many samples come first, and when enough of them are run. How much a sample that was not seen may lose is guessed from
 * networks with more noise at the outputs, which ran on many more: all layers in int8, and noisier layers alone.
 * @param joint what the candidate scores with all its layers in int8; `null` where some of them are not
 */
export function aloneOptions(
  chooser: Pick<Evaluator, 'float' | 'floatSamples' | 'samples'>,
  targetDrop: number,
  variants: number,
  joint: Verdict | null,
): Pick<SubjectOptions, 'first' | 'isSettled'> {
  // Half of what is accepted of all layers together: a layer that loses less by itself is none to look for.
  const threshold = SUFFICES * targetDrop * Math.abs(chooser.float);
  const all = chooser.samples.length;
  const worth = chooser.floatSamples.reduce(
    (n, { value, weight }) => Math.max(n, Math.abs(value) * weight),
    0,
  );
  const byAll = mostChanged(chooser.floatSamples, joint?.samples ?? []);
  const first = firstSamples(all, variants) ?? (all < 2 * FIRST_LOOK ? undefined : FIRST_LOOK);
  return {
    first: first === undefined ? undefined : Math.min(first, MOST_FIRST),
    isSettled: (soFar, witnesses) => {
      const nearest = witnesses
        // What makes no noise tells nothing, nor what was settled by a few samples itself.
        .filter(({ sqnrDb, indices }) => sqnrDb < MAX_SQNR_DB && 2 * indices.length >= all)
        .filter(({ sqnrDb }) => sqnrDb <= soFar.sqnrDb)
        .sort((a, b) => b.sqnrDb - a.sqnrDb)
        .slice(0, WITNESSES);
      const byNoisier = nearest.map(({ indices, samples }) =>
        mostChanged(floatScores(chooser, indices), samples),
      );
      const mostLost = Math.min(
        worth,
        joint !== null && joint.sqnrDb <= soFar.sqnrDb ? byAll : Infinity,
        nearest.length < WITNESSES ? Infinity : Math.max(...byNoisier),
      );
      const float = floatScores(chooser, soFar.indices);
      return isDropSettled(float, soFar.samples, all, threshold, mostLost);
    },
  };
}

/** By how much one sample's share of the score changes at most. */
function mostChanged(float: readonly SampleScore[], scores: readonly SampleScore[]): number {
  return float.reduce(
    (most, { value, weight }, i) => Math.max(most, Math.abs((scores[i]?.value ?? value) - value) * weight),
    0,
  );
}

/** What float scores on some of the samples. */
export function floatScores({ floatSamples }: Pick<Evaluator, 'floatSamples'>, indices: readonly number[]) {
  return indices.flatMap((i) => floatSamples[i] ?? []);
}
