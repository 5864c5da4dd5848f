import type { QuantizeSettings } from '../../engine/shared/protocol/settings';
import type { ModelSession } from '../session/modelSession';

/** What a quantization is asked beside the settings of an analysis. */
export type Aim = Pick<QuantizeSettings, 'keepFloat'> &
  Partial<Pick<QuantizeSettings, 'targetDrop' | 'recipe' | 'weights'>>;

/**
 * The user's own layers, or whatever meets the target: then a finished analysis need not choose again. Where layers are named nothing
 * is searched for, so that what the analysis advises of the whole network is named too, as far as the recipe leaves it open.
 */
export function aimOf({
  report,
  isOwnChoice,
  advisedFloat,
  recipe: { rules },
}: Pick<ModelSession, 'report' | 'isOwnChoice' | 'advisedFloat'> & {
  recipe: Pick<ModelSession['recipe'], 'rules'>;
}): Aim {
  if (!isOwnChoice || report === null) return { keepFloat: null };
  const { remedies, weights } = report.decisions;
  return { keepFloat: advisedFloat, weights, recipe: { remedies, layers: [], operators: [], ...rules } };
}
