import type { FromWebview } from './protocol';

/** Keeps a layer in float or does not: what is advised anyway needs no decision. */
export function keepMessage(layer: string, keep: boolean, isAdvised: boolean): FromWebview {
  const choice = keep === isAdvised ? null : keep ? 'float' : 'int8';
  return { type: 'decide', layers: [layer], choice };
}
