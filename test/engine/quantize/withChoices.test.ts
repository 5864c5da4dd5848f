import { expect, test } from 'vitest';
import type { Model } from '../../../engine/onnx/graph/model';
import { findLayers } from '../../../engine/onnx/layers/layers';
import { normalize } from '../../../engine/onnx/normalize/normalize';
import { summarize } from '../../../engine/onnx/summary/summarize';
import type { LayerChoice } from '../../../engine/shared/protocol/choices';
import { refuseChoice, withChoices } from '../../../engine/quantize/layerGrids';
import { profiles } from '../../../engine/quantize/targets/profiles';
import { branching } from '../bodyModels';
import { noisy, node, tinyModel } from '../tinyModel';

const every = ['int8', 'uint8', 'int16', 'int4', 'int4-block', 'dynamic', 'int8-weights'] as const;

function choicesIn(model: Model): Map<string, LayerChoice[] | undefined> {
  const normalized = normalize(model);
  const summary = summarize('/m.onnx', new Uint8Array(0), model, normalized);
  const { layers } = withChoices(summary, normalized.graph);
  // What the view offers is what the engine takes.
  for (const layer of findLayers(normalized.graph)) {
    const offered = layers.find(({ name }) => name === layer.name)?.choices ?? [];
    for (const choice of [...every, 'float', 'float16'] as const) {
      const take = () => refuseChoice(layer, choice, profiles.x86, normalized.graph);
      if (offered.includes(choice)) expect(take).not.toThrow();
      else expect(take).toThrow(`cannot be ${choice}`);
    }
  }
  return new Map(layers.map(({ name, choices }) => [name, choices]));
}

test('a layer is offered the grids that it has a form on', () => {
  const model = tinyModel({
    inputs: { x: ['n', 3, 8, 8] },
    outputs: ['y', 'z'],
    constants: { w: noisy([8, 3, 3, 3]), v: noisy([288, 16], 2), u: noisy([16, 16], 3) },
    nodes: [
      node('Conv', ['x', 'w'], 'c'),
      node('Flatten', ['c'], 'f'),
      node('MatMul', ['f', 'v'], 'm'),
      node('Gemm', ['m', 'u'], 'z', { transA: 1 }),
      node('MatMul', ['m', 'z'], 'y'),
    ],
  });
  expect(Object.fromEntries(choicesIn(model))).toEqual({
    c_node: ['int8', 'uint8', 'int16', 'int8-weights', 'float', 'float16'],
    m_node: [...every, 'float', 'float16'],
    // Reads its activation across, which blocks and products of what comes in cannot.
    z_node: ['int8', 'uint8', 'int16', 'int4', 'int8-weights', 'float', 'float16'],
    // Two activations: there is no weight to be on a grid of its own, or half.
    y_node: ['int8', 'int16', 'float'],
  });
});

test('what lies in a body is no half', () => {
  const choices = [...choicesIn(branching()).values()];
  expect(choices).toHaveLength(2);
  for (const one of choices) expect(one).toEqual([...every, 'float']);
});
