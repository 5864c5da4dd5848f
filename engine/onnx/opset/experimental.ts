import { makeNode } from '../graph/attributes';
import { given, givenFloat, stem, unconverted, type Rewriter, type Step } from './rewriter';
import type { NodeProto } from 'onnx-buf';

/** A float constant for the node. */
function number(node: NodeProto, part: string, value: number, rewriter: Rewriter): string {
  return rewriter.constant(`${stem(node)}_${part}`, [], Float32Array.of(value));
}

/** Adds a node in front and answers its output. */
function ahead(node: NodeProto, opType: string, input: string[], rewriter: Rewriter): string {
  const output = rewriter.fresh(`${stem(node)}_${opType}`);
  rewriter.before(makeNode(opType, rewriter.fresh(`${node.name}_${opType}`), input, [output]));
  return output;
}

function become(node: NodeProto, opType: string, input: string[]): void {
  Object.assign(node, { opType, input, attribute: [] });
}

/** x · scale + bias, with a bias for each channel (onnxruntime's and Core ML Tools' "ImageScaler"). */
export const imageScaler: Step = (node, rewriter) => {
  const bias = given(node, 'bias')?.floats ?? [];
  const scale = number(node, 'scale', givenFloat(node, 'scale', 1), rewriter);
  const scaled = ahead(node, 'Mul', [node.input[0] ?? '', scale], rewriter);
  const dims = [bias.length, 1, 1];
  const offset = rewriter.constant(`${stem(node)}_bias`, dims, Float32Array.from(bias));
  become(node, 'Add', [scaled, offset]);
};

/** alpha · x + beta. */
export const affine: Step = (node, rewriter) => {
  const alpha = number(node, 'alpha', givenFloat(node, 'alpha', 1), rewriter);
  const beta = number(node, 'beta', givenFloat(node, 'beta', 0), rewriter);
  become(node, 'Add', [ahead(node, 'Mul', [node.input[0] ?? '', alpha], rewriter), beta]);
};

/** alpha · f(beta · x). */
export function scaledFunction(opType: 'Tanh' | 'Softplus'): Step {
  return (node, rewriter) => {
    if (given(node, 'alpha') === undefined || given(node, 'beta') === undefined) {
      throw unconverted(node, 'without alpha and beta');
    }
    const alpha = number(node, 'alpha', givenFloat(node, 'alpha', 1), rewriter);
    const beta = number(node, 'beta', givenFloat(node, 'beta', 1), rewriter);
    const scaled = ahead(node, 'Mul', [node.input[0] ?? '', beta], rewriter);
    become(node, 'Mul', [ahead(node, opType, [scaled], rewriter), alpha]);
  };
}

/** x · scale. */
export const scale: Step = (node, rewriter) => {
  const factor = number(node, 'scale', givenFloat(node, 'scale', 1), rewriter);
  become(node, 'Mul', [node.input[0] ?? '', factor]);
};
