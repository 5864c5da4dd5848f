import { createHash } from 'node:crypto';
import { unlessCancelled } from '../../common/cancellation';
import type { Sample, SampleSource } from './dataset';

/** What is fed for a sample, as a hash in hex: two samples that feed the same have the same, whatever their names. */
export function sampleDigest({ feeds, sequence }: Sample): string {
  const hash = createHash('sha256');
  const all = [feeds, ...(sequence?.steps ?? [])].flatMap((step) =>
    Object.entries(step).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  if (sequence !== undefined) hash.update(JSON.stringify(Object.entries(sequence.carry).sort()));
  for (const [name, { type, dims, data }] of all) {
    hash.update(JSON.stringify([name, type, dims]));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  // 128 bits: enough to tell samples apart, half as long to store.
  return hash.digest('hex').slice(0, 32);
}

/**
 * What a source feeds and holds for true, as a hash in hex: the same wherever its files lie.
 * @throws EngineError `bad-data`, `cancelled`
 */
export async function sourceDigest(source: SampleSource, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for (let i = 0; i < source.length; i++) {
    const sample = await unlessCancelled(source.load(i), signal);
    hash.update(JSON.stringify([sampleDigest(sample), sample.truth]));
  }
  return hash.digest('hex').slice(0, 32);
}
