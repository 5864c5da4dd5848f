import type { GraphProto } from 'onnx-buf';
import { findLayers } from '../onnx/layers/layers';
import type { ModelSummary } from '../shared/protocol/model';
import { choicesOf } from './layerGrids';
import { profiles } from './targets/profiles';

/**
 * The summary with what each layer can be.
 * @param graph of the normalized model that was summarized
 */
export function withChoices(summary: ModelSummary, graph: GraphProto): ModelSummary {
  const layers = findLayers(graph);
  return {
    ...summary,
    layers: summary.layers.map((one, i) => {
      const layer = layers[i];
      // What x86 can be asked for, every target of onnxruntime can.
      return layer === undefined ? one : { ...one, choices: choicesOf(layer, profiles.x86, graph) };
    }),
  };
}
