import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  TensorProto_DataType,
  type NodeProto,
} from 'onnx-buf';
import {
  attribute,
  dropAttribute,
  floatAttribute,
  intAttribute,
  makeNode,
  setAttribute,
} from '../attributes';
import { intsToInput, unconverted, type Rewriter, type Step } from './rewriter';

const padTo2: Step = (node) => {
  const paddings = attribute(node, 'paddings');
  if (paddings !== undefined) paddings.name = 'pads';
};

const splitTo2: Step = (node) => {
  if (node.input.length > 1) throw unconverted(node, 'with its sizes as an input');
};

const concatTo4: Step = (node) => {
  if (attribute(node, 'axis') === undefined) setAttribute(node, 'axis', 1);
};

/** `to` was the type's name. */
const castTo6: Step = (node) => {
  const name = new TextDecoder().decode(attribute(node, 'to')?.s ?? new Uint8Array(0));
  const type = Object.entries(TensorProto_DataType).find(([key]) => key === name)?.[1];
  if (typeof type !== 'number') throw unconverted(node, `to ${name}`);
  setAttribute(node, 'to', type);
};

const tileTo6: Step = (node) => {
  throw unconverted(node, 'of version 1, along one axis');
};

/** Said which inputs may be written over; runtimes decide that now. */
const withoutConsumed: Step = (node) => dropAttribute(node, 'consumed_inputs');

/**
 * B of shape [b…], laid over A from `axis` on, as numpy's rules lay it: with a 1 for each of A's axes behind it.
 * Ranks need not be known; where they are, onnxruntime folds all this.
 */
function alignedAt(axis: number, node: NodeProto, rewriter: Rewriter): void {
  const [a = '', b = ''] = node.input;
  const add = (opType: string, part: string, input: string[], attributes?: Record<string, number>) => {
    const name = rewriter.fresh(`${b}_${part}`);
    rewriter.before(makeNode(opType, name, input, [name], attributes));
    return name;
  };
  const one = (part: string, value: number) =>
    rewriter.constant(`${b}_${part}`, [1], BigInt64Array.of(BigInt(value)));
  const shape = add('Shape', 'shape', [b]);
  const rank = add('Shape', 'rank', [shape]);
  const behind = add('Add', 'behind', [rank, one('axis', axis)]);
  const rest = add('Slice', 'rest', [
    add('Shape', 'whole', [a]),
    behind,
    one('end', Number.MAX_SAFE_INTEGER),
  ]);
  const ones = add('Add', 'ones', [add('Mul', 'zeros', [rest, one('zero', 0)]), one('one', 1)]);
  const full = add('Concat', 'aligned_shape', [shape, ones], { axis: 0 });
  node.input[1] = add('Reshape', 'aligned', [b, full]);
}

const broadcastTo7: Step = (node, rewriter) => {
  const axis = intAttribute(node, 'axis', -1);
  const broadcast = intAttribute(node, 'broadcast', 0) !== 0;
  dropAttribute(node, 'axis');
  dropAttribute(node, 'broadcast');
  if (!broadcast || axis === -1) return;
  if (axis < 0) throw unconverted(node, `axis ${axis}`);
  alignedAt(axis, node, rewriter);
};

/** A slope for each channel, which is the second axis. */
const preluTo7: Step = (node, rewriter) => alignedAt(1, node, rewriter);

const batchNormTo7: Step = (node) => {
  if (intAttribute(node, 'is_test', 0) === 0 && node.output.slice(1).some((o) => o !== '')) {
    throw unconverted(node, 'in training mode');
  }
  dropAttribute(node, 'is_test');
};

const without =
  (name: string): Step =>
  (node) =>
    dropAttribute(node, name);

const upsampleTo7: Step = (node) => {
  const [height, width] = ['height_scale', 'width_scale'].map((name) => floatAttribute(node, name, 1));
  dropAttribute(node, 'height_scale');
  dropAttribute(node, 'width_scale');
  const type = AttributeProto_AttributeType.FLOATS;
  node.attribute.push(
    create(AttributeProtoSchema, { name: 'scales', type, floats: [1, 1, height ?? 1, width ?? 1] }),
  );
};

function each(step: Step, opTypes: string): Record<string, Step> {
  return Object.fromEntries(opTypes.split(' ').map((opType) => [opType, step]));
}

/** As {@link steps8to17}, for the sets that models of 2017 use. */
export const steps1to7: [since: number, Record<string, Step>][] = [
  [2, { Pad: padTo2, Split: splitTo2 }],
  [4, { Concat: concatTo4 }],
  [5, { Reshape: intsToInput('shape', 1) }],
  [
    6,
    {
      ...each(
        withoutConsumed,
        'Abs Add BatchNormalization Ceil Clip Div Dropout Elu Exp Floor HardSigmoid InstanceNormalization LeakyRelu ' +
          'Log Max Mean Min Mul Neg PRelu Reciprocal Relu Selu Sigmoid Sqrt Sub Sum Tanh',
      ),
      Cast: castTo6,
      Tile: tileTo6,
    },
  ],
  [
    7,
    {
      ...each(broadcastTo7, 'Add And Div Equal Greater Less Mul Or Pow Sub Xor'),
      ...each(without('output_sequence'), 'GRU LSTM RNN'),
      BatchNormalization: batchNormTo7,
      Dropout: without('is_test'),
      Gemm: without('broadcast'),
      PRelu: preluTo7,
      Upsample: upsampleTo7,
    },
  ],
];
