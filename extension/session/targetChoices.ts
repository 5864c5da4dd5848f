import type { MetricName } from '../../engine/shared/protocol/choices';
import { capitalized } from '../../engine/shared/format';
import { describeTarget } from '../../engine/shared/accuracyTarget';

/** How near to float an int8 model has to be: a relative drop, or every layer in int8 whatever that costs. */
export type Target = number | 'int8';

/** What to quantize by, as a list shows it. */
export interface TargetChoice {
  /** `null` for the layers that the user chose in the view. */
  target: Target | null;
  label: string;
  description?: string;
  detail?: string;
}

/** Drops that are offered beside the setting's. */
const OTHERS = [0.005, 0.01, 0.02];

/** `Within 1% of float`. */
function labelOf(metric: MetricName, target: Target): string {
  if (target === 'int8') return 'Everything in int8, whatever it costs';
  const words = describeTarget(metric, target);
  return capitalized(words);
}

/**
 * The answers to how near to float a model has to be: first what was used last for it, else the setting's.
 * @param kept how many layers the user keeps in float by a choice other than the advice; `null` for none
 */
export function targetChoices(
  metric: MetricName,
  setting: number,
  last: Target | null,
  kept: number | null,
): TargetChoice[] {
  const first = last ?? setting;
  const drops = [...new Set([setting, ...OTHERS])].filter((drop) => drop !== first);
  const targets: Target[] = [first, ...drops, ...(first === 'int8' ? [] : (['int8'] as const))];
  const choices = targets.map((target): TargetChoice => {
    const told = target === last ? 'As last time' : target === setting ? 'As in the settings' : null;
    return {
      target,
      label: labelOf(metric, target),
      ...(told === null ? {} : { description: told }),
      ...(target === 'int8' ? { detail: 'No layer stays in float; what stands between layers may.' } : {}),
    };
  });
  if (kept === null) return choices;
  const own: TargetChoice = {
    target: null,
    label: 'The layers chosen in the view',
    description: kept === 0 ? 'none in float' : `${kept} in float`,
    detail: `Held against the setting: ${describeTarget(metric, setting)}.`,
  };
  return [own, ...choices];
}
