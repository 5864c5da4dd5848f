/** Part `index` (from 1) of `count` parts. */
export interface Shard {
  index: number;
  count: number;
}

/** Places `from` to before `to` in the order of the samples ({@link spread}). */
export interface Places {
  from: number;
  to: number;
}

/**
 * The part of layers × samples that falls to one of several machines: by layer, the places that it runs; layers that it runs
 * none of are left out. Layers are dealt out in turn, whole, so that each is run no further than it has to be; those of the last
 * round, which do not go round, are cut by samples, evenly. No two shares differ by more than one layer and sample, and
 * together they hold each once.
 */
export function shareOf(
  layers: readonly string[],
  samples: number,
  { index, count }: Shard,
): Map<string, Places> {
  const rounds = Math.floor(layers.length / count);
  const own = new Map<string, Places>();
  for (let round = 0; round < rounds; round++) {
    const layer = layers[round * count + index - 1];
    if (layer !== undefined) own.set(layer, { from: 0, to: samples });
  }
  const rest = layers.slice(rounds * count);
  const end = (shard: number) => Math.floor((rest.length * samples * shard) / count);
  const [first, last] = [end(index - 1), end(index)];
  for (const [i, layer] of rest.entries()) {
    const from = Math.max(first - i * samples, 0);
    const to = Math.min(last - i * samples, samples);
    if (from < to) own.set(layer, { from, to });
  }
  return own;
}
