import {
  attribute,
  dropAttribute,
  floatAttribute,
  intAttribute,
  makeNode,
  setAttribute,
} from '../attributes';
import { intsToInput, unconverted, type Step } from './rewriter';

/** Before 13, Softmax and its kin see a matrix, split at `axis` (1 when absent); from 13, one axis. */
const flattenAround: Step = (node, rewriter) => {
  const axis = intAttribute(node, 'axis', 1);
  setAttribute(node, 'axis', -1);
  if (axis === -1) return;
  const [x = ''] = node.input;
  const [y = ''] = node.output;
  const [shape, matrix, result] = ['shape', 'matrix', 'result'].map((part) => rewriter.fresh(`${y}_${part}`));
  if (shape === undefined || matrix === undefined || result === undefined) return;
  rewriter.before(makeNode('Shape', rewriter.fresh(`${node.name}_Shape`), [x], [shape]));
  rewriter.before(makeNode('Flatten', rewriter.fresh(`${node.name}_Flatten`), [x], [matrix], { axis }));
  rewriter.after(makeNode('Reshape', rewriter.fresh(`${node.name}_Reshape`), [result, shape], [y]));
  node.input = [matrix];
  node.output = [result];
};

/** Before 11, Resize and Upsample map output pixels asymmetrically and round down (ONNX operators, "Resize-10"). */
const resizeFrom10: Step = (node, rewriter) => {
  const [x = '', scales = ''] = node.input;
  node.input = [x, '', scales];
  setAttribute(node, 'coordinate_transformation_mode', 'asymmetric');
  // Where it makes the image smaller, onnxruntime's old nearest mode rounds up.
  const factors = rewriter.floats(scales);
  const shrinks = factors?.some((f) => f < 1) === true && factors.every((f) => f <= 1);
  setAttribute(node, 'nearest_mode', shrinks ? 'ceil' : 'floor');
};

const upsample: Step = (node, rewriter) => {
  const scales = attribute(node, 'scales');
  if (scales !== undefined) {
    dropAttribute(node, 'scales');
    node.input[1] = rewriter.constant(
      `${node.output[0] ?? ''}_scales`,
      [scales.floats.length],
      Float32Array.from(scales.floats),
    );
  }
  node.opType = 'Resize';
};

const clipTo11: Step = (node, rewriter) => {
  for (const [index, name] of ['min', 'max'].entries()) {
    if (attribute(node, name) !== undefined) {
      while (node.input.length < index + 1) node.input.push('');
      const bound = Float32Array.of(floatAttribute(node, name, 0));
      node.input[index + 1] = rewriter.constant(`${node.output[0] ?? ''}_${name}`, [], bound);
    }
    dropAttribute(node, name);
  }
};

const padTo11: Step = (node, rewriter) => {
  intsToInput('pads', 1)(node, rewriter);
  const value = floatAttribute(node, 'value', 0);
  dropAttribute(node, 'value');
  node.input[2] = rewriter.constant(`${node.output[0] ?? ''}_value`, [], Float32Array.of(value));
};

const sliceTo10: Step = (node, rewriter) => {
  intsToInput('starts', 1)(node, rewriter);
  intsToInput('ends', 2)(node, rewriter);
  intsToInput('axes', 3)(node, rewriter);
};

const topKTo10: Step = (node, rewriter) => {
  const k = intAttribute(node, 'k', 1);
  dropAttribute(node, 'k');
  node.input[1] = rewriter.constant(`${node.output[0] ?? ''}_k`, [1], BigInt64Array.of(BigInt(k)));
};

/** At inference dropout does nothing, and without a ratio input it stays so. */
const dropoutTo12: Step = (node) => {
  dropAttribute(node, 'ratio');
};

const batchNormTo9: Step = (node) => {
  if (intAttribute(node, 'spatial', 1) === 0) throw unconverted(node, 'spatial = 0');
  dropAttribute(node, 'spatial');
};

/** Before 14, a node with further outputs normalizes by the batch's own statistics, as training does. */
const batchNormTo14: Step = (node) => {
  if (node.output.slice(1).some((o) => o !== '')) throw unconverted(node, 'in training mode');
  node.output = node.output.slice(0, 1);
};

const scatterTo11: Step = (node) => {
  node.opType = 'ScatterElements';
};

/** The default became half_pixel in 16. */
const roiAlignTo16: Step = (node) => {
  setAttribute(node, 'coordinate_transformation_mode', 'output_half_pixel');
};

/** Version 8 took a batch of sequences along the first axis, and their lengths. */
const scanTo9: Step = (node) => {
  throw unconverted(node, 'of version 8, over batches');
};

/** For each version, the operators whose form changed in it (ONNX "Changelog.md") and how to write the new form. */
export const steps8to17: [since: number, Record<string, Step>][] = [
  [9, { BatchNormalization: batchNormTo9, Scan: scanTo9 }],
  [10, { Slice: sliceTo10, TopK: topKTo10, Upsample: upsample }],
  [11, { Clip: clipTo11, Pad: padTo11, Resize: resizeFrom10, Scatter: scatterTo11 }],
  [12, { Dropout: dropoutTo12 }],
  [
    13,
    {
      Squeeze: intsToInput('axes', 1),
      Unsqueeze: intsToInput('axes', 1),
      ReduceSum: intsToInput('axes', 1),
      Split: intsToInput('split', 1),
      Softmax: flattenAround,
      LogSoftmax: flattenAround,
      Hardmax: flattenAround,
    },
  ],
  [14, { BatchNormalization: batchNormTo14 }],
  [16, { RoiAlign: roiAlignTo16 }],
];
