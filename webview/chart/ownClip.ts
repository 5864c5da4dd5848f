import type { LayerInput } from '../../engine/shared/protocol/report';

/** Stands for the user's own clip where methods are named. */
export const OWN_CLIP = 'yours';

/** A tensor with the user's own clip, where there is one, beside those of the calibrators; and by which of them it is clipped. */
export function withOwnClip(
  input: LayerInput,
  decided: number | undefined,
): { clipped: LayerInput; method: string } {
  if (decided === undefined) return { clipped: input, method: input.method };
  return { clipped: { ...input, clips: { ...input.clips, [OWN_CLIP]: decided } }, method: OWN_CLIP };
}
