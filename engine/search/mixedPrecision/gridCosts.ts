import type { Layer } from '../../onnx/layers/layers';
import { type Model } from '../../onnx/graph/model';
import { encodeModel } from '../../onnx/file/readModel';
import { modelBytes } from '../../onnx/file/writeModel';
import type { Measured } from '../../evaluate/baseline';
import type { Run } from '../../common/run';
import { StageProgress } from '../../common/progress';
import type { LayerChoice, ResourceUse } from '../../shared/protocol/choices';
import { choicesOf } from '../../quantize/layerGrids';
import { profiles } from '../../quantize/targets/profiles';
import type { WorkerPool } from '../../runtime/workerPool';
import { bitOperations } from './bitOperations';
import { judgeVariants, type Variant } from '../../evaluate/evaluateVariants';
import { buildModel, layersAlone, withChoices, withDecided, type Candidate } from '../candidate/candidate';
import { choiceTimes } from './gridLatency';

/** A layer on one grid, all others in float. */
export interface MeasuredChoice {
  choice: LayerChoice;
  /** Noise power at the model's outputs against their signal power. */
  noise: number;
  /** What each sample's value changes by against float. */
  changes: readonly number[];
  /** What the model takes more than in float; negative for less. */
  extra: ResourceUse;
}

export interface LayerChoices {
  layer: Layer;
  /** At least one. */
  choices: MeasuredChoice[];
}

export interface MeasuredChoices {
  layers: LayerChoices[];
  floatUse: ResourceUse;
}

/** What each layer may be: what the user decided, else int8, float, and those of the other grids that it can be. */
export function openChoices(
  { base, profile, choices, fixed }: Candidate,
  grids: readonly LayerChoice[],
): Map<string, LayerChoice[]> {
  return new Map(
    base.layers.map((layer) => {
      if (fixed.has(layer.name)) return [layer.name, [choices.get(layer.name) ?? 'int8']];
      const possible = choicesOf(layer, profiles[profile], base.model.graph);
      const wanted = new Set<LayerChoice>(['int8', ...grids, 'float']);
      return [layer.name, [...wanted].filter((grid) => possible.includes(grid))];
    }),
  );
}

/**
 * Measures what each layer costs on each grid that it may be on, the rest in float: noise at the outputs and loss of each sample
 * from running it, bytes from writing it, bit operations by arithmetic, and time from onnxruntime's profiles of the float model
 * and of models with all layers on one grid.
 * @param whole everything in int8
 * @throws EngineError `runtime`, `cancelled`
 */
export async function measureChoices(
  pool: WorkerPool,
  measured: Measured,
  whole: Candidate,
  open: ReadonlyMap<string, readonly LayerChoice[]>,
  { onProgress, signal }: Run,
): Promise<MeasuredChoices> {
  const { chooser, costs } = measured;
  const { layers } = whole.base;
  const bare = layersAlone(whole);
  const names = layers.map((l) => l.name);
  const inFloat = withChoices(bare, names, 'float');
  const base = buildModel(inFloat);
  const baseBytes = sizeOf(base);
  const bytes = new Map<string, number>();
  // Numbers for keys: names are anyone's, and one more part could make two of them equal.
  const keyOf = (layer: number, choice: LayerChoice) => `${layer} ${choice}`;
  const variants = layers.flatMap(({ name }, i) =>
    (open.get(name) ?? []).flatMap((choice): Variant[] => {
      if (choice === 'float') return [];
      const key = keyOf(i, choice);
      const build = () => {
        const model = buildModel(withDecided(inFloat, [[name, choice]]));
        if (!bytes.has(key)) bytes.set(key, sizeOf(model));
        return model;
      };
      return [{ name: key, build }];
    }),
  );
  const trying = new StageProgress(
    'sensitivity',
    'Trying each layer alone on each grid',
    variants.length,
    onProgress,
  );
  const { verdicts } = await judgeVariants(pool, chooser, base, variants, {
    onVerdict: () => trying.step(),
    signal,
  });
  const times = await choiceTimes(pool.first, measured, whole, open, { onProgress, signal });
  const floatValues = chooser.floatSamples.map((s) => s.value);
  const floatBops = (name: string) => bitOperations(costs.get(name) ?? 0, 'float');
  const measuredOf = (layer: Layer, i: number, choice: LayerChoice): MeasuredChoice => {
    const verdict = verdicts.get(keyOf(i, choice));
    const own = bytes.get(keyOf(i, choice));
    return {
      choice,
      noise: verdict === undefined ? 0 : 10 ** (-verdict.sqnrDb / 10),
      changes: floatValues.map((value, s) => (verdict?.samples[s]?.value ?? value) - value),
      extra: {
        bytes: own === undefined ? 0 : own - baseBytes,
        bops: bitOperations(costs.get(layer.name) ?? 0, choice) - floatBops(layer.name),
        latency: times.extra(layer.name, choice),
      },
    };
  };
  return {
    layers: layers.map((layer, i) => ({
      layer,
      choices: (open.get(layer.name) ?? []).map((choice) => measuredOf(layer, i, choice)),
    })),
    floatUse: {
      bytes: baseBytes,
      bops: names.reduce((n, name) => n + floatBops(name), 0),
      latency: times.float,
    },
  };
}

function sizeOf(model: Model): number {
  return modelBytes(model, encodeModel(model));
}
