import { throwIfCancelled, unlessCancelled } from '../common/cancellation';
import type { Rating } from '../data/metrics/rater';
import { allTensors } from '../onnx/tensors/allTensors';
import { elementCount } from '../onnx/tensors/elements';
import { type Model } from '../onnx/graph/model';
import { encodeModel } from '../onnx/file/readModel';
import { suffixOf, type Suffix } from '../onnx/graph/graphSuffix';
import type { RuntimeWorker } from '../runtime/runtimeWorker';
import type { WorkerPool } from '../runtime/workerPool';
import { spread } from '../stats/spread';
import { Ahead } from './prefetch';
import type { Evaluator, Verdict } from './evaluator';
import { isLook, noisiest } from './sequentialStopping';
import { Prefix } from './sharedPrefix';
import type { Places } from '../common/shards';
import { suffixProgram, SuffixRun } from './suffixRun';

/** A model that differs from the base in a part of it. */
export interface Variant {
  name: string;
  /** Makes it anew: all of them at once would fill the memory. */
  build: () => Model;
}

/** What a variant scored, and on which samples. */
export interface JudgedVariant extends Verdict {
  /** Their indices, in order; not all where it was settled before. */
  indices: number[];
  /** What each of them was worth. */
  ratings: Rating[];
}

export interface JudgeOptions {
  /** Called with each verdict as it comes. */
  onVerdict?: ((name: string, verdict: JudgedVariant) => void) | undefined;
  /**
   * Called with what a variant scored on the first samples, before any is run on the others, where those are to come by
   * themselves; the others are then begun with the variants that score worst, and of equal ones with the noisiest, where
   * {@link isSettled} does not ask for another order.
   */
  onFirst?: ((name: string, verdict: JudgedVariant) => void) | undefined;
  /** How many samples are the first; left out, all are. */
  first?: number | undefined;
  /** Which variants are run on the other samples too, by what they scored on the first ones; left out, all are. */
  goesOn?: ((firsts: ReadonlyMap<string, JudgedVariant>) => ReadonlySet<string>) | undefined;
  /**
   * Asked now and then whether what a variant scored so far says enough; left out, all samples are run. The noisiest of those
   * that the first samples left open ({@link noisiest}) are done before the others, of which it is asked with what they scored.
   * Knowing that must not unsettle what is settled without: machines that share the work do not know it.
   */
  isSettled?: ((soFar: JudgedVariant, witnesses: readonly JudgedVariant[]) => boolean) | undefined;
  /** Which variants are run here and at which places, for machines that share them; left out, all. */
  share?: ReadonlyMap<string, Places> | undefined;
  signal?: AbortSignal | undefined;
  /** Bytes: half for what the base computed of the samples, half for variants that are wanted twice. */
  memory?: number | undefined;
}

/** What was computed of the variants, in milliseconds inside onnxruntime. */
export interface JudgedVariants {
  verdicts: Map<string, JudgedVariant>;
  /** Of one sample by the base, on average. */
  passMs: number;
  /** Of all variants and samples. */
  variantsMs: number;
  /** Whether whole models were run, and so all samples. */
  isWhole: boolean;
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
  {
    onVerdict,
    onFirst,
    first: firstCount,
    goesOn,
    isSettled,
    share,
    signal,
    memory = pool.memory,
  }: JudgeOptions = {},
): Promise<JudgedVariants> {
  const { samples } = evaluator;
  const verdicts = new Map<string, JudgedVariant>();
  const tell = (name: string, verdict: JudgedVariant) => {
    verdicts.set(name, verdict);
    onVerdict?.(name, verdict);
  };
  const order = spread(samples.length);
  const placesOf = (name: string): Places =>
    share === undefined ? { from: 0, to: order.length } : (share.get(name) ?? { from: 0, to: 0 });
  const isOwn = ({ name }: Variant) => placesOf(name).to > 0;
  const mine = variants.filter(isOwn);
  if (mine.length === 0 || samples.length === 0)
    return { verdicts, passMs: 0, variantsMs: 0, isWhole: false };
  const judgeWhole = async (): Promise<JudgedVariants> => {
    const work = async (worker: RuntimeWorker, { name, build }: Variant) => {
      const { from, to } = placesOf(name);
      const indices = order.slice(from, to).sort((a, b) => a - b);
      const ratings = await evaluator.rateIn(worker, encodeModel(build()), indices, signal);
      tell(name, { ...evaluator.verdict(ratings), indices, ratings });
    };
    await inTurn(pool, mine, work, signal);
    return { verdicts, passMs: 0, variantsMs: 0, isWhole: true };
  };
  const first = await unlessCancelled(samples.load(0), signal);
  if (first.sequence !== undefined) return judgeWhole();

  // Those that lie in files count too: a variant holds its own integers of them.
  const weights = allTensors(base).reduce((n, t) => n + 4 * elementCount(t), 0);
  const made = new Map<string, { variant: Model; suffix: Suffix }>();
  /** What nobody will ask for again is let go. */
  const take = ({ name, build }: Variant, isLast: boolean) => {
    const known = made.get(name);
    if (isLast) made.delete(name);
    if (known !== undefined) return known;
    const variant = build();
    const fresh = { variant, suffix: suffixOf(variant, base) };
    if (!isLast && weights * mine.length <= memory / 2) made.set(name, fresh);
    return fresh;
  };
  const cuts = new Map<string, string[]>();
  for (const variant of variants) {
    cuts.set(variant.name, take(variant, !isOwn(variant)).suffix.cut);
    // A cancellation has to get in between.
    await new Promise((resolve) => setImmediate(resolve));
    throwIfCancelled(signal);
  }
  // What others cut counts too: last bits depend on what onnxruntime fuses.
  const prefix = new Prefix(base, [...[...cuts.values()].flat(), ...evaluator.outputs]);
  const ratings = new Map(mine.map(({ name }) => [name, new Map<number, Rating>()]));
  const soFar = (name: string) => judgedFrom(evaluator, ratings.get(name) ?? new Map<number, Rating>());
  const firstTurn = firstCount ?? order.length;
  const places = mine.map(({ name }) => placesOf(name));
  const isWanted = (place: number) => places.some(({ from, to }) => from <= place && place < to);
  const wanted = order.filter((_, place) => isWanted(place));
  const beginners = order.slice(0, firstTurn).filter((_, place) => isWanted(place)).length;
  const placeOf = new Map(order.map((index, place) => [index, place]));
  let variantsMs = 0;
  const rest = wanted.slice(beginners);
  const keep = (indices: readonly number[], open: readonly Variant[]) => {
    const names = new Set([...open.flatMap(({ name }) => cuts.get(name) ?? []), ...evaluator.outputs]);
    return prefix.compute(pool, evaluator, indices, names, memory / 2, signal);
  };
  try {
    await keep(beginners > 0 ? wanted.slice(0, beginners) : rest, mine);
  } catch {
    throwIfCancelled(signal);
    // What a cut is of may be no tensor, which the base cannot hand out.
    return await judgeWhole();
  }
  let witnesses: JudgedVariant[] = [];
  const settles = (name: string) =>
    // Without the first of them, nothing says where one run over all would end.
    placesOf(name).from === 0 &&
    isLook(ratings.get(name)?.size ?? 0, order.length, firstTurn) &&
    isSettled?.(soFar(name), witnesses) === true;
  /** Runs variants on some of the samples, in as many turns as the memory asks for. */
  const judgeRound = async (
    round: readonly Variant[],
    indices: readonly number[],
    { begins, ends }: { begins: boolean; ends: boolean },
  ) => {
    for (let start = 0; start < indices.length;) {
      const open = round.filter(({ name }) => !verdicts.has(name));
      if (open.length === 0) return;
      const kept = await keep(indices.slice(start), open);
      const isFirst = begins && start === 0;
      const isLast = ends && start + kept.length === indices.length;
      if (!isFirst && firstTurn < order.length)
        open.sort((a, b) => compareVerdicts(soFar(a.name), soFar(b.name)));
      const ahead = new Ahead(open, (one) => {
        const { variant, suffix } = take(one, isLast);
        return suffixProgram(variant, suffix, kept, evaluator);
      });
      const judgeOne = async (worker: RuntimeWorker, { name }: Variant, at: number) => {
        const { from, to } = placesOf(name);
        const own = ratings.get(name) ?? new Map<number, Rating>();
        const due = kept.filter(({ index }) => {
          const place = placeOf.get(index) ?? 0;
          return from <= place && place < to;
        });
        const run = await SuffixRun.start(worker, ahead.take(at), evaluator);
        let settled = false;
        try {
          for await (const [index, rating] of run.rateInTurn(due, () => ahead.prepare(), signal)) {
            own.set(index, rating);
            settled = settles(name);
            if (settled) break;
          }
        } finally {
          variantsMs += run.milliseconds;
          await run.release();
        }
        if (isLast || settled) tell(name, soFar(name));
        else if (isFirst) onFirst?.(name, soFar(name));
      };
      await inTurn(pool, open, judgeOne, signal);
      start += kept.length;
    }
  };
  await judgeRound(mine, wanted.slice(0, beginners), { begins: true, ends: rest.length === 0 });
  const firsts = new Map(mine.map(({ name }) => [name, soFar(name)]));
  const others = rest.length === 0 ? undefined : goesOn?.(firsts);
  if (others !== undefined)
    for (const [name, verdict] of firsts) if (!others.has(name) && !verdicts.has(name)) tell(name, verdict);
  const open = new Map([...firsts].filter(([name]) => !verdicts.has(name)));
  const before = new Set(isSettled === undefined || share !== undefined ? [] : noisiest(open));
  const afterwards = { begins: false, ends: true };
  await judgeRound(
    mine.filter(({ name }) => before.has(name)),
    rest,
    afterwards,
  );
  witnesses = [...before].flatMap((name) => verdicts.get(name) ?? []);
  for (const { name } of mine)
    if (witnesses.length > 0 && !verdicts.has(name) && settles(name)) tell(name, soFar(name));
  await judgeRound(mine, rest, afterwards);
  return { verdicts, passMs: prefix.milliseconds / prefix.runs, variantsMs, isWhole: false };
}

function compareVerdicts(a: Verdict, b: Verdict): number {
  return a.score - b.score || a.sqnrDb - b.sqnrDb;
}

/** What a variant scored on the samples that were run, by index. */
export function judgedFrom(evaluator: Evaluator, ratings: ReadonlyMap<number, Rating>): JudgedVariant {
  const own = [...ratings].sort(([a], [b]) => a - b);
  const each = own.map(([, rating]) => rating);
  return { ...evaluator.verdict(each), indices: own.map(([i]) => i), ratings: each };
}

async function inTurn(
  pool: WorkerPool,
  variants: readonly Variant[],
  work: (worker: RuntimeWorker, variant: Variant, at: number) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  await pool.forEach<RuntimeWorker>(
    variants.length,
    {
      prepare: (worker) => Promise.resolve(worker),
      work: async (worker, i) => {
        const variant = variants[i];
        if (variant !== undefined) await work(worker, variant, i);
      },
      finish: () => Promise.resolve(),
    },
    signal,
  );
}
