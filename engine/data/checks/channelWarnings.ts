import { formatShape } from '../../shared/format';
import { quoted, type Evidence } from './evidence';

/** So many of the images must look mixed up: single ones may be patterns. */
const MOST_OF_THEM = 0.75;

/** Channels on another axis than the model's first Conv takes them from, by their number or by the values. */
export function channelSuspicions(evidence: Evidence): string[] {
  const misplaced = misplacedChannels(evidence);
  return misplaced.length > 0 ? misplaced : mixedChannels(evidence);
}

function misplacedChannels({ input, tensors, use, remedy }: Evidence): string[] {
  const wanted = use?.channels ?? null;
  if (use === null || wanted === null) return [];
  const wrong = tensors.find(
    ({ tensor: { dims } }) => dims.length >= 3 && dims[wanted.axis] !== wanted.count,
  );
  if (wrong === undefined) return [];
  const { dims } = wrong.tensor;
  const elsewhere = wanted.axis === 1 ? dims.length - 1 : 1;
  const seems =
    dims[elsewhere] === wanted.count
      ? ` That looks like channels ${wanted.axis === 1 ? 'last' : 'first'}: ${remedy.layout}.`
      : '';
  return [
    `Input ${quoted(input)} has the shape ${formatShape(dims)} in ${quoted(wrong.sample)}, and the model's first Conv, ${quoted(use.layer)}, takes ${wanted.count} channels from axis ${wanted.axis}, where this has ${dims[wanted.axis] ?? 'none'}.${seems}`,
  ];
}

/** The shape fits, but the values lie in another order, as `reshape` in place of `transpose` leaves them. */
function mixedChannels({ input, tensors, remedy }: Evidence): string[] {
  const mixed = tensors.filter(({ tensor: { look, dims, mixing } }) => {
    if (look.kind !== 'image' || mixing === null) return false;
    return mixing === (look.channelAxis === dims.length - 1 ? 'planar' : 'interleaved');
  });
  const [first] = mixed;
  if (first === undefined || mixed.length < MOST_OF_THEM * tensors.length) return [];
  const { dims, mixing } = first.tensor;
  const order = mixing === 'interleaved' ? 'pixel by pixel (R G B R G B)' : 'plane by plane (R R, G G, B B)';
  return [
    `Input ${quoted(input)} has the shape ${formatShape(dims)}, but its values lie ${order} in ${mixed.length} of ${tensors.length} samples, so the model sees scrambled pictures. Move the channels with transpose, not with reshape: ${remedy.layout}.`,
  ];
}
