import { readFile, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineError, errorText } from '../shared/engineError';
import { throwIfCancelled } from '../common/cancellation';
import { inTempFolder } from '../common/tempFolder';
import type { RuntimeWorker } from './runtimeWorker';
import type { Feeds, Sequence } from './workerProtocol';

const ROUNDS = 10;

/** One node's entry in the profile that onnxruntime writes. */
interface ProfileEvent {
  cat?: string;
  name?: string;
  dur?: number;
  args?: { op_name?: string };
}

/** A node of the graph as onnxruntime runs it. */
export interface ProfiledNode {
  name: string;
  /** Empty where the profile does not say. */
  opType: string;
  /** Of one sample, on one thread. */
  milliseconds: number;
}

const KERNEL = '_kernel_time';

function parseProfile(text: string): ProfileEvent[] {
  try {
    return JSON.parse(text) as ProfileEvent[];
  } catch (thrown) {
    throw new EngineError(
      'runtime',
      `onnxruntime's profile cannot be read: ${errorText(thrown)}.`,
      `Check that ${tmpdir()} has room.`,
      { cause: thrown },
    );
  }
}

/**
 * What each node takes for one sample, as onnxruntime's own profile tells it: the median of its runs, so that what else the machine
 * does falls out, times how often it runs.
 * @throws EngineError `runtime`, `cancelled`; `write-failed` when there is no temporary folder
 */
export async function profileNodes(
  worker: RuntimeWorker,
  model: Uint8Array,
  outputs: string[],
  { feeds, sequence }: { feeds: Feeds; sequence?: Sequence | undefined },
  signal?: AbortSignal,
): Promise<ProfiledNode[]> {
  return inTempFolder(async (folder) => {
    const session = await worker.load(model, { threads: 1, profilePrefix: join(folder, 'profile') });
    try {
      for (let i = 0; i < ROUNDS; i++) {
        throwIfCancelled(signal);
        await session.run(feeds, outputs, sequence);
      }
      await session.endProfiling();
    } finally {
      await session.release();
    }
    const nodes = new Map<string, { name: string; opType: string; runs: number[] }>();
    for (const file of await readdir(folder)) {
      const events = parseProfile(await readFile(join(folder, file), 'utf8'));
      for (const { cat, name, dur = 0, args } of events) {
        if (cat !== 'Node' || name?.endsWith(KERNEL) !== true) continue;
        const opType = args?.op_name ?? '';
        const key = `${opType}\n${name}`;
        const own = session.ownName(name.slice(0, -KERNEL.length));
        const node = nodes.get(key) ?? { name: own, opType, runs: [] };
        nodes.set(key, node);
        node.runs.push(dur / 1000);
      }
    }
    return [...nodes.values()].map(({ name, opType, runs }) => {
      const median = runs.sort((a, b) => a - b)[Math.floor(runs.length / 2)] ?? 0;
      return { name, opType, milliseconds: (median * runs.length) / ROUNDS };
    });
  });
}
