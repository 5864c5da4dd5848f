import type { LayerChoice, Resource } from '../../engine/shared/protocol/choices';
import type { TradeOff } from '../../engine/shared/protocol/plan';
import type { FromWebview } from '../../engine/shared/protocol/webview';
import { ownValue } from '../../engine/shared/ownValue';

export type Choices = Readonly<Record<string, LayerChoice>>;

/** What a layer is in a network; a name may be `__proto__`. */
export function choiceIn(choices: Choices, name: string): LayerChoice {
  return ownValue(choices, name) ?? 'int8';
}

/** How many layers are on each grid, most of them first. */
export function gridCounts({ layers }: Pick<TradeOff, 'layers'>, choices: Choices): [LayerChoice, number][] {
  const counts = new Map<LayerChoice, number>();
  for (const { name } of layers) {
    const choice = choiceIn(choices, name);
    counts.set(choice, (counts.get(choice) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]);
}

/** Layers that two networks have on different grids, in the model's order. */
export function layerDifferences(
  { layers }: Pick<TradeOff, 'layers'>,
  a: Choices,
  b: Choices,
): { name: string; a: LayerChoice; b: LayerChoice }[] {
  return layers
    .map(({ name }) => ({ name, a: choiceIn(a, name), b: choiceIn(b, name) }))
    .filter((layer) => layer.a !== layer.b);
}

/** What a network takes by what its layers take, which is how plans predict; `null` where a choice was not measured. */
export function predictedUse(
  { layers, floatUse }: Pick<TradeOff, 'layers' | 'floatUse'>,
  choices: Choices,
  resource: Resource,
): number | null {
  let sum = floatUse[resource];
  for (const { name, choices: costs } of layers) {
    const cost = costs.find(({ choice }) => choice === choiceIn(choices, name));
    if (cost === undefined) return null;
    sum += cost.extra[resource];
  }
  return sum;
}

function grouped(wanted: Iterable<readonly [string, LayerChoice | null]>): FromWebview[] {
  const byChoice = new Map<LayerChoice | null, string[]>();
  for (const [name, choice] of wanted) {
    const names = byChoice.get(choice);
    if (names === undefined) byChoice.set(choice, [name]);
    else names.push(name);
  }
  return [...byChoice].map(([choice, layers]) => ({ type: 'decide', layers, choice }));
}

/**
 * Decides every layer as a network of the plan has it: one message for each choice. What the analysis advises anyway is left to
 * it; a layer in int8 that it advises otherwise is decided too.
 */
export function applyMessages(
  { layers }: Pick<TradeOff, 'layers'>,
  choices: Choices,
  advised: (layer: string) => LayerChoice | null,
): FromWebview[] {
  return grouped(
    layers.map(({ name }) => {
      const choice = choiceIn(choices, name);
      return [name, choice === (advised(name) ?? 'int8') ? null : choice] as const;
    }),
  );
}

/** Decides the layers of a plan as they were decided before. */
export function undoMessages(
  { layers }: Pick<TradeOff, 'layers'>,
  decided: ReadonlyMap<string, LayerChoice>,
): FromWebview[] {
  return grouped(layers.map(({ name }) => [name, decided.get(name) ?? null] as const));
}
