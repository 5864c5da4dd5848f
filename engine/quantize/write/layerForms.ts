import { intAttribute } from '../../onnx/graph/attributes';
import type { Layer } from '../../onnx/layers/layers';
import type { LayerGrid } from '../../shared/protocol/choices';
import { makeBlockProduct, storeInt4 } from './blockWeights';
import { makeDynamicProduct } from './dynamicProduct';
import { makeIntegerLstm } from './integerLstm';
import type { QuantPlan } from '../plan';
import { storeRecurrent, storeTable, type Stored } from './storedWeights';

/** Rewrites a layer's node in place; answers what it needs around it. */
export type LayerForm = (
  layer: Layer,
  plan: QuantPlan,
  opset: number,
  fresh: (wish: string) => string,
) => Stored;

/** Inputs that share a scale in `int4-block`: what quantizers for onnxruntime take most. */
export const BLOCK_SIZE = 32;

const nothing: Stored = { before: [], after: [], constants: [] };

const integerLstm: LayerForm = ({ node, weight, recurrence }, { profile, weights }, _, fresh) => {
  if (weight === null || recurrence === null || !profile.integerLstm) return nothing;
  const { bits } = profile.weight;
  const constants = makeIntegerLstm(node, weight, recurrence, weights === 'per-channel', bits, fresh);
  return { ...nothing, constants };
};

/** Weights in int8, computing in float: onnxruntime has no integer GRU, and a lookup computes nothing. */
const storedWeights: LayerForm = ({ node, weight, recurrence }, { profile, weights }, _, fresh) => {
  if (weight === null || !profile.storedWeights) return nothing;
  const perChannel = weights === 'per-channel';
  if (recurrence === null) return storeTable(node, weight, perChannel, fresh);
  return storeRecurrent(node, [weight, recurrence], perChannel, fresh);
};

const isTransposed = ({ node }: Layer) => intAttribute(node, 'transB', 0) === 1;

const int4: LayerForm = (layer, _, opset, fresh) => {
  const { node, weight } = layer;
  if (weight === null) return nothing;
  const layout = { transposed: isTransposed(layer), clip: 'least-squares', zeroPoints: false } as const;
  const blockSize = Math.max(...weight.dims.map(Number));
  return storeInt4(node, weight, { ...layout, blockSize }, opset, fresh);
};

const int4Blocks: LayerForm = (layer, _plan, _opset, fresh) => {
  const { node, weight, bias } = layer;
  if (weight === null) return nothing;
  const layout = { transposed: isTransposed(layer), clip: 'least-squares', zeroPoints: false } as const;
  return makeBlockProduct(
    node,
    weight,
    { ...layout, blockSize: BLOCK_SIZE, bias, integerActivations: true },
    fresh,
  );
};

const dynamic: LayerForm = (layer, { profile, weights }, _, fresh) => {
  const { node, weight } = layer;
  if (weight === null) return nothing;
  const product = {
    perColumn: weights === 'per-channel',
    transposed: isTransposed(layer),
    bits: profile.weight.bits,
    unsigned: false,
  };
  return makeDynamicProduct(node, weight, product, fresh);
};

/** Of the grids that put no QuantizeLinear and DequantizeLinear around a product. */
const gridForms: Partial<Record<LayerGrid, LayerForm>> = { int4, 'int4-block': int4Blocks, dynamic };

/** The form of a layer that is no product between QuantizeLinear and DequantizeLinear; `null` for one that is. */
export function formOf({ name, opType }: Layer, { grids }: QuantPlan): LayerForm | null {
  const form = gridForms[grids.get(name) ?? 'int8'];
  if (form !== undefined) return form;
  if (opType === 'LSTM') return integerLstm;
  return opType === 'GRU' || opType === 'Gather' ? storedWeights : null;
}
