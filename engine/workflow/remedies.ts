import { firstOf } from '../feeds/limitSamples';
import type { Measured } from '../preparation';
import { StageProgress, type OnProgress } from '../progress';
import type { CalibrationMethod, RemedyName } from '../protocol';
import { tensorsOf } from '../quantize/plan';
import { profiles } from '../quantize/profiles';
import { correctBias } from '../quantize/remedies/correctBias';
import { equalizeLayers } from '../quantize/remedies/equalizeLayers';
import { findGeluOutputs, GELU_LIMIT } from '../quantize/remedies/geluOutputs';
import { splitDepthwise, splittableTensors } from '../quantize/remedies/splitDepthwise';
import type { WorkerPool } from '../runtime/workerPool';
import { biasErrors } from '../sensitivity/biasErrors';
import { calibrationPass } from '../sensitivity/calibrationPass';
import { channelRanges } from '../sensitivity/channelRanges';
import { roundByInputs } from '../sensitivity/roundByInputs';
import type { Model } from '../onnx/model';
import { makeBase, partsOf, seenParts } from './base';
import { methodsFor } from './calibrators';
import { planOf, withOperators, type Candidate } from './candidate';
import type { Judge, Judged } from './judge';

/** Samples that remedies measure with: what they average over are thousands of values of each. */
const FEW = 24;

export interface RemedyContext {
  pool: WorkerPool;
  measured: Measured;
  onProgress: OnProgress | undefined;
  signal: AbortSignal | undefined;
}

interface Remedy {
  words: string;
  /** `null` where it finds nothing to do. */
  apply: (candidate: Candidate, context: RemedyContext) => Promise<Candidate | null>;
}

function fewSamples({ dataset }: Measured) {
  return firstOf(dataset.calibration, FEW);
}

function run({ onProgress, signal }: RemedyContext, title: string, steps: number) {
  const progress = new StageProgress('choose', title, steps, onProgress);
  return { onSample: () => progress.step(), signal };
}

/** The remedies in the order in which they go together: ranges first, then weights, then what is left of the means. */
const remedies: Record<RemedyName, Remedy> = {
  equalize: {
    words: 'Neighbouring layers equalized',
    apply: (candidate, context) => {
      const remedied = equalizeLayers(candidate.base.model);
      return remedied === null
        ? Promise.resolve(null)
        : recalibrated(candidate, remedied.model, context, 'Calibrating equalized layers');
    },
  },
  'split-depthwise': {
    words: 'Depthwise convolutions split by range',
    apply: async (candidate, context) => {
      const { model } = candidate.base;
      const tensors = splittableTensors(model.graph);
      if (tensors.size === 0) return null;
      const samples = fewSamples(context.measured);
      const measuring = run(context, 'Measuring ranges of channels', samples.length);
      const ranges = await channelRanges(context.pool, model, tensors, samples, measuring);
      const remedied = splitDepthwise(model, ranges);
      return remedied && recalibrated(candidate, remedied.model, context, 'Calibrating split layers');
    },
  },
  gelu10: {
    words: `GELU clipped at ${GELU_LIMIT}`,
    apply: ({ base, ...rest }) => {
      const outputs = findGeluOutputs(base.model.graph).filter(
        (t) => (base.histograms[t]?.max ?? 0) > GELU_LIMIT,
      );
      if (outputs.length === 0) return Promise.resolve(null);
      const limits = new Map([...base.limits, ...outputs.map((tensor) => [tensor, GELU_LIMIT] as const)]);
      return Promise.resolve({ ...rest, base: { ...base, limits } });
    },
  },
  round: {
    words: 'Weights rounded together',
    apply: async (candidate, context) => {
      const { base, profile, weights, choices } = candidate;
      const samples = fewSamples(context.measured);
      const rounding = run(context, 'Rounding weights by what they multiply', samples.length);
      const layers = base.layers.filter((layer) => !choices.has(layer.name));
      const grid = { weights, bits: profiles[profile].weight.bits };
      const remedied = await roundByInputs(context.pool, base.model, layers, grid, samples, rounding);
      return remedied && { ...candidate, base: { ...base, model: remedied.model } };
    },
  },
  'correct-bias': {
    words: 'Mean errors taken out of the biases',
    apply: async (candidate, context) => {
      const { base } = candidate;
      const samples = fewSamples(context.measured);
      const title = 'Measuring mean errors of channels';
      const measuring = { ...run(context, title, samples.length), unfused: context.measured.isForeign };
      const layers = base.layers.filter((layer) => !candidate.choices.has(layer.name));
      const plan = planOf(withOperators(candidate, []));
      const errors = await biasErrors(context.pool, base.plain, layers, plan, samples, measuring, base.model);
      const remedied = correctBias(base.model, errors);
      return remedied && { ...candidate, base: { ...base, model: remedied.model } };
    },
  },
};

const order = Object.keys(remedies) as RemedyName[];

/** A candidate on another float model, which computes the same with other ranges. */
async function recalibrated(
  candidate: Candidate,
  model: Model,
  { pool, measured, onProgress, signal }: RemedyContext,
  title: string,
): Promise<Candidate> {
  const { profile, base, choices, operators, fixed } = candidate;
  const parts = partsOf(model, profile);
  const { calibration } = measured.dataset;
  const progress = new StageProgress('calibrate', title, calibration.length, onProgress);
  const tensors = tensorsOf(parts.layers, parts.operators);
  const { histograms } = await calibrationPass(pool, model, tensors, calibration, {
    onSample: () => progress.step(),
    signal,
  });
  const known = seenParts(parts, histograms);
  const methods = [...new Set(candidate.methods.values())] as CalibrationMethod[];
  const made = await makeBase(pool, model, known, histograms, profile, methods, signal);
  const before = new Set(base.operators.map((o) => o.name));
  const isPartOf = (name: string) => (old: string) => name.startsWith(`${old}_part`);
  const inherited = made.layers.flatMap(({ name }) => {
    // Parts of a layer are called after it.
    const choice = choices.get(name) ?? choices.get([...choices.keys()].find(isPartOf(name)) ?? '');
    return choice === undefined ? [] : [[name, choice] as const];
  });
  const decided = made.layers.map((l) => l.name).filter((name) => [...fixed].some(isPartOf(name)));
  const moved: Candidate = {
    ...candidate,
    base: { ...made, limits: base.limits, unscaled: base.unscaled },
    choices: new Map(inherited),
    fixed: new Set([...fixed, ...decided]),
    operators: new Set(
      made.operators.map((o) => o.name).filter((name) => operators.has(name) || !before.has(name)),
    ),
  };
  const context = { pool, samples: calibration, unfused: measured.isForeign, onProgress, signal };
  return { ...moved, methods: await methodsFor(moved, candidate.method, context) };
}

/** The candidate with these remedies, in the order in which they go together; `null` where one finds nothing to do. */
export async function applyRemedies(
  candidate: Candidate,
  names: readonly RemedyName[],
  context: RemedyContext,
): Promise<Candidate | null> {
  let current: Candidate = candidate;
  for (const name of order.filter((n) => names.includes(n))) {
    const next = await remedies[name].apply(current, context);
    if (next === null) return null;
    current = { ...next, remedies: [...current.remedies, name] };
  }
  return current;
}

/** Takes these remedies, whatever they are worth; the candidate as it is where one of them finds nothing to do. */
export async function takeRemedies(
  start: Judged,
  names: readonly RemedyName[],
  judge: Judge,
  context: RemedyContext,
): Promise<Judged> {
  const candidate = names.length === 0 ? null : await applyRemedies(start.candidate, names, context);
  if (candidate === null) return start;
  const judged = await judge.attempt('remedy', wordsFor(names), candidate);
  judged.entry.kept = true;
  return judged;
}

function wordsFor(names: readonly RemedyName[]): string {
  return names.map((name) => remedies[name].words).join('; ');
}

/**
 * Measures each remedy on its own, while the target is missed, then adds those that paid to one another, best first, as
 * long as each pays beside the ones before.
 */
export async function tryRemedies(start: Judged, judge: Judge, context: RemedyContext): Promise<Judged> {
  let current = start;
  const paid: { name: RemedyName; judged: Judged }[] = [];
  const attempt = async (names: RemedyName[]) => {
    const candidate = await applyRemedies(start.candidate, names, context);
    if (candidate === null) return undefined;
    return judge.attempt('remedy', wordsFor(names), candidate);
  };
  for (const name of order) {
    if (judge.aims(current)) break;
    const tried = await attempt([name]);
    if (tried === undefined || !judge.pays(start, tried)) continue;
    paid.push({ name, judged: tried });
    if (judge.isBetter(current, tried)) current = tried;
  }
  paid.sort((a, b) => (judge.isBetter(a.judged, b.judged) ? 1 : -1));
  for (const { name } of paid) {
    const names = current.candidate.remedies;
    if (names.includes(name) || judge.aims(current)) continue;
    const tried = await attempt([...names, name]);
    if (tried !== undefined && judge.pays(current, tried)) current = tried;
  }
  if (current !== start) current.entry.kept = true;
  return current;
}
