import { cpus } from 'node:os';
import type { AnalysisPart } from './shardFile';
import { resolveProfile } from '../runtime/hostProfile';
import type { RuntimeWorker } from '../runtime/runtimeWorker';

declare const QUANTSCOPE_VERSION: string;

/** What computes here: the program with onnxruntime, and the processor. */
export async function machineOf(worker: RuntimeWorker): Promise<Pick<AnalysisPart, 'engine' | 'machine'>> {
  const processor = cpus()[0]?.model.trim() ?? '';
  return {
    engine: QUANTSCOPE_VERSION,
    machine: {
      profile: await resolveProfile('auto', worker),
      processor: processor === '' ? process.arch : processor,
    },
  };
}
