import { firstOf } from '../../data/samples/limitSamples';
import { isNoise } from '../../shared/format';
import type { Measured } from '../../evaluate/baseline';
import { StageProgress } from '../../common/progress';
import type { Cause, LayerReport } from '../../shared/protocol/report';
import type { WorkerPool } from '../../runtime/workerPool';
import { Causes } from './errorCauses';
import { localSqnr } from '../../evaluate/noise/localError';
import { pathErrors } from '../../evaluate/noise/accumulatedError';
import { pairedDifference } from '../../stats/pairedDifference';
import { MAX_DB } from '../../stats/sqnr';
import { buildModel, layersAlone, planOf, withChoices, type Candidate } from '../candidate/candidate';
import { judgeLayers } from './evaluateLayers';
import type { Subject, SearchRun } from './layerVariants';
import { LOCAL_SAMPLES, type LayerScore } from './layerSensitivity';

/** Why a layer costs what it costs, and what it would bring to leave it alone in float. */
export interface Explained {
  pathDb: number | null;
  pathCosine: number | null;
  cause: Cause | null;
  without: LayerReport['without'];
}

/** Of layers that cost nothing to speak of, the noisiest are explained all the same. */
const NOISIEST = 5;

/** Everything in int8, and the same with each layer in float. */
export function withoutVariants(whole: Candidate): Subject {
  const variants = whole.base.layers.map(({ name }) => ({
    name,
    build: () => buildModel(withChoices(whole, [name], 'float')),
  }));
  return { kind: 'without', candidate: whole, base: buildModel(whole), variants };
}

/**
 * Explains layers that were measured alone: where the noise at each comes from, and what the score would be with everything in
 * int8 but that layer.
 * @param whole everything in int8
 * @param isMissed whether that misses the target: else no layer has to be left out, and none is tried
 */
export async function explainLayers(
  pool: WorkerPool,
  { dataset, chooser, isForeign }: Measured,
  whole: Candidate,
  scores: readonly LayerScore[],
  isMissed: boolean,
  { onProgress, known, signal }: SearchRun,
): Promise<Map<string, Explained>> {
  const samples = firstOf(dataset.calibration, LOCAL_SAMPLES);
  const { layers, model, plain, histograms } = whole.base;
  const progress = new StageProgress(
    'local',
    'Finding where noise comes from',
    2 * samples.length,
    onProgress,
  );
  const onSample = () => progress.step();
  const stored = layers.filter((l) => l.weight !== null && l.opType !== 'LSTM' && l.opType !== 'GRU');
  const names = stored.map((l) => l.name);
  const weightsOnly = planOf(withChoices(layersAlone(whole), names, 'int8-weights'));
  const weightsDb = await localSqnr(
    pool,
    plain,
    stored,
    weightsOnly,
    samples,
    { onSample, signal, unfused: true },
    model,
  );
  const tensors = layers.map((l) => l.output);
  const withoutOne = withoutVariants(whole);
  const onPath = { onSample, signal, unfused: isForeign };
  const paths = await pathErrors(pool, plain, withoutOne.base, tensors, samples, onPath);

  const without = new Map<string, LayerReport['without']>();
  if (isMissed) {
    const trying = new StageProgress(
      'sensitivity',
      'Trying everything in int8 but one layer',
      layers.length,
      onProgress,
    );
    const verdicts = await judgeLayers(pool, chooser, withoutOne, known, {
      onVerdict: () => trying.step(),
      signal,
    });
    for (const [name, { score, samples: own }] of verdicts) {
      const { standardError } = pairedDifference(chooser.floatSamples, own);
      without.set(name, { score, standardError });
    }
  }

  const causes = new Causes(plain, histograms, planOf(whole));
  const byNoise = [...scores].sort((a, b) => a.outputDb - b.outputDb).slice(0, NOISIEST);
  const wanted = new Set([...scores.filter(matters), ...byNoise].map((s) => s.name));
  const found = new Map(scores.map((s) => [s.name, s]));
  return new Map(
    layers.map((layer) => {
      const score = found.get(layer.name);
      const path = paths.get(layer.output);
      const pathDb = path?.sqnrDb ?? null;
      const ownWeights = layer.weight === null ? MAX_DB : (score?.sqnrDb ?? MAX_DB);
      const cause =
        score === undefined || !wanted.has(layer.name)
          ? null
          : causes.of(layer, {
              ...{ sqnrDb: score.sqnrDb, outputDb: score.outputDb, pathDb },
              weightsDb: weightsDb.get(layer.name) ?? ownWeights,
              costs: matters(score),
            });
      return [
        layer.name,
        { pathDb, pathCosine: path?.cosine ?? null, cause, without: without.get(layer.name) ?? null },
      ];
    }),
  );
}

function matters(score: LayerScore): boolean {
  return score.drop > 0 && !isNoise(score);
}
