import { clipTo11, intsToInput, padTo11, sliceTo10, topKTo10 } from './attributesToInputs';
import { batchNormTo14, batchNormTo7, batchNormTo9 } from './batchNorm';
import { broadcastTo7, preluTo7 } from './broadcasting';
import { dropoutTo10, dropoutTo12 } from './dropout';
import { affine, imageScaler, scale, scaledFunction } from './experimental';
import { dftTo20, gridSampleTo20, groupNormTo21, reduceTo18, splitTo18 } from './newest';
import { castTo6, concatTo4, drop, dropHints, lpTo2, padTo2, reshapeTo5, seluTo6, tileTo6 } from './oldest';
import { resizeTo11, roiAlignTo16, upsampleTo10, upsampleTo7 } from './resize';
import type { Step, Steps } from './rewriter';
import { scanTo9 } from './scan';
import { flattenAround } from './softmax';

const scatterTo11: Step = (node) => {
  node.opType = 'ScatterElements';
};

const broadcasting = 'Add And Div Equal Gemm Greater Less Mul Or Pow Sub Xor';

/**
 * For each version, the operators whose form or meaning changed in it (ONNX "Changelog.md") and how to write the
 * new form. Operators that a version only extended, with types, optional attributes or inputs, negative axes or
 * wider broadcasting, need no step.
 */
export const steps: readonly [since: number, Steps][] = [
  [2, { GlobalLpPool: lpTo2, LpPool: lpTo2, Pad: padTo2 }],
  [4, { Concat: concatTo4 }],
  [5, { Reshape: reshapeTo5 }],
  [6, { ...dropHints, Cast: castTo6, Selu: seluTo6, Tile: tileTo6 }],
  [
    7,
    {
      ...Object.fromEntries(broadcasting.split(' ').map((opType) => [opType, broadcastTo7])),
      BatchNormalization: batchNormTo7,
      Dropout: drop('is_test'),
      GRU: drop('output_sequence'),
      LSTM: drop('output_sequence'),
      PRelu: preluTo7,
      RNN: drop('output_sequence'),
      Upsample: upsampleTo7,
    },
  ],
  [9, { BatchNormalization: batchNormTo9, Scan: scanTo9 }],
  [
    10,
    {
      // Experimental operators that never had a version; onnxruntime forgets them here.
      Affine: affine,
      Dropout: dropoutTo10,
      ImageScaler: imageScaler,
      ParametricSoftplus: scaledFunction('Softplus'),
      Scale: scale,
      ScaledTanh: scaledFunction('Tanh'),
      Slice: sliceTo10,
      TopK: topKTo10,
      Upsample: upsampleTo10,
    },
  ],
  [11, { Clip: clipTo11, Pad: padTo11, Resize: resizeTo11, Scatter: scatterTo11 }],
  [12, { Dropout: dropoutTo12 }],
  [
    13,
    {
      Hardmax: flattenAround,
      LogSoftmax: flattenAround,
      ReduceSum: intsToInput('axes', 1),
      Softmax: flattenAround,
      Split: intsToInput('split', 1),
      Squeeze: intsToInput('axes', 1),
      Unsqueeze: intsToInput('axes', 1),
    },
  ],
  [14, { BatchNormalization: batchNormTo14 }],
  [16, { RoiAlign: roiAlignTo16 }],
  [18, { ...reduceTo18, Split: splitTo18 }],
  [20, { DFT: dftTo20, GridSample: gridSampleTo20 }],
  [21, { GroupNormalization: groupNormTo21 }],
];
