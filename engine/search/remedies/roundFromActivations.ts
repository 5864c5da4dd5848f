import type { SampleSource } from '../../data/samples/dataset';
import type { Layer } from '../../onnx/layers/layers';
import type { Model } from '../../onnx/graph/model';
import type { Remedied } from './modelEditor';
import {
  roundLayer,
  roundWeights,
  whyNotRounded,
  type InputGram,
  type RoundedLayer,
  type WeightGrid,
} from './roundWeights';
import type { WorkerPool } from '../../runtime/workerPool';
import { inputGrams } from './inputCovariance';
import type { SampleRun } from '../../evaluate/noise/runSamples';

/**
 * Rounds the layers' weights to the grid that they will be quantized on, with regard to what the layers read in the
 * samples: second-order rounding, which needs no training (Nagel et al. 2020, "Up or Down?", eq. 10, solved as in
 * GPTQ). One more float pass for every 64 MB of sums.
 * @returns the model itself when no layer was rounded
 */
export async function roundByInputs(
  pool: WorkerPool,
  original: Model,
  layers: readonly Layer[],
  gridOf: (layer: Layer) => WeightGrid,
  samples: SampleSource,
  run: SampleRun = {},
): Promise<Remedied<RoundedLayer>> {
  const rounded = new Map<string, ReturnType<typeof roundLayer> | string>();
  const rest: Layer[] = [];
  for (const layer of layers) {
    const why = whyNotRounded(layer);
    if (why === null) rest.push(layer);
    else rounded.set(layer.name, why);
  }
  await inputGrams(
    pool,
    original,
    rest,
    samples,
    async (layer, gram) => {
      rounded.set(layer.name, whyUseless(gram) ?? roundLayer(layer, gram, gridOf(layer)));
      // Other requests of the process get their turn.
      await new Promise((resolve) => setImmediate(resolve));
    },
    run,
  );
  return roundWeights(original, rounded);
}

function whyUseless({ values }: InputGram): string | null {
  const sum = values.reduce((a, b) => a + Math.abs(b), 0);
  if (sum === 0) return 'No sample gives it anything but zeros.';
  return Number.isFinite(sum) ? null : 'Its inputs hold NaN or infinities.';
}
