import { formatValue } from '../../shared/format';
import { quoted, type Evidence } from './evidence';

/** Normalized images stay far below, pixels of 8 bits far above. */
const NORMALIZED_REACH = 10;
const PIXEL_REACH = 256;
/** An estimate that many standard errors away is another value. */
const CLEARLY = 5;
/** How far, in parts of their range, images' mean lies from 0 where 0 to 1 was not shifted. */
const FAR_FROM_ZERO = 0.25;

/** Images of float values whose range is not the one that the model seems to be trained on. */
export function pixelSuspicions({ input, tensors, use, remedy }: Evidence): string[] {
  const images = tensors.filter(
    ({ tensor }) => tensor.look.kind === 'image' && tensor.type.startsWith('float') && tensor.mean !== null,
  );
  if (images.length === 0 || images.length < tensors.length || use === null || use.computesFirst) return [];
  const min = Math.min(...images.map(({ tensor }) => tensor.min ?? 0));
  const max = Math.max(...images.map(({ tensor }) => tensor.max ?? 0));
  const mean = images.reduce((sum, { tensor }) => sum + (tensor.mean ?? 0), 0) / images.length;
  if (min < 0 || max > PIXEL_REACH || max === min) return [];
  const seen = `Input ${quoted(input)} gets values from ${formatValue(min)} to ${formatValue(max)}, on average ${formatValue(mean)}`;
  const layer = `${use.opType} ${quoted(use.layer)}`;
  const { trained } = use;
  const spread = trained === null ? 0 : CLEARLY * trained.error;
  const fits = trained !== null && Math.abs(trained.value - mean) <= Math.max(spread, 0.25 * (max - min));
  if (fits) return [];
  // A wide estimate tells nothing.
  const sure = trained !== null && spread < FAR_FROM_ZERO * Math.max(1, Math.abs(trained.value));
  const known = sure ? trained : null;
  if (max > NORMALIZED_REACH) {
    const trainedOn =
      known === null
        ? `nothing normalizes them before the first layer, ${layer}`
        : `the first layer, ${layer}, was trained on an average of about ${formatValue(round(known.value))}`;
    return [
      `${seen}, as pixels of 8 bits do, and ${trainedOn}. If the model was trained on normalized pixels, ${remedy.normalize}.`,
    ];
  }
  if (known === null) return [];
  if (known.value > NORMALIZED_REACH || (max <= 1 && mean - known.value > FAR_FROM_ZERO))
    return [
      `${seen}, and the model's first layer, ${layer}, was trained on an average of about ${formatValue(round(known.value))}: ${remedy.normalize}.`,
    ];
  return [];
}

/** An estimate has no more digits to offer. */
function round(value: number): number {
  return Math.abs(value) < NORMALIZED_REACH ? Math.round(10 * value) / 10 : Number(value.toPrecision(2));
}
