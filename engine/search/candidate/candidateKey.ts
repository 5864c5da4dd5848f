import { createHash } from 'node:crypto';
import type { Candidate } from './candidate';

/**
 * What tells candidates of one model apart, as a hash in hex: every decision about it, and the clips that its calibrator found.
 * Two machines that have the same key measure the same networks.
 */
export function networkKey({
  base,
  profile,
  weights,
  methods,
  operators,
  choices,
  remedies,
  clips: decidedClips,
}: Candidate): string {
  const clips = [...methods].map(([tensor, method]) => [tensor, base.clips.get(method)?.get(tensor) ?? null]);
  const decided = [
    ...[profile, weights, remedies, clips, [...base.limits]],
    ...[[...operators].sort(), [...choices].sort(), base.layers.map((l) => l.name)],
    [...decidedClips].sort(),
  ];
  return createHash('sha256').update(JSON.stringify(decided)).digest('hex').slice(0, 32);
}
