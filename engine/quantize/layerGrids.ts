import type { GraphProto } from 'onnx-buf';
import { intAttribute } from '../onnx/graph/attributes';
import { findLayers, type Layer } from '../onnx/layers/layers';
import { EngineError } from '../shared/engineError';
import type { LayerChoice, LayerGrid } from '../shared/protocol/choices';
import type { ModelSummary } from '../shared/protocol/model';
import { profiles, type Profile } from './targets/profiles';

interface GridTraits {
  /** Bits of the calibrated grid that its activations are on; `null` where it reads and answers floats. */
  activations: 8 | 16 | null;
  /** Whether a layer has a form on it. */
  fits: (layer: Layer) => boolean;
}

const isMatrixProduct = ({ opType }: Layer) => opType === 'MatMul' || opType === 'Gemm';

const isProduct = (layer: Layer) =>
  isMatrixProduct(layer) || layer.opType === 'Conv' || layer.opType === 'ConvTranspose';

/** The product of an activation, as it comes, with a constant. */
const isPlain = (layer: Layer) =>
  isMatrixProduct(layer) && layer.weight !== null && intAttribute(layer.node, 'transA', 0) === 0;

const hasMatrix = ({ weight }: Layer) => weight?.dims.length === 2;

export const layerGrids: Record<LayerGrid, GridTraits> = {
  int8: { activations: 8, fits: () => true },
  uint8: { activations: 8, fits: (layer) => isProduct(layer) && layer.weight !== null },
  int16: { activations: 16, fits: isProduct },
  int4: { activations: null, fits: (layer) => isMatrixProduct(layer) && hasMatrix(layer) },
  'int4-block': { activations: null, fits: (layer) => isPlain(layer) && hasMatrix(layer) },
  dynamic: { activations: null, fits: isPlain },
  'int8-weights': { activations: null, fits: (layer) => isProduct(layer) && layer.weight !== null },
};

/** What layers without ranges are where nobody decided: the file is smaller, and what they compute hardly another. */
export const UNREACHED_GRID = 'int8-weights' satisfies LayerGrid;

/** Whether a layer can be on a grid of a target without anything being known of what it reads and makes. */
export function fitsWithoutRanges(layer: Layer, choice: LayerChoice, { grids }: Profile): boolean {
  if (staysFloat(choice)) return true;
  const { activations, fits } = layerGrids[choice];
  return activations === null && grids.includes(choice) && fits(layer);
}

/** Whether a layer computes in float and is on no grid. */
export function staysFloat(choice: LayerChoice): choice is 'float' | 'float16' {
  return choice === 'float' || choice === 'float16';
}

/**
 * What a layer can be on a target.
 * @param main the model's graph: only its own weights, not those of bodies, can be halves
 */
export function choicesOf(layer: Layer, profile: Profile, main: GraphProto): LayerChoice[] {
  const canBeHalves = layer.weight !== null && layer.graph === main;
  return [
    ...profile.grids.filter((grid) => layerGrids[grid].fits(layer)),
    'float',
    ...(canBeHalves ? (['float16'] as const) : []),
  ];
}

/** @throws EngineError `bad-option` for a choice that the layer does not have */
export function refuseChoice(layer: Layer, choice: LayerChoice, profile: Profile, main: GraphProto): void {
  const possible = choicesOf(layer, profile, main);
  if (possible.includes(choice)) return;
  throw new EngineError(
    'bad-option',
    `Layer ${layer.name} (${layer.opType}) cannot be ${choice} for ${profile.name}.`,
    `It can be ${possible.slice(0, -1).join(', ')} or ${possible.at(-1) ?? ''}.`,
  );
}

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
