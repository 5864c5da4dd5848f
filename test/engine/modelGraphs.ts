import { modelGraph } from '../../engine/onnx/modelGraph';
import { readModelFile } from '../../engine/onnx/model';
import { normalize } from '../../engine/onnx/normalize';
import { summarize } from '../../engine/onnx/summarize';
import type { ModelGraph, ModelSummary } from '../../engine/protocol';

/** A model file's network as the engine draws it. */
export async function graphOf(path: string): Promise<{ graph: ModelGraph; summary: ModelSummary }> {
  const { model, bytes } = await readModelFile(path);
  const normalized = normalize(model);
  const summary = summarize(path, bytes, model, normalized);
  return { graph: modelGraph(normalized.graph, summary), summary };
}
