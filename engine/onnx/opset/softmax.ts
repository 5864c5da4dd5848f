import { makeNode, setAttribute } from '../graph/attributes';
import { givenInt, stem, type Step } from './rewriter';

/** Before 13, Softmax and its kin see a matrix, split at `axis` (1 when absent); from 13, one axis. */
export const flattenAround: Step = (node, rewriter) => {
  const axis = givenInt(node, 'axis', 1);
  setAttribute(node, 'axis', -1);
  const [x = ''] = node.input;
  const [y = ''] = node.output;
  // Split before the last axis, it is a matrix of rows already.
  if (axis === -1 || rewriter.rank(x) === axis + 1) return;
  const name = (part: string) => rewriter.fresh(`${stem(node)}_${part}`);
  const [shape, matrix, result] = [name('shape'), name('matrix'), name('result')];
  rewriter.before(makeNode('Shape', rewriter.fresh(`${node.name}_Shape`), [x], [shape]));
  rewriter.before(makeNode('Flatten', rewriter.fresh(`${node.name}_Flatten`), [x], [matrix], { axis }));
  rewriter.after(makeNode('Reshape', rewriter.fresh(`${node.name}_Reshape`), [result, shape], [y]));
  node.input = [matrix];
  node.output = [result];
};
