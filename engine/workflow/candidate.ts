import { encodeModel, type Model } from '../onnx/model';
import type {
  CalibrationMethod,
  Decisions,
  LayerChoice,
  LayerGrid,
  ProfileName,
  RemedyName,
  UsedMethod,
  WeightGranularity,
} from '../protocol';
import { planQuantization, type QuantPlan } from '../quantize/plan';
import { restoreLayers } from '../quantize/remedies/restoreLayers';
import { rewriteQdq } from '../quantize/rewrite';
import type { Base } from './base';

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
  /** What was done to the float model before, by name. */
  remedies: readonly RemedyName[];
}

export function planOf({ base, profile, weights, methods, operators, choices }: Candidate): QuantPlan {
  const clips = new Map(
    [...methods].map(([tensor, method]) => {
      const clip = base.clips.get(method)?.get(tensor) ?? 0;
      return [tensor, Math.min(clip, base.limits.get(tensor) ?? Infinity)] as const;
    }),
  );
  const integer = base.layers.filter((layer) => choices.get(layer.name) !== 'float');
  const grids = new Map<string, LayerGrid>();
  for (const [name, choice] of choices) if (choice !== 'float') grids.set(name, choice);
  return planQuantization(
    integer,
    base.histograms,
    clips,
    { profile, weights },
    {
      operators: base.operators.filter((o) => operators.has(o.name)),
      grids,
      least: base.least,
    },
  );
}

export function buildModel(candidate: Candidate): Model {
  const { base, choices } = candidate;
  return rewriteQdq(restoreLayers(base.model, base.plain, new Set(choices.keys())), planOf(candidate));
}

export function encodeCandidate(candidate: Candidate): Uint8Array<ArrayBuffer> {
  return encodeModel(buildModel(candidate));
}

export function withOperators(candidate: Candidate, operators: Iterable<string>): Candidate {
  return { ...candidate, operators: new Set(operators) };
}

/** The same with further layers on another grid, or in float. */
export function withChoices(candidate: Candidate, names: readonly string[], choice: LayerChoice): Candidate {
  return {
    ...candidate,
    choices: new Map([...candidate.choices, ...names.map((n) => [n, choice] as const)]),
  };
}

/** Names of the layers that stay in float. */
export function floatLayers({ choices }: Candidate): string[] {
  return [...choices].flatMap(([name, choice]) => (choice === 'float' ? [name] : []));
}

export function decisionsOf({ method, weights, operators, choices, remedies }: Candidate): Decisions {
  return {
    ...{ method, weights, remedies: [...remedies] },
    operators: [...operators],
    choices: Object.fromEntries(choices),
  };
}
