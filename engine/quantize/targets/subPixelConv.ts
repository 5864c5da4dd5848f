import type { NodeProto } from 'onnx-buf';
import { copyModel } from '../../onnx/graph/copyModel';
import { attribute, dropAttribute, intAttribute, makeNode, setInts } from '../../onnx/graph/attributes';
import { dropUnusedInitializers } from '../../onnx/graph/dropUnusedInitializers';
import { elementCount, floatValues, isFloat, makeTensor } from '../../onnx/tensors/elements';
import { constantsWithin } from '../../onnx/graph/constants';
import { freshNames } from '../../onnx/graph/graphIndex';
import type { Model } from '../../onnx/graph/model';
import { graphsWithin } from '../../onnx/graph/scopes';

/**
 * A copy in which every ConvTranspose whose windows do not overlap (kernel = stride, as in upsampling by 2 × 2) is a 1 × 1
 * Conv with a channel for each place in the window, and a DepthToSpace that puts them there: the same sums, by an operator
 * that has an integer form (Shi et al. 2016, "Real-Time Single Image … Sub-Pixel Convolutional Neural Network"). It keeps
 * its name and its output. The same model where there is none.
 */
export function withSubPixelConvs(original: Model): Model {
  const constants = constantsWithin(original.graph);
  const isFitting = (node: NodeProto) => blockOf(node, constants) !== undefined;
  if (!graphsWithin(original.graph).some((graph) => graph.node.some(isFitting))) return original;
  const model = copyModel(original);
  const fresh = freshNames(model.graph);
  const weights = constantsWithin(model.graph);
  for (const graph of graphsWithin(model.graph)) {
    graph.node = graph.node.flatMap((node) => {
      const block = blockOf(node, weights);
      const weight = weights.get(node.input[1] ?? '');
      if (block === undefined || weight === undefined) return [node];
      const [inputs = 1, outputs = 1] = weight.dims.map(Number);
      const area = block * block;
      const values = floatValues(weight);
      const moved = new Float32Array(values.length);
      // [inputs, outputs, place] becomes [outputs · place, inputs]: DepthToSpace's CRD counts places fastest.
      for (let i = 0; i < inputs; i++)
        for (let k = 0; k < outputs * area; k++) moved[k * inputs + i] = values[i * outputs * area + k] ?? 0;
      const weightName = fresh(`${weight.name}_subpixel`);
      graph.initializer.push(makeTensor(weightName, [outputs * area, inputs, 1, 1], moved));
      node.input[1] = weightName;
      const bias = weights.get(node.input[2] ?? '');
      if (bias !== undefined) {
        const repeated = Float32Array.from({ length: outputs * area }, () => 0);
        floatValues(bias).forEach((b, c) => repeated.fill(b, c * area, (c + 1) * area));
        node.input[2] = fresh(`${bias.name}_subpixel`);
        graph.initializer.push(makeTensor(node.input[2], [outputs * area], repeated));
      }
      const [output = ''] = node.output;
      const channels = fresh(`${output}_subpixel`);
      node.opType = 'Conv';
      node.output = [channels];
      dropAttribute(node, 'output_padding');
      dropAttribute(node, 'output_shape');
      setInts(node, 'kernel_shape', [1n, 1n]);
      setInts(node, 'strides', [1n, 1n]);
      const attributes = { blocksize: block, mode: 'CRD' };
      return [
        node,
        makeNode('DepthToSpace', fresh(`${node.name}_DepthToSpace`), [channels], [output], attributes),
      ];
    });
    dropUnusedInitializers(graph);
  }
  return model;
}

/** The side of the window that each value is spread over, where the windows lie side by side. */
function blockOf(node: NodeProto, constants: ReturnType<typeof constantsWithin>): number | undefined {
  if (node.opType !== 'ConvTranspose' || (node.domain !== '' && node.domain !== 'ai.onnx')) return undefined;
  const weight = constants.get(node.input[1] ?? '');
  const hasBias = (node.input[2] ?? '') !== '';
  const bias = constants.get(node.input[2] ?? '');
  if (weight?.dims.length !== 4 || !isFloat(weight) || (hasBias && (bias === undefined || !isFloat(bias))))
    return undefined;
  const [, outputs = 0, height = 0, width = 0] = weight.dims.map(Number);
  if (bias !== undefined && elementCount(bias) !== outputs) return undefined;
  const all = (name: string, value: number) =>
    (attribute(node, name)?.ints ?? []).every((n) => Number(n) === value);
  const strides = attribute(node, 'strides')?.ints.map(Number) ?? [1, 1];
  const auto = new TextDecoder().decode(attribute(node, 'auto_pad')?.s ?? new Uint8Array(0));
  const fits =
    height === width &&
    height > 1 &&
    strides.length === 2 &&
    strides.every((s) => s === height) &&
    all('pads', 0) &&
    all('output_padding', 0) &&
    all('dilations', 1) &&
    attribute(node, 'output_shape') === undefined &&
    (auto === '' || auto === 'NOTSET' || auto === 'VALID') &&
    intAttribute(node, 'group', 1) === 1;
  return fits ? height : undefined;
}
