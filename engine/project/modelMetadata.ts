import { create } from '@bufbuild/protobuf';
import { StringStringEntryProtoSchema } from 'onnx-buf';
import type { Model } from '../onnx/graph/model';
import type { Decisions } from '../shared/protocol/choices';
import type { Int8Result, NotebookEntry } from '../shared/protocol/report';
import type { SettledSettings } from '../shared/protocol/settings';

/** Keys of what we write into a model begin with this. */
const PREFIX = 'quantscope.';

/**
 * The model with what it came of in its metadata, as JSON: settings, decisions, its score and the notebook. Nothing of the
 * machine or the time, so that the same decisions make the same file.
 */
export function describeIn(
  model: Model,
  settings: SettledSettings,
  decisions: Decisions,
  { metric, score, difference }: Int8Result,
  notebook: readonly NotebookEntry[],
): Model {
  const { profile, targetDrop, calibrationSamples, choosingSamples, evaluationSamples } = settings;
  const entries = {
    settings: { profile, targetDrop, calibrationSamples, choosingSamples, evaluationSamples },
    decisions: { ...decisions, operators: decisions.operators.length },
    score: { metric, score, ...difference },
    notebook: notebook.map(({ step, tried, score: reached, difference: change, standardError, kept }) => ({
      ...{ step, tried, score: reached, difference: change, standardError, kept },
    })),
  };
  const own = model.metadataProps.filter(({ key }) => !key.startsWith(PREFIX));
  const added = Object.entries(entries).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key: `${PREFIX}${key}`, value: JSON.stringify(value) }),
  );
  return { ...model, metadataProps: [...own, ...added] };
}
