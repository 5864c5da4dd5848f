import { attribute, dropAttribute, makeNode, setAttribute } from '../graph/attributes';
import { intsToInput, setInput } from './attributesToInputs';
import { givenInt, givenString, stem, unconverted, type Step, type Steps } from './rewriter';

const reductions = 'L1 L2 LogSum LogSumExp Max Mean Min Prod SumSquare';

/** The axes of every reduction became an input in 18, as ReduceSum's did in 13. */
export const reduceTo18: Steps = Object.fromEntries(
  reductions.split(' ').map((kind) => [`Reduce${kind}`, intsToInput('axes', 1)]),
);

/** From 18, parts of equal size have to be counted. */
export const splitTo18: Step = (node) => {
  if ((node.input[1] ?? '') === '') setAttribute(node, 'num_outputs', node.output.length);
};

/** The axis of the signal was an attribute, 1 when absent; from 20 it is an input, −2 when absent. */
export const dftTo20: Step = (node, rewriter) => {
  const axis = BigInt(givenInt(node, 'axis', 1));
  dropAttribute(node, 'axis');
  setInput(node, 2, rewriter.constant(`${stem(node)}_axis`, [], BigInt64Array.of(axis)));
};

/** The modes lost their dimension in 20. */
export const gridSampleTo20: Step = (node) => {
  const mode = givenString(node, 'mode');
  if (mode === 'bilinear') setAttribute(node, 'mode', 'linear');
  else if (mode === 'bicubic') setAttribute(node, 'mode', 'cubic');
};

/**
 * Before 21, GroupNormalization has a scale and bias for each group; from 21 for each channel: each is repeated for the
 * channels of its group.
 */
export const groupNormTo21: Step = (node, rewriter) => {
  if (attribute(node, 'num_groups') === undefined) throw unconverted(node, 'without num_groups');
  const groups = BigInt(givenInt(node, 'num_groups', 1));
  const [x = ''] = node.input;
  const part = (name: string) => rewriter.fresh(`${stem(node)}_${name}`);
  const operator = (name: string) => rewriter.fresh(`${node.name}_${name}`);
  const [channels, perGroup, shape] = [part('channels'), part('per_group'), part('shape')];
  const constant = (name: string, values: bigint[]) =>
    rewriter.constant(`${stem(node)}_${name}`, [values.length], BigInt64Array.from(values));
  const number = constant('groups', [groups]);
  const [column, list] = [constant('column', [-1n, 1n]), constant('list', [-1n])];
  rewriter.before(makeNode('Shape', operator('Shape'), [x], [channels], { start: 1, end: 2 }));
  rewriter.before(makeNode('Div', operator('Div'), [channels, number], [perGroup]));
  rewriter.before(makeNode('Concat', operator('Concat'), [number, perGroup], [shape], { axis: 0 }));
  for (const [index, name] of [
    [1, 'scale'],
    [2, 'bias'],
  ] as const) {
    const [rows, repeated, result] = [part(`${name}_rows`), part(`${name}_repeated`), part(name)];
    rewriter.before(makeNode('Reshape', operator(`${name}_rows`), [node.input[index] ?? '', column], [rows]));
    rewriter.before(makeNode('Expand', operator(`${name}_repeated`), [rows, shape], [repeated]));
    rewriter.before(makeNode('Reshape', operator(name), [repeated, list], [result]));
    node.input[index] = result;
  }
};
