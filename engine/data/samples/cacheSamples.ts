import type { Sample, SampleSource } from './dataset';

function bytesOf(sample: Sample): number {
  return Object.values(sample.feeds).reduce((sum, tensor) => sum + tensor.data.byteLength, 0);
}

/** Keeps decoded samples until `maxBytes` are held; the rest are decoded each time. */
export function cacheSamples(source: SampleSource, maxBytes: number): SampleSource {
  const kept = new Map<number, Sample>();
  let held = 0;
  return {
    length: source.length,
    async load(index) {
      const known = kept.get(index);
      if (known !== undefined) return known;
      const sample = await source.load(index);
      const bytes = bytesOf(sample);
      if (held + bytes <= maxBytes && !kept.has(index)) {
        held += bytes;
        kept.set(index, sample);
      }
      return sample;
    },
  };
}
