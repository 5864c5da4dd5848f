import { EngineError } from '../shared/engineError';
import { throwIfCancelled } from '../common/cancellation';
import type { Rating } from '../data/metrics/rater';
import type { Evaluator } from '../evaluate/evaluator';
import { isLook, noisiest } from '../evaluate/sequentialStopping';
import { judgedFrom, type JudgedVariant } from '../evaluate/evaluateVariants';
import { shareOf, type Shard } from '../common/shards';
import { spread } from '../stats/spread';
import type { KnownVariants, Subject, SubjectKind, SubjectOptions } from '../search/diagnosis/layerVariants';
import { networkKey } from '../search/candidate/candidateKey';

/** What one of several machines measured of the variants of one network. */
export interface Measurement {
  kind: SubjectKind;
  /** {@link networkKey} of it. */
  network: string;
  /** How many samples choose. */
  samples: number;
  /** {@link JudgedVariants.isWhole}. */
  isWhole: boolean;
  layers: MeasuredPlaces[];
}

/** What one layer's variant was worth, at `from` and the places behind it in the order of the samples ({@link spread}). */
export interface MeasuredPlaces {
  name: string;
  from: number;
  /** Score of each sample, and what it weighs. */
  values: Float64Array;
  weights: Float64Array;
  /** Signal to noise of the outputs in dB; NaN where it is not known. */
  sqnrDb: Float64Array;
  /** Cosine of the outputs; NaN likewise. */
  cosine: Float64Array;
}

/** One machine's measurements, with the name that errors call them. */
export interface KnownPart {
  file: string;
  shard: Shard;
  measurements: readonly Measurement[];
}

/** What several machines measured together, in place of measuring it. */
export class KnownRatings implements KnownVariants {
  /** @param parts one of each machine */
  constructor(private readonly parts: readonly KnownPart[]) {}

  /**
   * What one run over all samples finds of the variants: of each as many of the samples as it runs until it is settled.
   * @throws EngineError `bad-data` where something else was measured, or too little
   */
  judge(
    evaluator: Evaluator,
    { kind, candidate, variants }: Subject,
    { first = evaluator.samples.length, isSettled, onVerdict, signal }: SubjectOptions,
  ): Map<string, JudgedVariant> {
    const samples = evaluator.samples.length;
    const network = networkKey(candidate);
    const found = this.parts.map(({ file, shard, measurements }) => {
      const own = measurements.find((m) => m.kind === kind && m.network === network);
      if (own?.samples !== samples) throw otherNetwork(file);
      return { file, shard, ...own, layers: new Map(own.layers.map((l) => [l.name, l])) };
    });
    // Each ran whole models where any could not be cut.
    const isWhole = found.some((part) => part.isWhole);
    const names = candidate.base.layers.map((l) => l.name);
    const shares = found.map((part) => ({ ...part, share: shareOf(names, samples, part.shard) }));
    const order = spread(samples);
    const ratings = new Map(variants.map(({ name }) => [name, new Map<number, Rating>()]));
    const soFar = (name: string) => judgedFrom(evaluator, ratings.get(name) ?? new Map<number, Rating>());
    const verdicts = new Map<string, JudgedVariant>();
    const tell = (name: string) => {
      const verdict = soFar(name);
      verdicts.set(name, verdict);
      onVerdict?.(name, verdict);
    };
    /** As far as the sample at place `to`; whether it was settled by then. */
    const goOn = (name: string, to: number, witnesses: readonly JudgedVariant[]): boolean => {
      throwIfCancelled(signal);
      const own = ratings.get(name);
      const settles = (done: number) =>
        !isWhole && isLook(done, samples, first) && isSettled?.(soFar(name), witnesses) === true;
      let holder: (typeof shares)[number] | undefined;
      for (let place = own?.size ?? 0; place < to; place++) {
        if (settles(place)) return true;
        if (!holds(holder?.share.get(name), place))
          holder = shares.find(({ share }) => holds(share.get(name), place));
        const rating = ratingAt(holder?.layers.get(name), place);
        if (rating === undefined) throw tooLittle(holder?.file ?? '', name);
        own?.set(order[place] ?? 0, rating);
      }
      return settles(to);
    };
    const open: string[] = [];
    for (const { name } of variants) {
      if (goOn(name, Math.min(first, samples), []) || first >= samples) tell(name);
      else open.push(name);
    }
    // As judgeVariants does.
    const before = isSettled === undefined ? [] : noisiest(new Map(open.map((name) => [name, soFar(name)])));
    const judgeRest = (names: readonly string[], witnesses: readonly JudgedVariant[]) => {
      for (const name of names) {
        goOn(name, samples, witnesses);
        tell(name);
      }
    };
    judgeRest(before, []);
    const witnesses = before.flatMap((name) => verdicts.get(name) ?? []);
    judgeRest(
      open.filter((name) => !verdicts.has(name)),
      witnesses,
    );
    return verdicts;
  }
}

function holds(places: { from: number; to: number } | undefined, place: number): boolean {
  return places !== undefined && places.from <= place && place < places.to;
}

function ratingAt(measured: MeasuredPlaces | undefined, place: number): Rating | undefined {
  if (measured === undefined) return undefined;
  const { from, values, weights, sqnrDb, cosine } = measured;
  const at = place - from;
  const [value, weight, db, angle] = [values[at], weights[at], sqnrDb[at], cosine[at]];
  if (value === undefined || weight === undefined || db === undefined || angle === undefined)
    return undefined;
  const known = (figure: number) => (Number.isNaN(figure) ? null : figure);
  return { score: { value, weight }, sqnrDb: known(db), cosine: known(angle) };
}

function otherNetwork(file: string): EngineError {
  return new EngineError(
    'bad-data',
    `${file} holds measurements of another int8 network than the one that is chosen here.`,
    'Measure and merge on processors of one kind, with the same version, data and ranges.',
  );
}

function tooLittle(file: string, layer: string): EngineError {
  return new EngineError(
    'bad-data',
    `${file} does not hold all that its part has of layer ${layer}.`,
    'Measure that part again with "quantscope analyze --shard".',
  );
}
