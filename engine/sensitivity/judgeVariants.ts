import { unlessCancelled, throwIfCancelled } from '../engineError';
import type { Sample } from '../feeds/dataset';
import type { Outputs } from '../feeds/metrics/metric';
import { exposeTensors } from '../onnx/exposeTensors';
import { encodeModel, type Model } from '../onnx/model';
import { suffixModel, suffixOf, type CutTensor, type Suffix } from '../onnx/suffixOf';
import type { RuntimeWorker } from '../runtime/runtimeWorker';
import type { WorkerPool } from '../runtime/workerPool';
import type { Feeds } from '../runtime/workerProtocol';
import type { Evaluator, Rating, Verdict } from './evaluator';

/** A model that differs from the base in a part of it. */
export interface Variant {
  name: string;
  /** Makes it anew: all of them at once would fill the memory. */
  build: () => Model;
}

export interface JudgeOptions {
  /** Called with each verdict as it comes. */
  onVerdict?: ((name: string, verdict: Verdict) => void) | undefined;
  signal?: AbortSignal | undefined;
  /** Bytes for what the base computed of the samples. */
  memory?: number | undefined;
}

/** What was computed of the variants, in milliseconds inside onnxruntime. */
export interface JudgedVariants {
  verdicts: Map<string, Verdict>;
  /** Of one sample by the base, on average. */
  passMs: number;
  /** Of all variants and samples. */
  variantsMs: number;
}

const MEMORY = 512 * 2 ** 20;

/** What is kept of a sample: what the base computed of the cuts, and its outputs. */
interface Kept {
  sample: Sample;
  tensors: Feeds;
}

/**
 * Scores many variants of a model on the same samples. What the base computes alike is computed once for each sample and kept;
 * of each variant only the rest is run, from the cut behind which it differs. The result is that of whole runs but for the
 * last bits of floats, which depend on what onnxruntime fuses across a cut. Samples whose state is fed back are run whole: a
 * variant changes what its own next step begins with.
 * @param base a normalized model, or one made of it as the variants are
 * @param variants in the order in which they are wanted
 */
export async function judgeVariants(
  pool: WorkerPool,
  evaluator: Evaluator,
  base: Model,
  variants: readonly Variant[],
  { onVerdict, signal, memory = MEMORY }: JudgeOptions = {},
): Promise<JudgedVariants> {
  const { samples } = evaluator;
  const verdicts = new Map<string, Verdict>();
  const tell = (name: string, verdict: Verdict) => {
    verdicts.set(name, verdict);
    onVerdict?.(name, verdict);
  };
  if (variants.length === 0 || samples.length === 0) return { verdicts, passMs: 0, variantsMs: 0 };
  const first = await unlessCancelled(samples.load(0), signal);
  if (first.sequence !== undefined) {
    await inTurn(
      pool,
      variants,
      async (worker, { name, build }) => {
        tell(name, await evaluator.judgeIn(worker, encodeModel(build()), signal));
      },
      signal,
    );
    return { verdicts, passMs: 0, variantsMs: 0 };
  }

  const cuts = new Map(variants.map(({ name, build }) => [name, suffixOf(build(), base).cut]));
  const inputs = new Set(base.graph.input.map((i) => i.name));
  const wanted = [...new Set([...cuts.values()].flat())].filter((name) => !inputs.has(name));
  const prefix = new Prefix(base, [...wanted, ...evaluator.outputs]);
  const ratings = new Map(variants.map(({ name }) => [name, [] as Rating[]]));
  let variantsMs = 0;
  for (let start = 0; start < samples.length;) {
    const kept = await prefix.compute(pool, evaluator, start, memory, signal);
    await inTurn(
      pool,
      variants,
      async (worker, { name, build }) => {
        const variant = build();
        const suffix = suffixOf(variant, base);
        const own = ratings.get(name) ?? [];
        const run = await SuffixRun.start(worker, variant, suffix, kept, evaluator);
        try {
          for (const [k, one] of kept.entries()) {
            throwIfCancelled(signal);
            own[start + k] = evaluator.rate(start + k, one.sample, await run.outputsOf(one));
          }
        } finally {
          variantsMs += run.milliseconds;
          await run.release();
        }
        if (start + kept.length === samples.length) tell(name, evaluator.verdict(own));
      },
      signal,
    );
    start += kept.length;
  }
  return { verdicts, passMs: prefix.milliseconds / samples.length, variantsMs };
}

async function inTurn(
  pool: WorkerPool,
  variants: readonly Variant[],
  work: (worker: RuntimeWorker, variant: Variant) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  await pool.forEach<RuntimeWorker>(
    variants.length,
    {
      prepare: (worker) => Promise.resolve(worker),
      work: async (worker, i) => {
        const variant = variants[i];
        if (variant !== undefined) await work(worker, variant);
      },
      finish: () => Promise.resolve(),
    },
    signal,
  );
}

/** Runs the base and keeps what the variants start from, for as many samples as the memory holds. */
class Prefix {
  milliseconds = 0;
  private readonly bytes: Uint8Array;
  private readonly names: string[];

  constructor(base: Model, names: readonly string[]) {
    this.names = [...new Set(names)];
    this.bytes = encodeModel(exposeTensors(base, this.names).model);
  }

  async compute(
    pool: WorkerPool,
    { samples, options }: Evaluator,
    start: number,
    memory: number,
    signal: AbortSignal | undefined,
  ): Promise<Kept[]> {
    const kept: Kept[] = [];
    const session = await pool.first.load(this.bytes, options);
    const run = async (one: typeof session, i: number) => {
      const sample = await unlessCancelled(samples.load(i), signal);
      const { outputs, milliseconds } = await one.run(sample.feeds, this.names);
      this.milliseconds += milliseconds;
      kept[i - start] = { sample, tensors: outputs };
    };
    await run(session, start).finally(() => session.release());
    const size = Object.values(kept[0]?.tensors ?? {}).reduce((n, t) => n + t.data.byteLength, 0);
    const count = Math.min(samples.length - start, Math.max(1, Math.floor(memory / Math.max(1, size))));
    await pool.forEach(
      count - 1,
      {
        prepare: (worker) => worker.load(this.bytes, options),
        work: (one, i) => run(one, start + 1 + i),
        finish: (one) => one.release(),
      },
      signal,
    );
    return kept;
  }
}

/** Runs a variant's own part on samples that the base has begun. */
class SuffixRun {
  milliseconds = 0;

  private constructor(
    private readonly suffix: Suffix,
    private readonly outputs: string[],
    private readonly session: Awaited<ReturnType<RuntimeWorker['load']>> | null,
  ) {}

  static async start(
    worker: RuntimeWorker,
    variant: Model,
    suffix: Suffix,
    kept: readonly Kept[],
    { options, outputs }: Evaluator,
  ): Promise<SuffixRun> {
    const alike = new Set(suffix.alike);
    const own = outputs.filter((name) => !alike.has(name));
    if (own.length === 0) return new SuffixRun(suffix, own, null);
    const tensors = new Map(suffix.cut.map((name) => [name, describe(name, kept)] as const));
    const session = await worker.load(encodeModel(suffixModel(variant, suffix, tensors)), options);
    return new SuffixRun(suffix, own, session);
  }

  async outputsOf(kept: Kept): Promise<Outputs> {
    const same = Object.fromEntries(
      this.suffix.alike.flatMap((name) => {
        const tensor = kept.tensors[name];
        return tensor === undefined ? [] : [[name, tensor] as const];
      }),
    );
    if (this.session === null) return same;
    const feeds = Object.fromEntries(
      this.suffix.cut.flatMap((name) => {
        const tensor = tensorOf(name, kept);
        return tensor === undefined ? [] : [[name, tensor] as const];
      }),
    );
    const { outputs, milliseconds } = await this.session.run(feeds, this.outputs);
    this.milliseconds += milliseconds;
    return { ...same, ...outputs };
  }

  async release(): Promise<void> {
    await this.session?.release();
  }
}

function tensorOf(name: string, { sample, tensors }: Kept) {
  return sample.feeds[name] ?? tensors[name];
}

/** What the samples say of a tensor: its sizes where they agree. */
function describe(name: string, kept: readonly Kept[]): CutTensor {
  const all = kept.flatMap((one) => tensorOf(name, one) ?? []);
  const [first] = all;
  if (first === undefined) throw new RangeError(`no sample has ${name}`);
  const dims = first.dims.map((size, axis) => (all.every((t) => t.dims[axis] === size) ? size : null));
  return { type: first.type, dims };
}
