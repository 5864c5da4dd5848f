// Times models in turns on the same evaluation samples, on one thread: DATA MODEL…; the first model's inputs say how the data
// is read, and its speed how many rounds are run. Prints the rounds, and the median and both quartiles of each one's milliseconds, and of its time against the first one's, round by round.
import { openDataset } from '../../engine/data/openDataset';
import { inputSpecs } from '../../engine/onnx/summary/inputSpecs';
import { readModelFile } from '../../engine/onnx/file/readModel';
import { WorkerPool } from '../../engine/runtime/workerPool';

const [data = '', ...paths] = process.argv.slice(2);
const pool = new WorkerPool(1);
/** Short runs vary more: they are repeated until the first model has run so long. */
const ENOUGH_MS = 2000;
const [LEAST, MOST] = [60, 1000];

interface Spread {
  low: number;
  median: number;
  high: number;
}

/** Quartiles, between neighbours in proportion. */
function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => {
    const place = share * (sorted.length - 1);
    const [below = 0, above = 0] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
    return below + (above - below) * (place - Math.floor(place));
  };
  return { low: at(0.25), median: at(0.5), high: at(0.75) };
}

async function main(): Promise<unknown> {
  const models = await Promise.all(paths.map((path) => readModelFile(path)));
  const [first] = models;
  if (first === undefined) throw new Error('no model to time');
  const { evaluation } = await openDataset(data, inputSpecs(first.model));
  const outputs = first.model.graph.output.map((output) => output.name);
  const sessions = [];
  for (const { bytes } of models) sessions.push(await pool.first.load(bytes, { threads: 1 }));
  const times = sessions.map((): number[] => []);
  // The first round warms up.
  let rounds = LEAST;
  for (let round = 0; round <= rounds; round++) {
    const { feeds, sequence } = await evaluation.load(round % evaluation.length);
    for (let turn = 0; turn < sessions.length; turn++) {
      // Another one begins each round, so that none is always behind the same.
      const i = (round + turn) % sessions.length;
      const taken = await sessions[i]?.run(feeds, outputs, sequence);
      if (round > 0 && taken !== undefined) times[i]?.push(taken.milliseconds);
    }
    const own = times[0] ?? [];
    if (round === LEAST) rounds = Math.min(MOST, Math.max(LEAST, ENOUGH_MS / spread(own).median));
  }
  const measured = times.map((list) => ({
    milliseconds: spread(list),
    ratio: spread(list.map((time, round) => time / (times[0]?.[round] ?? NaN))),
  }));
  return { rounds: times[0]?.length ?? 0, models: measured };
}

void main()
  .then((result) => console.log(JSON.stringify(result)))
  .finally(() => pool.dispose());
