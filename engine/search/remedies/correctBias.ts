import { floatValues, isFloat } from '../../onnx/tensors/elements';
import { findLayers, type Layer } from '../../onnx/layers/layers';
import type { Model } from '../../onnx/graph/model';
import { ModelEditor, type Remedied } from './modelEditor';
import { outputChannels } from '../../quantize/weightChannels';

/** A layer whose mean error was taken out, or why it was not. */
export interface CorrectedBias {
  layer: string;
  /** Largest correction of a channel. */
  largest: number;
  /** `null` when it was corrected. */
  left: string | null;
}

/**
 * Bias correction (Nagel et al. 2019, "Data-Free Quantization", eq. 17): b −= E[ŷ − y] for each output channel. A bias
 * is made where there was none; that of a MatMul is the constant that an Add behind it adds, and without one it is
 * left as it is, since an Add of its own would cost more than it mends.
 * @param errors E[ŷ − y] by layer and output channel, before the activation
 * @returns the model itself where no layer has an error that it can take up
 */
export function correctBias(
  original: Model,
  errors: ReadonlyMap<string, Float64Array>,
): Remedied<CorrectedBias> {
  const editor = new ModelEditor(original);
  const changes = findLayers(editor.model.graph).flatMap((layer): CorrectedBias[] => {
    const error = errors.get(layer.name);
    const largest = error?.reduce((most, e) => Math.max(most, Math.abs(e)), 0) ?? 0;
    if (error === undefined || largest === 0) return [];
    return [{ layer: layer.name, largest, left: correct(editor, layer, error) }];
  });
  return { model: changes.some((c) => c.left === null) ? editor.model : original, changes };
}

/** Answers why the layer was left alone. */
function correct(editor: ModelEditor, layer: Layer, error: Float64Array): string | null {
  const { node, graph, weight } = layer;
  if (!error.every(Number.isFinite)) return 'Its error is no finite number.';
  const dims = (weight?.dims ?? []).map(Number);
  const channels = outputChannels(node, dims).count;
  if (weight === null || channels !== error.length) return 'It has no output channels of its own.';
  const subtract = (bias: Float32Array) =>
    Float32Array.from(error, (e, channel) => (bias[bias.length === 1 ? 0 : channel] ?? 0) - e);
  if (layer.opType === 'MatMul') {
    const add = layer.tail.find((n) => n.opType === 'Add');
    if (add === undefined || layer.bias === null) return 'No constant is added to its columns.';
    editor.setConstant(add, add.input.indexOf(layer.bias.name), subtract(floatValues(layer.bias)));
    return null;
  }
  const name = node.input[2] ?? '';
  if (name === '') {
    node.input = [node.input[0] ?? '', node.input[1] ?? ''];
    node.input.push(
      editor.addConstant(graph, `${weight.name}_bias`, [channels], subtract(new Float32Array(0))),
    );
    return null;
  }
  const bias = editor.constants.get(name);
  if (bias === undefined || !isFloat(bias)) return 'Its bias is computed while the model runs.';
  const values = floatValues(bias);
  if (values.length === channels && Number(bias.dims.at(-1)) === channels) {
    editor.setConstant(node, 2, subtract(values));
    return null;
  }
  // Gemm may broadcast one number to all its columns.
  if (values.length !== 1) return 'Its bias is not one value for each output channel.';
  node.input[2] = editor.addConstant(graph, name, [channels], subtract(values));
  return null;
}
