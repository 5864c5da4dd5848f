import { expect, test } from 'vitest';
import { copyModel } from '../../../../engine/onnx/graph/copyModel';
import type { Model } from '../../../../engine/onnx/graph/model';
import { float, runModel } from '../../runTiny';
import { runNodes } from '../../runtime/runNodes';
import { node, noise, noisy, tinyModel } from '../../tinyModel';
import { x86Here } from '../here';
import { quantizeTiny } from '../quantizeTiny';

const settings = { profile: x86Here, weights: 'per-channel' } as const;
const image = [2, 3, 6, 8];
const feeds = { x: float(image, noise(288, 5)) };

/** The end of a network that classifies: HardSwish, a pooling, the mean of each channel, and a product. */
function classifier(dims: (number | string)[] = ['n', 3, 'h', 'w'], kernel = [1, 1]): Model {
  return tinyModel({
    inputs: { x: dims },
    outputs: ['y'],
    nodes: [
      node('Conv', ['x', 'v'], 'a'),
      node('HardSigmoid', ['a'], 'h'),
      node('Mul', ['a', 'h'], 's'),
      node('MaxPool', ['s'], 'm', { kernel_shape: kernel.map(() => 2) }),
      node('GlobalAveragePool', ['m'], 'g'),
      node('Flatten', ['g'], 'f'),
      node('MatMul', ['f', 'w'], 'y'),
    ],
    constants: { v: noisy([5, 3, ...kernel], 1), w: noisy([5, 4], 2) },
  });
}

const turnsOf = ({ graph }: Model) => graph.node.filter(({ opType }) => opType === 'Transpose');
const answer = async (model: Model) => (await runModel(model, feeds))['y']?.data;

test('a pooling in front of the last mean runs with its channels last, and the answer is the same to the bit', async () => {
  const { int8 } = await quantizeTiny(classifier(), feeds, settings, [], true);
  const [turn, ...others] = turnsOf(int8);
  expect(others).toEqual([]);
  const nodes = (await runNodes(int8)).map(({ opType }) => opType);
  expect(nodes).toContain('NhwcMaxPool');
  const plain = copyModel(int8);
  const [first = ''] = turn?.input ?? [];
  const back = plain.graph.node.find(({ opType }) => opType === 'Reshape');
  plain.graph.node = plain.graph.node.filter((one) => one !== back && one.opType !== 'Transpose');
  for (const one of plain.graph.node)
    one.input = one.input.map((name) => (name === back?.output[0] ? first : name));
  expect((await runNodes(plain)).map(({ opType }) => opType)).not.toContain('NhwcMaxPool');
  expect(await answer(int8)).toEqual(await answer(plain));
});

test('nothing is turned for a target whose channels are not last, nor in float', async () => {
  const tensorrt = await quantizeTiny(classifier(), feeds, { ...settings, profile: 'tensorrt' }, [], true);
  expect(turnsOf(tensorrt.int8)).toEqual([]);
  const layers = await quantizeTiny(classifier(), feeds, settings);
  expect(turnsOf(layers.int8)).toEqual([]);
});

test('nothing is turned where a convolution follows, or where the map has not two sides', async () => {
  const model = tinyModel({
    inputs: { x: image },
    outputs: ['y'],
    nodes: [
      node('Conv', ['x', 'v'], 'a'),
      node('GlobalAveragePool', ['a'], 'g'),
      node('Conv', ['g', 'u'], 'e'),
      node('Mul', ['a', 'e'], 'y'),
    ],
    constants: { v: noisy([4, 3, 1, 1], 1), u: noisy([4, 4, 1, 1], 2) },
  });
  const { int8 } = await quantizeTiny(model, feeds, settings, [], true);
  expect(turnsOf(int8)).toEqual([]);
  const line = { x: float([2, 3, 48], noise(288, 5)) };
  const single = await quantizeTiny(classifier([2, 3, 48], [1]), line, settings, [], true);
  expect(turnsOf(single.int8)).toEqual([]);
});

test('what a tensor of more axes is added to is not turned as if it had four', async () => {
  const model = tinyModel({
    inputs: { x: image },
    outputs: ['y'],
    nodes: [
      node('Conv', ['x', 'v'], 'a'),
      node('Add', ['a', 'k'], 's'),
      node('GlobalAveragePool', ['s'], 'g'),
      node('Flatten', ['g'], 'f'),
      node('MatMul', ['f', 'w'], 'y'),
    ],
    constants: { v: noisy([4, 3, 1, 1], 1), k: noisy([1, 1, 4, 1, 1], 3), w: noisy([2, 4], 2) },
  });
  const { int8 } = await quantizeTiny(model, feeds, settings, [], true);
  expect(turnsOf(int8)).toEqual([]);
  expect(await answer(int8)).toHaveLength(4);
});
