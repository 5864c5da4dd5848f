import { create } from '@bufbuild/protobuf';
import { AttributeProto_AttributeType, AttributeProtoSchema, TensorProto_DataType } from 'onnx-buf';
import type { NodeProto } from 'onnx-buf';
import { attribute, dropAttribute, makeNode } from '../graph/attributes';
import { given, givenFloat, givenInt, stem, type Rewriter, type Step } from './rewriter';

/** Puts a name at an input's place; inputs before it that are not there yet are absent. */
export function setInput(node: NodeProto, index: number, name: string): void {
  while (node.input.length < index) node.input.push('');
  node.input[index] = name;
}

/** Moves an integer-list attribute to the input at `index`; an absent attribute leaves the input as it is. */
export function intsToInput(name: string, index: number): Step {
  return (node, rewriter) => {
    const found = attribute(node, name);
    if (found === undefined) return;
    dropAttribute(node, name);
    const wish = `${stem(node)}_${name}`;
    if (found.refAttrName === '') {
      // As bigints: the largest int64 stands for "to the end", and no number holds it.
      setInput(node, index, rewriter.constant(wish, [found.ints.length], BigInt64Array.from(found.ints)));
      return;
    }
    const constant = makeNode('Constant', rewriter.fresh(`${wish}_Constant`), [], [rewriter.fresh(wish)]);
    const { INTS } = AttributeProto_AttributeType;
    const { refAttrName } = found;
    constant.attribute.push(create(AttributeProtoSchema, { name: 'value_ints', type: INTS, refAttrName }));
    rewriter.before(constant);
    setInput(node, index, constant.output[0] ?? '');
  };
}

/** A scalar of the element type that the node's first input has; float where the graph does not tell. */
function scalarLike(node: NodeProto, wish: string, value: number, rewriter: Rewriter): string {
  const scalar = rewriter.constant(wish, [], Float32Array.of(value));
  const to = rewriter.elementType(node.input[0] ?? '') ?? TensorProto_DataType.FLOAT;
  if (to === (TensorProto_DataType.FLOAT as number)) return scalar;
  const cast = rewriter.fresh(`${wish}_cast`);
  rewriter.before(makeNode('Cast', rewriter.fresh(`${wish}_Cast`), [scalar], [cast], { to }));
  return cast;
}

export const clipTo11: Step = (node, rewriter) => {
  for (const [index, name] of ['min', 'max'].entries()) {
    if (given(node, name) !== undefined) {
      const bound = givenFloat(node, name, 0);
      setInput(node, index + 1, scalarLike(node, `${stem(node)}_${name}`, bound, rewriter));
    }
    dropAttribute(node, name);
  }
};

export const padTo11: Step = (node, rewriter) => {
  intsToInput('pads', 1)(node, rewriter);
  const value = givenFloat(node, 'value', 0);
  dropAttribute(node, 'value');
  setInput(node, 2, scalarLike(node, `${stem(node)}_value`, value, rewriter));
};

export const sliceTo10: Step = (node, rewriter) => {
  intsToInput('starts', 1)(node, rewriter);
  intsToInput('ends', 2)(node, rewriter);
  intsToInput('axes', 3)(node, rewriter);
};

export const topKTo10: Step = (node, rewriter) => {
  const k = givenInt(node, 'k', 1);
  dropAttribute(node, 'k');
  setInput(node, 1, rewriter.constant(`${stem(node)}_k`, [1], BigInt64Array.of(BigInt(k))));
};
