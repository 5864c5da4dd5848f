// Writes what the calibration samples feed, as the engine prepares them, for the peer: MODEL DATA OUT [COUNT]. A folder for each run of
// the model, with `inputs.json` (names) and an array `I.npy` for each input. A model that keeps a state is run in float,
// and each of its steps is one.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Tensor } from '../../engine/data/samples/dataset';
import { openDataset } from '../../engine/data/openDataset';
import { inputSpecs } from '../../engine/onnx/summary/inputSpecs';
import { readModelFile } from '../../engine/onnx/file/readModel';
import { runSteps } from '../../engine/runtime/runSteps';
import { WorkerPool } from '../../engine/runtime/workerPool';
import { npyBytes } from '../engine/data/npyBytes';

const [path = '', data = '', out = '', count = 'Infinity'] = process.argv.slice(2);
const pool = new WorkerPool(1);
const descr: Partial<Record<Tensor['type'], string>> = { float32: '<f4', int64: '<i8' };

let written = 0;
function write(feeds: Record<string, Tensor>): void {
  const folder = join(out, String(written++).padStart(6, '0'));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'inputs.json'), JSON.stringify(Object.keys(feeds)));
  for (const [i, { type, dims, data: values }] of Object.values(feeds).entries()) {
    const kind = descr[type];
    if (kind === undefined) throw new Error(`no model of the zoo is fed with ${type}`);
    writeFileSync(join(folder, `${i}.npy`), npyBytes({ descr: kind, shape: dims, data: values }));
  }
}

async function main(): Promise<unknown> {
  const { bytes, model } = await readModelFile(resolve(path));
  const { calibration } = await openDataset(data, inputSpecs(model));
  const session = await pool.first.load(bytes, { threads: 1 });
  for (let i = 0; i < Math.min(calibration.length, Number(count)); i++) {
    const { feeds, sequence } = await calibration.load(i);
    const carried = Object.values(sequence?.carry ?? {});
    const run = async (fed: Record<string, Tensor>) =>
      carried.length === 0 ? {} : (await session.run(fed, carried)).outputs;
    for await (const step of runSteps(feeds, sequence, run, (answer: Tensor) => answer)) write(step.feeds);
  }
  return { samples: calibration.length, runs: written };
}

void main()
  .then((result) => console.log(JSON.stringify(result)))
  .finally(() => pool.dispose());
