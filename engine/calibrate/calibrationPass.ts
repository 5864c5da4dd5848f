import { errorText } from '../shared/engineError';
import { throwIfCancelled, unlessCancelled } from '../common/cancellation';
import type { Sample, SampleSource } from '../data/samples/dataset';
import { nameSample } from '../data/samples/nameSample';
import { sampleDigest } from '../data/samples/sampleDigest';
import { exposeTensors } from '../onnx/graph/addGraphOutputs';
import { type Model } from '../onnx/graph/model';
import { encodeModel } from '../onnx/file/readModel';
import type { Session } from '../runtime/runtimeWorker';
import type { WorkerPool } from '../runtime/workerPool';
import { Histogram, type HistogramState } from '../stats/histogram';

/** A sample by its place among all calibration samples. */
export interface CalibrationSample {
  index: number;
  name: string;
}

/** What a model's tensors were seen to hold. Two of different samples merge into that of both. */
export interface Calibration {
  /** By tensor. */
  histograms: Record<string, HistogramState>;
  /** The samples counted, with what was fed. */
  counted: (CalibrationSample & { digest: string })[];
  /** Samples that could not be loaded or run, and why. */
  skipped: (CalibrationSample & { reason: string })[];
}

export interface CalibrationOptions {
  /** Which samples, by index; all when left out. */
  indices?: readonly number[];
  /** What was counted before: samples that it holds are not run again. */
  known?: Calibration | undefined;
  /** Goes on after a sample that fails. */
  skipFailed?: boolean | undefined;
  onSample?: () => void;
  /** Gets what is counted so far every half minute, and when the pass is cancelled or fails. */
  keep?: (part: Calibration) => Promise<void>;
  signal?: AbortSignal | undefined;
}

const KEEP_EVERY_MS = 30_000;

/**
 * Runs the samples through the float model and counts the values of `tensors`, one sample at a time in each worker;
 * the tensors never leave the worker that made them. Memory is that of one sample and the histograms, whatever the
 * number of samples.
 * @throws EngineError of the first sample that fails, with its name; `cancelled`
 */
export async function calibrationPass(
  pool: WorkerPool,
  model: Model,
  tensors: ReadonlySet<string>,
  samples: SampleSource,
  options: CalibrationOptions = {},
): Promise<Calibration> {
  const { known = nothing(), signal } = options;
  const indices = options.indices ?? Array.from({ length: samples.length }, (_, i) => i);
  const exposed = exposeTensors(model, tensors);
  const tapped = encodeModel(exposed.model);
  // By the names they leave under; inputs of the model are counted as they are fed.
  const tensorOf = new Map([...tensors].map((t) => [exposed.outputs.get(t) ?? t, t]));
  const counting = new Counting(known, tensorOf, options);
  try {
    await pool.forEach(
      indices.length,
      {
        prepare: async (worker) => counting.start(await worker.load(tapped, { threads: 1 })),
        work: async (own, i) => {
          await counting.add(own, samples, indices[i] ?? 0);
          options.onSample?.();
        },
        finish: async (own) => {
          await own.take();
          await own.session.release();
        },
      },
      signal,
    );
  } catch (thrown) {
    await options.keep?.(counting.sofar());
    throw thrown;
  }
  // What was known may hold samples that are not among these.
  if (counting.hasUnused)
    return calibrationPass(pool, model, tensors, samples, { ...options, known: nothing() });
  return counting.sofar();
}

/** All of the parts together: the same as one pass over all their samples. */
export function mergeCalibrations(parts: readonly Calibration[]): Calibration {
  const histograms = new Map<string, Histogram>();
  for (const [name, state] of parts.flatMap((part) => Object.entries(part.histograms))) {
    const own = histograms.get(name);
    if (own === undefined) histograms.set(name, Histogram.from(state));
    else own.merge(state);
  }
  const byIndex = (a: CalibrationSample, b: CalibrationSample) => a.index - b.index;
  return {
    histograms: Object.fromEntries([...histograms].map(([name, h]) => [name, h.state()])),
    counted: parts.flatMap((part) => part.counted).sort(byIndex),
    skipped: parts.flatMap((part) => part.skipped).sort(byIndex),
  };
}

function nothing(): Calibration {
  return { histograms: {}, counted: [], skipped: [] };
}

/** One worker's share. */
class Share {
  part = nothing();
  private counted: Calibration['counted'] = [];
  private taken = performance.now();

  constructor(
    readonly session: Session,
    private readonly tensorOf: ReadonlyMap<string, string>,
  ) {}

  async observe({ feeds, sequence }: Sample, sample: Calibration['counted'][number]): Promise<void> {
    await this.session.observe(feeds, [...this.tensorOf.keys()], sample.index, sequence);
    this.counted.push(sample);
  }

  get isStale(): boolean {
    return performance.now() - this.taken > KEEP_EVERY_MS;
  }

  /** Fetches the worker's histograms. */
  async take(): Promise<void> {
    const states = await this.session.histograms();
    const named = Object.entries(states).map(
      ([output, s]) => [this.tensorOf.get(output) ?? output, s] as const,
    );
    this.part = { histograms: Object.fromEntries(named), counted: [...this.counted], skipped: [] };
    this.taken = performance.now();
  }
}

/** Who counted what in one pass. */
class Counting {
  private readonly shares: Share[] = [];
  /** Samples known before, by digest, that no sample of this pass has claimed yet. */
  private readonly unused = new Map<string, Calibration['counted']>();
  private readonly skipped: Calibration['skipped'] = [];

  constructor(
    private readonly known: Calibration,
    private readonly tensorOf: ReadonlyMap<string, string>,
    private readonly options: CalibrationOptions,
  ) {
    for (const sample of known.counted) {
      this.unused.set(sample.digest, [...(this.unused.get(sample.digest) ?? []), sample]);
    }
  }

  get hasUnused(): boolean {
    return [...this.unused.values()].some((left) => left.length > 0);
  }

  start(session: Session): Share {
    const share = new Share(session, this.tensorOf);
    this.shares.push(share);
    return share;
  }

  async add(share: Share, samples: SampleSource, index: number): Promise<void> {
    let name = `#${index}`;
    try {
      const sample = await unlessCancelled(samples.load(index), this.options.signal);
      ({ name } = sample);
      const digest = sampleDigest(sample);
      if (this.unused.get(digest)?.pop() !== undefined) return;
      await share.observe(sample, { index, name, digest });
    } catch (thrown) {
      throwIfCancelled(this.options.signal);
      if (this.options.skipFailed !== true) throw nameSample(thrown, name);
      this.skipped.push({ index, name, reason: errorText(thrown) });
    }
    if (!share.isStale) return;
    await share.take();
    await this.options.keep?.(this.sofar());
  }

  sofar(): Calibration {
    const { known, shares, skipped } = this;
    return mergeCalibrations([
      { ...known, skipped: [] },
      ...shares.map((share) => share.part),
      { ...nothing(), skipped },
    ]);
  }
}
