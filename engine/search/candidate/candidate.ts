import { type Model } from '../../onnx/graph/model';
import { encodeModel } from '../../onnx/file/readModel';
import type { Operator } from '../../onnx/layers/operators';
import type {
  CalibrationMethod,
  Decisions,
  LayerChoice,
  LayerGrid,
  OperatorChoice,
  ProfileName,
  RemedyName,
  UsedMethod,
  WeightGranularity,
} from '../../shared/protocol/choices';
import { fitsWithoutRanges, staysFloat, UNREACHED_GRID } from '../../quantize/layerGrids';
import { originOf } from '../../quantize/grids';
import { planQuantization, type QuantPlan } from '../../quantize/plan';
import { profiles } from '../../quantize/targets/profiles';
import { restoreLayers } from '../../quantize/restoreLayers';
import { rewriteQdq } from '../../quantize/write/rewrite';
import type { HistogramState } from '../../stats/histogram';
import type { Base } from './base';
import { ownValue } from '../../shared/ownValue';

/** What the user decided: by name of layer, by name of operator between layers, and of remedies. */
export interface FixedChoices {
  layers: ReadonlyMap<string, LayerChoice>;
  operators: ReadonlyMap<string, OperatorChoice>;
  /** `null` lets the workflow choose. */
  remedies: readonly RemedyName[] | null;
  /** Clips on |x| by tensor. */
  clips: ReadonlyMap<string, number>;
}

/** A remedy that changes nothing. */
export interface IdleRemedy {
  name: RemedyName;
  /** Why, as a sentence. */
  reason: string;
}

/** One way to quantize a model: every decision that is open. */
export interface Candidate {
  base: Base;
  profile: ProfileName;
  weights: WeightGranularity;
  method: UsedMethod;
  /** By tensor: the same for all, unless `method` is `mixed`. */
  methods: ReadonlyMap<string, CalibrationMethod>;
  /** Operators between the layers that become integer, by name. */
  operators: ReadonlySet<string>;
  /** Layers that are not plain int8, by name. */
  choices: ReadonlyMap<string, LayerChoice>;
  /** Layers and operators that the user decided about, by name: not for the workflow to change. */
  fixed: ReadonlySet<string>;
  /** What was done to the float model before, by name. */
  remedies: readonly RemedyName[];
  /** Remedies that were wanted and found nothing to do. */
  idle: readonly IdleRemedy[];
  /** Clips on |x| that the user decided, by tensor of the model as it was before remedies. */
  clips: ReadonlyMap<string, number>;
}

/** What of a candidate says how far grids reach. */
type ClipChoices = Pick<Candidate, 'base' | 'methods' | 'operators' | 'clips'>;

/**
 * The clips that the user decided, in units of the base. What only moves values has the grid of what it moves, so a clip for its
 * result goes to where they were made, unless that has one of its own.
 */
function decidedClips({ base, operators, clips }: ClipChoices): Map<string, number> {
  const integer = base.operators.filter((o) => operators.has(o.name));
  const found = new Map<string, number>();
  for (const [tensor, clip] of clips) {
    const scaled = clip * rescaledBy(base, tensor);
    const origin = originOf(tensor, integer);
    found.set(tensor, scaled);
    if (!clips.has(origin)) found.set(origin, Math.max(scaled, found.get(origin) ?? 0));
  }
  return found;
}

/** How many times as far a tensor reaches as before a remedy changed the ranges of channels. */
function rescaledBy({ histograms, unscaled }: Base, tensor: string): number {
  const reach = (state: HistogramState | undefined) =>
    state === undefined ? 0 : Math.max(-state.min, state.max);
  const [before, now] = [reach(ownValue(unscaled, tensor)), reach(ownValue(histograms, tensor))];
  return before > 0 && now > 0 ? now / before : 1;
}

/**
 * The clip on |x| by tensor, in units of the base: the calibrator's, as far as a remedy lets it reach, or the one that the user
 * decided.
 */
export function clipsOf(candidate: ClipChoices): Map<string, number> {
  const { base, methods } = candidate;
  const clips = new Map(
    [...methods].map(([tensor, method]) => {
      const clip = base.clips.get(method)?.get(tensor) ?? 0;
      return [tensor, Math.min(clip, base.limits.get(tensor) ?? Infinity)] as const;
    }),
  );
  for (const [tensor, clip] of decidedClips(candidate)) if (clips.has(tensor)) clips.set(tensor, clip);
  return clips;
}

export function planOf(candidate: Candidate): QuantPlan {
  const { base, profile, weights, operators, choices } = candidate;
  const clips = clipsOf(candidate);
  const grids = new Map<string, LayerGrid>();
  const floats = new Set<string>();
  const halves = new Set<string>();
  for (const [name, choice] of choices) {
    if (!staysFloat(choice)) grids.set(name, choice);
    else floats.add(name);
    if (choice === 'float16') halves.add(name);
  }
  for (const layer of base.unreached)
    if (!choices.has(layer.name) && fitsWithoutRanges(layer, UNREACHED_GRID, profiles[profile]))
      grids.set(layer.name, UNREACHED_GRID);
  return planQuantization(
    [
      ...base.layers.filter((layer) => !floats.has(layer.name)),
      ...base.unreached.filter((layer) => grids.has(layer.name)),
    ],
    base.histograms,
    clips,
    { profile, weights },
    {
      operators: base.operators.filter((o) => operators.has(o.name)),
      ...{ grids, halves },
      least: base.least,
    },
  );
}

/** Layers for whose grids no remedy was fitted: they are on another one than at that time, or in float. */
export function unfittedLayers({ base, choices }: Pick<Candidate, 'base' | 'choices'>): string[] {
  return [...new Set([...choices.keys(), ...base.fittedTo.keys()])].filter(
    (name) => (choices.get(name) ?? 'int8') !== (base.fittedTo.get(name) ?? 'int8'),
  );
}

/** The float model to quantize from: with remedies where they fit what the layer is. */
export function fittedModel(candidate: Pick<Candidate, 'base' | 'choices'>): Model {
  const { model, plain } = candidate.base;
  return restoreLayers(model, plain, new Set(unfittedLayers(candidate)));
}

export function buildModel(candidate: Candidate): Model {
  return rewriteQdq(fittedModel(candidate), planOf(candidate));
}

export function encodeCandidate(candidate: Candidate): Uint8Array<ArrayBuffer> {
  return encodeModel(buildModel(candidate));
}

export function withOperators(candidate: Candidate, operators: Iterable<string>): Candidate {
  return { ...candidate, operators: new Set(operators) };
}

/** The same with every layer in int8, whoever decided otherwise, and nothing between them. */
export function layersAlone(candidate: Candidate): Candidate {
  return { ...withOperators(candidate, []), choices: new Map() };
}

/** The same with these operators in integers, and those that the user decided about as they are. */
export function withFreeOperators(candidate: Candidate, operators: Iterable<string>): Candidate {
  const { fixed } = candidate;
  const decided = [...candidate.operators].filter((name) => fixed.has(name));
  return withOperators(candidate, [...decided, ...[...operators].filter((name) => !fixed.has(name))]);
}

/** The operators in integers that are open to be taken out. */
export function freeOperators({ base, operators, fixed }: Candidate): Operator[] {
  return base.operators.filter((o) => operators.has(o.name) && !fixed.has(o.name));
}

/** The same with what the user decided. */
export function withFixed(candidate: Candidate, { layers, operators, clips }: FixedChoices): Candidate {
  const isInteger = (name: string) => operators.get(name) !== 'float';
  return {
    ...candidate,
    choices: new Map([...layers].filter(([, choice]) => choice !== 'int8')),
    operators: new Set([...candidate.operators].filter(isInteger)),
    fixed: new Set([...layers.keys(), ...operators.keys()]),
    clips,
  };
}

/** The same with further layers on another grid, or in float. */
export function withChoices(candidate: Candidate, names: readonly string[], choice: LayerChoice): Candidate {
  return {
    ...candidate,
    choices: new Map([...candidate.choices, ...names.map((n) => [n, choice] as const)]),
  };
}

/** The same with these layers as decided, plain int8 among the decisions; all others as they are. */
export function withDecided(
  candidate: Candidate,
  decided: Iterable<readonly [name: string, choice: LayerChoice]>,
): Candidate {
  const choices = new Map([...candidate.choices, ...decided]);
  return { ...candidate, choices: new Map([...choices].filter(([, choice]) => choice !== 'int8')) };
}

/** Names of the layers that stay in float. */
export function floatLayers({ choices }: Candidate): string[] {
  return [...choices].flatMap(([name, choice]) => (staysFloat(choice) ? [name] : []));
}

/** Those that the target is meant to compute in float: decided, or without ranges. */
export function floatOnPurpose(candidate: Candidate): Set<string> {
  return new Set([...floatLayers(candidate), ...candidate.base.unreached.map((l) => l.name)]);
}

export function decisionsOf({ method, weights, operators, choices, remedies, clips }: Candidate): Decisions {
  return {
    ...{ method, weights, remedies: [...remedies] },
    operators: [...operators],
    choices: Object.fromEntries(choices),
    ...(clips.size === 0 ? {} : { clips: [...clips] }),
  };
}
