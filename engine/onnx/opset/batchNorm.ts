import { dropAttribute, makeNode } from '../graph/attributes';
import { givenFloat, givenInt, stem, unconverted, type Step } from './rewriter';

/** Before 7, `is_test` says that the further outputs, if named at all, mean nothing. */
export const batchNormTo7: Step = (node) => {
  if (givenInt(node, 'is_test', 0) !== 0) node.output = node.output.slice(0, 1);
  dropAttribute(node, 'is_test');
};

/** Before 9, `spatial = 0` stands for a mean and variance of each element instead of each channel. */
export const batchNormTo9: Step = (node, rewriter) => {
  const spatial = givenInt(node, 'spatial', 1);
  dropAttribute(node, 'spatial');
  if (spatial !== 0) return;
  if (node.output.slice(1).some((o) => o !== '')) throw unconverted(node, 'in training mode');
  const [x = '', scale = '', bias = '', mean = '', variance = ''] = node.input;
  const [y = ''] = node.output;
  const add = (opType: string, input: string[], part: string): string => {
    const output = rewriter.fresh(`${stem(node)}_${part}`);
    rewriter.before(makeNode(opType, rewriter.fresh(`${node.name}_${part}`), input, [output]));
    return output;
  };
  const wish = `${stem(node)}_epsilon`;
  const epsilon = rewriter.constant(wish, [], Float32Array.of(givenFloat(node, 'epsilon', 1e-5)));
  const deviation = add('Sqrt', [add('Add', [variance, epsilon], 'variance')], 'deviation');
  const gain = add('Div', [scale, deviation], 'gain');
  const scaled = add('Mul', [add('Sub', [x, mean], 'centred'), gain], 'scaled');
  Object.assign(node, { opType: 'Add', input: [scaled, bias], output: [y], attribute: [] });
};

/** Before 14, a node with further outputs normalizes by the batch's own statistics, as training does. */
export const batchNormTo14: Step = (node) => {
  if (node.output.slice(1).some((o) => o !== '')) throw unconverted(node, 'in training mode');
  node.output = node.output.slice(0, 1);
};
