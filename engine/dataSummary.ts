import { inspectSamples } from './feeds/inspectSamples';
import { openDataset } from './feeds/openDataset';
import { suspicions } from './feeds/suspicions';
import { inputSpecs } from './onnx/inputSpecs';
import { inputUses } from './onnx/inputUses';
import type { Model } from './onnx/model';
import type { DataSummary, PresetName } from './protocol';

/**
 * What a data source holds for a model, what its first samples look like, and what looks wrong with them.
 * @throws EngineError `not-found`, `bad-data`; `unsupported` for a model that cannot be fed
 */
export async function summarizeData(
  data: string,
  model: Model,
  preset: PresetName | null = null,
): Promise<DataSummary> {
  const inputs = inputSpecs(model);
  const dataset = await openDataset(data, inputs, { preset });
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
    warnings: [...dataset.warnings, ...suspicions(dataset, seen, uses)],
  };
}
