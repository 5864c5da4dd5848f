import type { Dataset, SampleSource } from './dataset';

/** With fewer samples than this, both parts are all of them: halves would say too little. */
export const MIN_SAMPLES_TO_SPLIT = 16;

/** Even samples calibrate and odd ones evaluate; both parts are all samples when there are fewer than 16. */
export function splitSamples(source: SampleSource): Pick<Dataset, 'calibration' | 'evaluation' | 'shared'> {
  if (source.length < MIN_SAMPLES_TO_SPLIT) return { calibration: source, evaluation: source, shared: true };
  return { calibration: everySecond(source, 0), evaluation: everySecond(source, 1), shared: false };
}

function everySecond(source: SampleSource, start: 0 | 1): SampleSource {
  return {
    length: Math.ceil((source.length - start) / 2),
    load: (index) => source.load(2 * index + start),
  };
}
