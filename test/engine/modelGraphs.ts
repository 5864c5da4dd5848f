import { modelGraph } from '../../engine/onnx/summary/modelGraph';
import { readModelFile } from '../../engine/onnx/file/readModel';
import { normalize } from '../../engine/onnx/normalize/normalize';
import { summarize } from '../../engine/onnx/summary/summarize';
import type { ModelGraph, ModelSummary } from '../../engine/shared/protocol/model';

/** A model file's network as the engine draws it. */
export async function graphOf(path: string): Promise<{ graph: ModelGraph; summary: ModelSummary }> {
  const { model, bytes } = await readModelFile(path);
  const normalized = normalize(model);
  const summary = summarize(path, bytes, model, normalized);
  return { graph: modelGraph(normalized.graph, summary), summary };
}
