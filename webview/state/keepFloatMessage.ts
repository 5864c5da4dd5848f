import type { LayerChoice } from '../../engine/shared/protocol/choices';
import type { FromWebview } from '../../engine/shared/protocol/webview';

/** Keeps a layer in float or does not: what is advised anyway needs no decision. */
export function keepMessage(layer: string, keep: boolean, isAdvised: boolean): FromWebview {
  const choice = keep === isAdvised ? null : keep ? 'float' : 'int8';
  return { type: 'decide', layers: [layer], choice };
}

/**
 * Puts several layers in float or in int8, each by its own advice: at most two messages.
 * @param layers with what is advised for each; `null` where nothing is
 */
export function keepAllMessages(
  layers: readonly { name: string; advised: LayerChoice | null }[],
  keep: boolean,
): FromWebview[] {
  const wanted = keep ? 'float' : 'int8';
  const choices = [null, wanted] as const;
  return choices.flatMap((choice) => {
    const names = layers.filter((l) => (l.advised === wanted ? null : wanted) === choice).map((l) => l.name);
    return names.length === 0 ? [] : [{ type: 'decide', layers: names, choice }];
  });
}
