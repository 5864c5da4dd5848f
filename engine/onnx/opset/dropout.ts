import { TensorProto_DataType } from 'onnx-buf';
import { dropAttribute, makeNode } from '../graph/attributes';
import { stem, type Step } from './rewriter';

/** The mask has the input's element type before 10, and is bool since. */
export const dropoutTo10: Step = (node, rewriter) => {
  const [y = '', mask = ''] = node.output;
  if (mask === '') return;
  if (!rewriter.isRead(mask)) {
    node.output = [y];
    return;
  }
  const kept = rewriter.fresh(`${stem(node)}_kept`);
  const to = rewriter.elementType(node.input[0] ?? '') ?? TensorProto_DataType.FLOAT;
  node.output = [y, kept];
  rewriter.after(makeNode('Cast', rewriter.fresh(`${node.name}_Cast`), [kept], [mask], { to }));
};

/** At inference dropout does nothing, and without a ratio input it stays so. */
export const dropoutTo12: Step = (node) => {
  dropAttribute(node, 'ratio');
};
