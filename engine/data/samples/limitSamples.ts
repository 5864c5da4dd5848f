import type { Dataset, SampleSource } from './dataset';

/** The first `count` samples of each part. */
export function limitSamples(dataset: Dataset, count: number): Dataset {
  return {
    ...dataset,
    calibration: firstOf(dataset.calibration, count),
    evaluation: firstOf(dataset.evaluation, count),
  };
}

/** The first `count` samples, or all there are. */
export function firstOf(source: SampleSource, count: number): SampleSource {
  return { length: Math.min(source.length, count), load: (index) => source.load(index) };
}
