import type { Layer } from '../onnx/layers';
import { makeIntegerLstm } from './integerLstm';
import type { QuantPlan } from './plan';
import { storeRecurrent, storeTable, type Stored } from './storedWeights';

/** Rewrites a layer's node in place; answers what it needs around it. */
export type LayerForm = (layer: Layer, plan: QuantPlan, fresh: (wish: string) => string) => Stored;

const nothing: Stored = { before: [], after: [], constants: [] };

const integerLstm: LayerForm = ({ node, weight, recurrence }, { profile, weights }, fresh) => {
  if (weight === null || recurrence === null || !profile.integerLstm) return nothing;
  const { bits } = profile.weight;
  const constants = makeIntegerLstm(node, weight, recurrence, weights === 'per-channel', bits, fresh);
  return { ...nothing, constants };
};

/** Weights in int8, computing in float: onnxruntime has no integer GRU, and a lookup computes nothing. */
const storedWeights: LayerForm = ({ node, weight, recurrence }, { profile, weights }, fresh) => {
  if (weight === null || !profile.storedWeights) return nothing;
  const perChannel = weights === 'per-channel';
  if (recurrence === null) return storeTable(node, weight, perChannel, fresh);
  return storeRecurrent(node, [weight, recurrence], perChannel, fresh);
};

/** The form of a layer that is no product between QuantizeLinear and DequantizeLinear; `null` for one that is. */
export function formOf({ opType }: Layer): LayerForm | null {
  if (opType === 'LSTM') return integerLstm;
  return opType === 'GRU' || opType === 'Gather' ? storedWeights : null;
}
