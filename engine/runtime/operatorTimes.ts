import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unfused } from './unfused';
import type { RuntimeWorker } from './runtimeWorker';
import type { Feeds } from './workerProtocol';
import type { Sequence } from './sequence';

const ROUNDS = 10;

/** One node's entry in the profile that onnxruntime writes. */
interface ProfileEvent {
  cat?: string;
  name?: string;
  dur?: number;
  args?: { op_name?: string };
}

/**
 * Milliseconds of one sample on one thread by operator type, as onnxruntime's own profile tells them; integer and fused forms
 * count as what they compute (`QLinearConv`, `FusedConv` as `Conv`).
 * @throws EngineError `runtime`
 */
export async function operatorTimes(
  worker: RuntimeWorker,
  model: Uint8Array,
  outputs: string[],
  { feeds, sequence }: { feeds: Feeds; sequence?: Sequence | undefined },
): Promise<Map<string, number>> {
  const folder = await mkdtemp(join(tmpdir(), 'quantscope-'));
  try {
    const session = await worker.load(model, { threads: 1, profilePrefix: join(folder, 'profile') });
    try {
      for (let i = 0; i < ROUNDS; i++) await session.run(feeds, outputs, sequence);
      await session.endProfiling();
    } finally {
      await session.release();
    }
    const times = new Map<string, number>();
    for (const file of await readdir(folder)) {
      const events = JSON.parse(await readFile(join(folder, file), 'utf8')) as ProfileEvent[];
      for (const { cat, name, dur = 0, args } of events) {
        if (cat !== 'Node' || name?.endsWith('_kernel_time') !== true) continue;
        const type = plainType(args?.op_name ?? '');
        times.set(type, (times.get(type) ?? 0) + dur / 1000 / ROUNDS);
      }
    }
    return times;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const integerForms: Readonly<Record<string, string | undefined>> = {
  QGemm: 'Gemm',
  MatMulIntegerToFloat: 'MatMul',
  DynamicQuantizeMatMul: 'MatMul',
  DynamicQuantizeLSTM: 'LSTM',
  NhwcMaxPool: 'MaxPool',
  ReorderInput: 'layout changes',
  ReorderOutput: 'layout changes',
  Transpose: 'layout changes',
};

function plainType(opType: string): string {
  return integerForms[opType] ?? unfused(opType.replace(/^QLinear/, ''));
}
