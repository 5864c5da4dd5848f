import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyRecipe } from '../../../engine/recipe/applyRecipe';
import { EngineError } from '../../../engine/shared/engineError';
import { findLayers } from '../../../engine/onnx/layers/layers';
import { findOperators } from '../../../engine/onnx/layers/operators';
import type { LayerChoice, ProfileName } from '../../../engine/shared/protocol/choices';
import type { Recipe } from '../../../engine/shared/protocol/recipe';
import { profiles } from '../../../engine/quantize/targets/profiles';
import { parseRecipe } from '../../../engine/recipe/parseRecipe';
import { recipeText } from '../../../engine/shared/recipe/recipeText';
import { noisy, node, tinyModel } from '../tinyModel';

const model = tinyModel({
  inputs: { x: ['n', 3, 8, 8], t: ['n', 20] },
  outputs: ['y'],
  constants: { w1: noisy([8, 3, 3, 3]), w2: noisy([512, 20], 2), w3: noisy([20, 20], 3) },
  nodes: [
    node('Conv', ['x', 'w1'], 'c', { pads: [1, 1, 1, 1] }),
    node('Add', ['c', 'c'], 'd'),
    node('Flatten', ['d'], 'f'),
    node('MatMul', ['f', 'w2'], 'm'),
    node('Gemm', ['m', 'w3'], 'g'),
    node('MatMul', ['t', 'g'], 'y'),
  ],
});
const layers = findLayers(model.graph);
const operators = findOperators(model.graph, layers, profiles.x86.operators);

function apply(rules: [string, LayerChoice][], profile: ProfileName = 'x86') {
  const recipe = { layers: rules.map(([match, choice]) => ({ match, choice })), operators: [] };
  return Object.fromEntries(applyRecipe(recipe, { model, layers, unreached: [], operators }, profile).layers);
}

function failure(work: () => unknown): EngineError {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof EngineError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was refused');
}

describe('parsing', () => {
  test('reads comments, trailing commas, and rules in their order', () => {
    const text = `{ // ours
      "version": 1, "profile": "arm", "weights": "per-tensor", "calibration": "percentile:99.9", "targetDrop": "2%",
      "model": "f00", "data": "lines", "preset": "ocr", "samples": 8, "remedies": ["round"],
      "layers": { "b": "int4", "10": "float", "2": "float16", },
      "operators": { "Add": "float" },
      "clips": { "x": 2.5, "7": 1e-3 }
    }`;
    expect(parseRecipe(text, 'r')).toEqual({
      ...{
        version: 1,
        profile: 'arm',
        weights: 'per-tensor',
        calibration: 'percentile:99.9',
        targetDrop: 0.02,
      },
      ...{ model: 'f00', data: 'lines', preset: 'ocr', samples: 8 },
      remedies: ['round'],
      layers: [
        { match: 'b', choice: 'int4' },
        { match: '10', choice: 'float' },
        { match: '2', choice: 'float16' },
      ],
      operators: [{ match: 'Add', choice: 'float' }],
      clips: [
        ['x', 2.5],
        ['7', 0.001],
      ],
    });
  });

  test.each([
    ['{', 'r:1: is no JSON (Close brace expected)'],
    ['', 'r:1: is no JSON'],
    ['[]', 'r:1: A recipe is no object'],
    ['{}', 'it has no version'],
    ['{"version": 2}', 'version 2 is not known'],
    ['{"version": 1,\n"layer": {}}', 'r:2: there is no key "layer"'],
    ['{"version": 1, "__proto__": {}}', 'there is no key "__proto__"'],
    ['{"version": 1, "layers": []}', '"layers" is no object'],
    ['{"version": 1,\n\n"layers": {"a": "int3"}}', 'r:3: there is no choice for layer "a": "int3"'],
    ['{"version": 1, "layers": {"a": {"int8": 1}}}', 'there is no choice for layer "a": {"int8": 1}'],
    ['{"version": 1, "layers": {"a": "int8", "a": "float"}}', '"a" is there twice'],
    ['{"version": 1, "operators": {"a": "int16"}}', 'there is no choice for operator "a"'],
    ['{"version": 1, "profile": "x87"}', 'there is no profile "x87"'],
    ['{"version": 1, "calibration": "best"}', 'There is no calibration "best"'],
    ['{"version": 1, "data": 3}', '"data" is no text'],
    ['{"version": 1, "samples": 0}', 'is no number of samples'],
    ['{"version": 1, "calibration": null}', '"calibration" is no text'],
    ['{"version": 1, "targetDrop": "all"}', 'is no target drop'],
    ['{"version": 1, "remedies": "round"}', '"remedies" is no list'],
    ['{"version": 1, "remedies": ["prune"]}', 'there is no remedy "prune"'],
    ['{"version": 1, "clips": ["x"]}', '"clips" is no object'],
    ['{"version": 1,\n"clips": {"x": 0}}', 'r:2: 0 is no clip for tensor "x"'],
    ['{"version": 1, "clips": {"x": 1e999}}', '1e999 is no clip'],
    ['{"version": 1, "clips": {"x": "max"}}', '"max" is no clip'],
    ['{"version": 1, "clips": {"x": 1, "x": 2}}', '"x" is there twice'],
  ])('refuses %s', (text, said) => {
    const { code, message, hint } = failure(() => parseRecipe(text, 'r'));
    expect(code).toBe('bad-option');
    expect(message).toContain(said);
    expect(hint).not.toBe('');
  });

  test('reads what it writes, whatever the names are', () => {
    const choice = fc.constantFrom<LayerChoice>('int8', 'int4-block', 'float16');
    const rules = fc.uniqueArray(fc.tuple(fc.string({ unit: 'binary' }), choice), {
      selector: ([match]) => match,
    });
    fc.assert(
      fc.property(rules, (pairs) => {
        const recipe: Recipe = {
          ...{ version: 1, profile: 'x86', weights: 'per-channel', calibration: 'mixed', targetDrop: 0.01 },
          ...{ remedies: [], operators: [{ match: 'Add', choice: 'int8' }] },
          layers: pairs.map(([match, choice]) => ({ match, choice })),
          ...(pairs.length === 1 ? {} : { clips: pairs.map(([name], i) => [name, 0.1 * (i + 1)]) }),
        };
        expect(parseRecipe(recipeText(recipe), 'r')).toEqual(recipe);
      }),
    );
  });

  test('no text makes it fail but for what it says', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '"',
      ':',
      ',',
      '"version"',
      '1',
      '"layers"',
      'null',
      '//',
      '[',
      ']',
      '\n',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        try {
          parseRecipe(pieces.join(''), 'r');
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(EngineError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('applying', () => {
  test('the last rule that speaks of a layer counts', () => {
    expect(
      apply([
        ['*', 'int16'],
        ['Gemm', 'float16'],
        ['m_node', 'int4-block'],
      ]),
    ).toEqual({
      ...{ c_node: 'int16', m_node: 'int4-block', g_node: 'float16', y_node: 'int16' },
    });
    expect(
      apply([
        ['m_node', 'int4-block'],
        ['*', 'int8'],
      ])['m_node'],
    ).toBe('int8');
  });

  test('a rule for several leaves out those that have no such form', () => {
    expect(apply([['*', 'dynamic']])).toEqual({ m_node: 'dynamic', g_node: 'dynamic' });
    expect(apply([['MatMul', 'int4']])).toEqual({ m_node: 'int4' });
  });

  test.each<[string, LayerChoice, ProfileName, string, string]>([
    [
      'c_node',
      'int4',
      'x86',
      'Layer c_node (Conv) cannot be int4',
      'int8, uint8, int16, int8-weights, float or float16',
    ],
    [
      'c*',
      'dynamic',
      'x86',
      'Layer c_node (Conv) cannot be dynamic',
      'int8, uint8, int16, int8-weights, float or float16',
    ],
    ['y_node', 'int4-block', 'x86', 'Layer y_node (MatMul) cannot be int4-block', 'int8, int16 or float'],
    ['y_node', 'float16', 'arm', 'Layer y_node (MatMul) cannot be float16', 'int8, int16 or float'],
    ['c_node', 'int16', 'tensorrt', 'cannot be int16 for tensorrt', 'int8, float or float16'],
    ['nothing', 'int8', 'x86', 'a layer "nothing", which the model does not have', 'c_node (Conv)'],
  ])('refuses %s: %s on %s', (match, choice, profile, said, hint) => {
    const error = failure(() => apply([[match, choice]], profile));
    expect(error.code).toBe('bad-option');
    expect(error.message).toContain(said);
    expect(error.hint).toContain(hint);
  });

  test('speaks of operators by name, type and pattern', () => {
    const decide = (match: string) =>
      applyRecipe(
        { layers: [], operators: [{ match, choice: 'float' }] },
        { model, layers, unreached: [], operators },
        'x86',
      ).operators;
    expect(operators.map((o) => o.name)).toEqual(['d_node', 'f_node']);
    for (const match of ['d_node', 'Add', 'd*']) expect([...decide(match).keys()]).toEqual(['d_node']);
    expect([...decide('*').values()]).toEqual(['float', 'float']);
    expect(failure(() => decide('Mul')).message).toContain('an operator "Mul"');
  });
});
