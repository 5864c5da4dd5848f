import { dropAttribute, makeNode, setAttribute } from '../graph/attributes';
import { floatValues, isFloat } from '../tensors/elements';
import { attribute } from '../graph/attributes';
import { given, givenFloat, givenString, stem, type Step } from './rewriter';

/** Upsample 1, which knew images only: two attributes become the list of 7. */
export const upsampleTo7: Step = (node, rewriter) => {
  if (attribute(node, 'scales') !== undefined) return;
  const factors = [1, 1, givenFloat(node, 'height_scale', 1), givenFloat(node, 'width_scale', 1)];
  dropAttribute(node, 'height_scale');
  dropAttribute(node, 'width_scale');
  node.input[1] = rewriter.constant(`${stem(node)}_scales`, [4], Float32Array.from(factors));
};

/** Upsample became Resize in 10, with its scales as an input (since 9). */
export const upsampleTo10: Step = (node, rewriter) => {
  const scales = given(node, 'scales');
  if (scales !== undefined) {
    dropAttribute(node, 'scales');
    const { floats } = scales;
    node.input[1] = rewriter.constant(`${stem(node)}_scales`, [floats.length], Float32Array.from(floats));
  }
  node.opType = 'Resize';
};

/** Before 11, Resize maps output pixels asymmetrically and rounds down (ONNX operators, "Resize-10"). */
export const resizeTo11: Step = (node, rewriter) => {
  const [x = '', scales = ''] = node.input;
  const found = rewriter.tensor(scales);
  const factors = found !== undefined && isFloat(found) ? floatValues(found) : new Float32Array();
  const nearest = (givenString(node, 'mode') ?? 'nearest') === 'nearest';
  setAttribute(node, 'coordinate_transformation_mode', 'asymmetric');
  const shrinks = factors.some((f) => f < 1);
  const grows = factors.some((f) => f > 1);
  // Along axes that it makes smaller, onnxruntime's old nearest mode rounds up.
  setAttribute(node, 'nearest_mode', shrinks && !grows ? 'ceil' : 'floor');
  node.input = [x, '', scales];
  if (!nearest || !shrinks || !grows) return;
  const part = (name: string, bound: (f: number) => number) =>
    rewriter.constant(`${stem(node)}_${name}`, [factors.length], factors.map(bound));
  const smaller = rewriter.fresh(`${stem(node)}_smaller`);
  const shrink = makeNode(
    'Resize',
    rewriter.fresh(`${node.name}_smaller`),
    [x, '', part('scales_down', (f) => Math.min(f, 1))],
    [smaller],
    { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'ceil' },
  );
  rewriter.before(shrink);
  node.input = [smaller, '', part('scales_up', (f) => Math.max(f, 1))];
};

/** The default became half_pixel in 16. */
export const roiAlignTo16: Step = (node) => {
  setAttribute(node, 'coordinate_transformation_mode', 'output_half_pixel');
};
