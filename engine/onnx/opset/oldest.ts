import { AttributeProto_AttributeType, TensorProto_DataType, type NodeProto } from 'onnx-buf';
import { attribute, dropAttribute, setAttribute, setFloat } from '../graph/attributes';
import { floatValues, isFloat } from '../tensors/elements';
import { intsToInput } from './attributesToInputs';
import { given, givenString, stem, unconverted, type Rewriter, type Step, type Steps } from './rewriter';

/** Drops attributes that say nothing about the outputs. */
export function drop(...names: string[]): Step {
  return (node) => names.forEach((name) => dropAttribute(node, name));
}

const hinted =
  'Abs Add BatchNormalization Ceil Clip Div Dropout Elu Exp Floor HardSigmoid InstanceNormalization LeakyRelu Log ' +
  'Max Mean Min Mul Neg PRelu Reciprocal Relu Sigmoid Sqrt Sub Sum Tanh';

/** `consumed_inputs` was a hint for memory. */
export const dropHints: Steps = Object.fromEntries(
  hinted.split(' ').map((opType) => [opType, drop('consumed_inputs')]),
);

/** The defaults gained digits in 6. */
export const seluTo6: Step = (node) => {
  dropAttribute(node, 'consumed_inputs');
  if (attribute(node, 'alpha') === undefined) setFloat(node, 'alpha', 1.6732);
  if (attribute(node, 'gamma') === undefined) setFloat(node, 'gamma', 1.0507);
};

/** Before 6, `to` is the type's name. */
export const castTo6: Step = (node) => {
  const name = givenString(node, 'to');
  if (name === undefined) return;
  const type = TensorProto_DataType[name.toUpperCase() as keyof typeof TensorProto_DataType];
  if (typeof type !== 'number') throw unconverted(node, `to ${name}`);
  setAttribute(node, 'to', type);
};

/** The axis had a default before 4. */
export const concatTo4: Step = (node) => {
  if (attribute(node, 'axis') === undefined) setAttribute(node, 'axis', 1);
};

export const reshapeTo5: Step = (node, rewriter) => {
  dropAttribute(node, 'consumed_inputs');
  intsToInput('shape', 1)(node, rewriter);
};

/** Before 2, the norm's order is a float. */
export const lpTo2: Step = (node) => {
  const p = given(node, 'p');
  if (p?.type !== AttributeProto_AttributeType.FLOAT) return;
  if (!Number.isInteger(p.f)) throw unconverted(node, `p = ${p.f}`);
  setAttribute(node, 'p', p.f);
};

export const padTo2: Step = (node) => {
  const paddings = attribute(node, 'paddings');
  if (paddings !== undefined) paddings.name = 'pads';
};

function scalarOf(node: NodeProto, index: number, rewriter: Rewriter): number {
  const tensor = rewriter.tensor(node.input[index] ?? '');
  const value = tensor !== undefined && isFloat(tensor) ? floatValues(tensor)[0] : undefined;
  if (value === undefined) throw unconverted(node, `whose input ${index} is no float constant`);
  return value;
}

/** Before 6, Tile repeats along one axis, and both numbers are inputs. */
export const tileTo6: Step = (node, rewriter) => {
  if (node.input.length < 3) return;
  const rank = rewriter.rank(node.input[0] ?? '');
  if (rank === undefined) throw unconverted(node, 'of unknown rank');
  const axis = scalarOf(node, 2, rewriter);
  const repeats = new BigInt64Array(rank).fill(1n);
  repeats[axis < 0 ? axis + rank : axis] = BigInt(Math.round(scalarOf(node, 1, rewriter)));
  node.input = [node.input[0] ?? '', rewriter.constant(`${stem(node)}_repeats`, [rank], repeats)];
};
