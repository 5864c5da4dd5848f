import { isDeepStrictEqual } from 'node:util';
import { firstOf } from '../../data/samples/limitSamples';
import type { Measured } from '../../evaluate/baseline';
import { StageProgress, type OnProgress } from '../../common/progress';
import { formatPlural } from '../../shared/format';
import type { Layer } from '../../onnx/layers/layers';
import type { CalibrationMethod, LayerChoice, RemedyName } from '../../shared/protocol/choices';
import { BLOCK_SIZE } from '../../quantize/write/layerForms';
import { staysFloat } from '../../quantize/layerGrids';
import { tensorsOf } from '../../quantize/plan';
import { correctBias } from '../remedies/correctBias';
import { equalizeLayers } from '../remedies/equalizeLayers';
import { findGeluOutputs, GELU_LIMIT } from '../remedies/geluOutputs';
import type { Remedied } from '../remedies/modelEditor';
import { inputsPerOutput, type WeightGrid } from '../remedies/roundWeights';
import { splitDepthwise, splittableTensors } from '../remedies/splitDepthwise';
import { writeQdq } from '../../quantize/write/rewrite';
import type { WorkerPool } from '../../runtime/workerPool';
import { biasErrors } from '../remedies/biasErrors';
import { calibrationPass } from '../../calibrate/calibrationPass';
import { channelRanges } from '../remedies/channelRanges';
import { roundByInputs } from '../remedies/roundFromActivations';
import type { Model } from '../../onnx/graph/model';
import { makeBase } from '../candidate/base';
import { partsOf, seenParts } from '../../quantize/quantizableParts';
import { methodsFor } from './chooseCalibrator';
import {
  encodeCandidate,
  planOf,
  unfittedLayers,
  withOperators,
  type Candidate,
} from '../candidate/candidate';
import type { Judge, Judged } from '../candidate/candidateTrials';
import { ownValue } from '../../shared/ownValue';

/** Samples that remedies measure with: what they average over are thousands of values of each. */
const FEW = 24;
/** Reasons that are told of a remedy that finds nothing to do. */
const MOST_REASONS = 3;

export interface RemedyContext {
  pool: WorkerPool;
  measured: Measured;
  onProgress: OnProgress | undefined;
  signal: AbortSignal | undefined;
}

interface Remedy {
  words: string;
  /** Answers why, as a sentence, where it finds nothing to do. */
  apply: (candidate: Candidate, context: RemedyContext) => Promise<Candidate | string>;
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
        ? Promise.resolve('No two layers have nothing but a function such as Relu between them.')
        : recalibrated(candidate, remedied.model, context, 'Calibrating equalized layers');
    },
  },
  'split-depthwise': {
    words: 'Depthwise convolutions split by range',
    apply: async (candidate, context) => {
      const { model } = candidate.base;
      const tensors = splittableTensors(model.graph);
      if (tensors.size === 0)
        return 'No depthwise convolution stands between two others that could take its parts.';
      const samples = fewSamples(context.measured);
      const measuring = run(context, 'Measuring ranges of channels', samples.length);
      const ranges = await channelRanges(context.pool, model, tensors, samples, measuring);
      const remedied = splitDepthwise(model, ranges);
      if (remedied === null) return 'The channels of the depthwise convolutions have like ranges.';
      return recalibrated(candidate, remedied.model, context, 'Calibrating split layers');
    },
  },
  gelu10: {
    words: `GELU clipped at ${GELU_LIMIT}`,
    apply: (candidate) => {
      const { base } = candidate;
      const outputs = findGeluOutputs(base.model.graph).filter(
        (t) => (ownValue(base.histograms, t)?.max ?? 0) > GELU_LIMIT,
      );
      if (outputs.length === 0) return Promise.resolve(`No GELU reaches beyond ${GELU_LIMIT}.`);
      const limits = new Map([...base.limits, ...outputs.map((tensor) => [tensor, GELU_LIMIT] as const)]);
      const clipped = { ...candidate, base: { ...base, limits } };
      // What the workflow decided later made it no less.
      const [before, after] = [candidate, clipped].map((c) => encodeCandidate(asFixed(c)));
      return Promise.resolve(
        isDeepStrictEqual(before, after)
          ? `No grid of 8 bits behind a GELU reaches beyond ${GELU_LIMIT}, but by a clip that was decided.`
          : clipped,
      );
    },
  },
  round: {
    words: 'Weights rounded together',
    apply: async (candidate, context) => {
      const { base, weights, choices } = candidate;
      const layers = onGrids(candidate);
      if (layers.length === 0) return ALL_FLOAT;
      const samples = fewSamples(context.measured);
      const rounding = run(context, 'Rounding weights by what they multiply', samples.length);
      const { bits } = writeQdq(base.model, planOf(candidate));
      const gridOf = (layer: Layer): WeightGrid => {
        const choice = choices.get(layer.name);
        if (choice === 'int4') return { bits: 4, blockSize: inputsPerOutput(layer).size };
        if (choice === 'int4-block') return { bits: 4, blockSize: BLOCK_SIZE };
        return { weights, bits: bits.get(layer.name) ?? 8 };
      };
      const remedied = await roundByInputs(context.pool, base.model, layers, gridOf, samples, rounding);
      return fitted(candidate, remedied, 'No layer reads anything in the samples.');
    },
  },
  'correct-bias': {
    words: 'Mean errors taken out of the biases',
    apply: async (candidate, context) => {
      const { base } = candidate;
      const layers = onGrids(candidate);
      if (layers.length === 0) return ALL_FLOAT;
      const samples = fewSamples(context.measured);
      const title = 'Measuring mean errors of channels';
      const measuring = { ...run(context, title, samples.length), unfused: context.measured.isForeign };
      const plan = planOf(withOperators(candidate, []));
      const errors = await biasErrors(context.pool, base.plain, layers, plan, samples, measuring, base.model);
      return fitted(
        candidate,
        correctBias(base.model, errors),
        'No product with a weight of its own has a mean error beyond chance in the samples.',
      );
    },
  },
};

/** With the choices that the user decided, and no others. */
function asFixed(candidate: Candidate): Candidate {
  const { choices, fixed } = candidate;
  return { ...candidate, choices: new Map([...choices].filter(([name]) => fixed.has(name))) };
}

const ALL_FLOAT = 'All layers are in float.';

/** Layers that are quantized, on whatever grid. */
function onGrids({ base, choices }: Candidate): Layer[] {
  return base.layers.filter(({ name }) => !staysFloat(choices.get(name) ?? 'int8'));
}

/** The candidate with weights and biases that were changed for the sake of what its layers are now; else why none was. */
function fitted(
  candidate: Candidate,
  { model, changes }: Remedied<{ left: string | null }>,
  nothing: string,
): Candidate | string {
  const { base, choices } = candidate;
  if (changes.some(({ left }) => left === null))
    return { ...candidate, base: { ...base, model, fittedTo: choices } };
  const counts = new Map<string, number>();
  for (const { left } of changes) if (left !== null) counts.set(left, (counts.get(left) ?? 0) + 1);
  const reasons = [...counts].sort(([, a], [, b]) => b - a).slice(0, MOST_REASONS);
  return reasons.length === 0
    ? nothing
    : reasons.map(([reason, count]) => `${formatPlural(count, 'layer')}: ${reason}`).join(' ');
}

/** Remedies that change weights and biases for the sake of their rounding, and so are fitted to a grid. */
const fitting: ReadonlySet<RemedyName> = new Set<RemedyName>(['round', 'correct-bias']);

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

/** The candidate with these remedies, in the order in which they go together; those that find nothing to do are named as idle. */
export async function applyRemedies(
  candidate: Candidate,
  names: readonly RemedyName[],
  context: RemedyContext,
): Promise<Candidate> {
  let current: Candidate = { ...candidate, idle: [] };
  for (const name of order.filter((n) => names.includes(n))) {
    const next = await remedies[name].apply(current, context);
    current =
      typeof next === 'string'
        ? { ...current, idle: [...current.idle, { name, reason: next }] }
        : { ...next, remedies: [...current.remedies, name] };
  }
  return current;
}

/**
 * The same with its remedies fitted again to layers that were put on other grids since: they are what the decisions as a recipe
 * come to. The candidate itself where there are none.
 */
export async function refitRemedies(candidate: Candidate, context: RemedyContext): Promise<Candidate> {
  const { base, choices, remedies: done, idle } = candidate;
  const again = done.filter((name) => fitting.has(name));
  const isOnGrid = (name: string) => !staysFloat(choices.get(name) ?? 'int8');
  if (again.length === 0 || !unfittedLayers(candidate).some(isOnGrid)) return candidate;
  const bare = {
    ...candidate,
    base: { ...base, model: base.plain, fittedTo: new Map<string, LayerChoice>() },
  };
  const from = { ...bare, remedies: done.filter((name) => !fitting.has(name)) };
  return { ...(await applyRemedies(from, again, context)), idle };
}

/** Takes these remedies, whatever they are worth, but those that find nothing to do. */
export async function takeRemedies(
  start: Judged,
  names: readonly RemedyName[],
  judge: Judge,
  context: RemedyContext,
): Promise<Judged> {
  if (names.length === 0) return start;
  const candidate = await applyRemedies(start.candidate, names, context);
  if (candidate.remedies.length === 0) return { ...start, candidate };
  const judged = await judge.attempt('remedy', wordsFor(candidate.remedies), candidate);
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
    if (candidate.idle.length > 0) return undefined;
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
