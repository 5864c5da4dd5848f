/** What is known of a layer when the choice is made. */
export interface Ranked {
  name: string;
  drop: number;
  /** Signal to noise of the model's outputs with this layer alone in int8, in dB. */
  outputDb: number;
}

/** Most harmful first: by drop, and where the metric cannot tell two layers apart, by the noise that reaches the outputs. */
export function rankLayers<T extends Ranked>(layers: readonly T[]): T[] {
  return [...layers].sort((a, b) => b.drop - a.drop || a.outputDb - b.outputDb);
}

export interface Selection {
  keepFloat: string[];
  score: number;
  meetsTarget: boolean;
}

/**
 * Partial quantization (paper, section "Partial quantization"): the fewest layers from the top of the ranking
 * that, left in float together, meet the target. Each candidate set is scored jointly, since one-layer drops do
 * not add up. Their number is doubled, then halved: about 2 · log₂ n scores. That supposes that more float layers
 * do not hurt; the chosen set is always one that was measured.
 * @param rank names, most harmful first; asked for only when int8 alone misses the target
 * @param scoreWithout the model's score with the given layers in float and all others in int8
 */
export async function selectFloatLayers(
  rank: () => Promise<readonly string[]>,
  scoreWithout: (keepFloat: string[]) => Promise<number>,
  meetsTarget: (score: number) => boolean,
): Promise<Selection> {
  const measure = async (keepFloat: string[]): Promise<Selection> => {
    const score = await scoreWithout(keepFloat);
    return { keepFloat, score, meetsTarget: meetsTarget(score) };
  };
  const none = await measure([]);
  if (none.meetsTarget) return none;

  const ranking = await rank();
  const tried = [none];
  const missed = async (count: number) => {
    const selection = await measure(ranking.slice(0, count));
    tried.push(selection);
    return !selection.meetsTarget;
  };
  let failing = 0;
  let passing = Math.min(1, ranking.length);
  while (await missed(passing)) {
    if (passing === ranking.length) return tried.reduce((a, b) => (b.score > a.score ? b : a));
    failing = passing;
    passing = Math.min(2 * passing, ranking.length);
  }
  while (passing - failing > 1) {
    const count = Math.floor((failing + passing) / 2);
    if (await missed(count)) failing = count;
    else passing = count;
  }
  return tried.find((s) => s.meetsTarget && s.keepFloat.length === passing) ?? none;
}
