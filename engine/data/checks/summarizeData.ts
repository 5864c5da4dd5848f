import { inspectSamples } from './inspectSamples';
import { openDataset } from '../openDataset';
import { suspicions } from './dataWarnings';
import { inputSpecs } from '../../onnx/summary/inputSpecs';
import { inputUses } from '../../onnx/summary/inputUses';
import type { Model } from '../../onnx/graph/model';
import type { DataSummary } from '../../shared/protocol/data';
import type { PresetName } from '../../shared/protocol/choices';

/** Of a stream, whose length nobody knows before its end. */
const PREVIEWED = 64;
const CUT =
  'Only the first samples of the stream were read to show what it yields; an analysis reads all of them.';

/**
 * What a data source holds for a model, what its first samples look like, and what looks wrong with them.
 * @throws EngineError `not-found`, `bad-data`; `unsupported` for a model that cannot be fed
 */
export async function summarizeData(
  data: string,
  model: Model,
  preset: PresetName | null = null,
  signal?: AbortSignal,
): Promise<DataSummary> {
  const inputs = inputSpecs(model);
  const dataset = await openDataset(data, inputs, { preset, samples: PREVIEWED, signal });
  const uses = inputUses(
    model,
    inputs.map(({ name }) => name),
  );
  const { seen, preview } = await inspectSamples(dataset, inputs);
  const { truth } = await dataset.evaluation.load(0);
  return {
    data,
    metric: dataset.metric,
    hasTruth: truth !== null,
    calibrationSamples: dataset.calibration.length,
    evaluationSamples: dataset.evaluation.length,
    sharedSamples: dataset.shared,
    preview,
    warnings: [
      ...dataset.warnings,
      ...(dataset.isCut === true ? [CUT] : []),
      ...suspicions(dataset, seen, uses),
    ],
  };
}
