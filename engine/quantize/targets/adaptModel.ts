import type { Model } from '../../onnx/graph/model';
import type { ProfileName } from '../../shared/protocol/choices';
import { withAlignedChannels } from './alignChannels';
import { profiles } from './profiles';
import { withSubPixelConvs } from './subPixelConv';

/** The form of a normalized model that a target's integer kernels fit best; it computes the same. */
export function adaptTo(profile: ProfileName, normalized: Model): Model {
  const { integerConvTranspose, channelMultiple } = profiles[profile];
  const convolved = integerConvTranspose ? normalized : withSubPixelConvs(normalized);
  return withAlignedChannels(convolved, channelMultiple);
}
