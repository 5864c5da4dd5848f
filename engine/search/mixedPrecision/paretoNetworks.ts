import type { Run } from '../../common/run';
import { StageProgress } from '../../common/progress';
import type { Resource } from '../../shared/protocol/choices';
import { paretoFront } from '../../stats/paretoFront';
import type { Judge, Judged } from '../candidate/candidateTrials';
import type { MeasuredChoice } from './gridCosts';
import type { Prediction } from './predictNetwork';

/** A network that a program chose. */
export interface Choice extends Prediction {
  choices: readonly MeasuredChoice[];
  judged: Judged | null;
}

/**
 * The network that takes least of a resource whose score on the samples that choose suffices for the target: predictions put the
 * networks in order, and measuring decides. Supposes that less noise scores no worse; what is taken was measured.
 */
export async function cheapestThatSuffices(
  all: readonly Choice[],
  along: Resource,
  judge: Judge,
  attempt: (choice: Choice) => Promise<Judged>,
  { onProgress }: Run,
): Promise<Choice> {
  const line = frontOf(all, [along], along);
  const most = Math.ceil(Math.log2(line.length + 1));
  const progress = new StageProgress('select', 'Looking for the least that suffices', most, onProgress);
  let low = 0;
  let high = line.length - 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const choice = line[middle];
    if (choice === undefined) break;
    const { verdict } = await attempt(choice);
    progress.step();
    if (judge.suffices(verdict.score)) high = middle;
    else low = middle + 1;
  }
  progress.end();
  const found = line[high];
  if (found === undefined) throw new RangeError('a front has a network');
  return found;
}

/** Scores every network of the front. */
export async function verifyAll(
  front: readonly Choice[],
  attempt: (choice: Choice) => Promise<Judged>,
  { onProgress }: Run,
): Promise<void> {
  const progress = new StageProgress('select', 'Scoring the front', front.length, onProgress);
  for (const choice of front) {
    await attempt(choice);
    progress.step();
  }
}

/**
 * Those that no other dominates in noise and resources, from the least of one resource to the most.
 * @param keep one that stays, dominated or not
 */
export function frontOf(
  all: readonly Choice[],
  resources: readonly Resource[],
  along: Resource,
  keep?: Choice,
): Choice[] {
  const rows = all.map(({ predicted }) => [-predicted.outputDb, ...resources.map((r) => predicted[r])]);
  const front = new Set(paretoFront(rows).flatMap((i) => all[i] ?? []));
  if (keep !== undefined) front.add(keep);
  return [...front].sort(
    (a, b) => a.predicted[along] - b.predicted[along] || a.predicted.outputDb - b.predicted.outputDb,
  );
}
