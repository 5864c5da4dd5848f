// Writes the models that no package has: one of 100 MB and one of 5,000 nodes. Arguments: their paths.
import { writeFileSync } from 'node:fs';
import { encodeModel } from '../../engine/onnx/file/readModel';
import { node, noisy, tinyModel } from '../engine/tinyModel';

const [big = '', long = ''] = process.argv.slice(2);
const side = 1024;
const matrices = 25;
const chain = (count: number, opType: (i: number) => string, second: (i: number) => string[]) =>
  Array.from({ length: count }, (_, i) => node(opType(i), [`t${i}`, ...second(i)], `t${i + 1}`));

const weights = Object.fromEntries(
  Array.from({ length: matrices }, (_, i) => [`w${i}`, noisy([side, side], i)]),
);
writeFileSync(
  big,
  encodeModel(
    tinyModel({
      opset: 13,
      inputs: { t0: [1, side] },
      outputs: [`t${matrices}`],
      constants: weights,
      nodes: chain(
        matrices,
        () => 'MatMul',
        (i) => [`w${i}`],
      ),
    }),
  ),
);
writeFileSync(
  long,
  encodeModel(
    tinyModel({
      opset: 13,
      inputs: { t0: [1, 8, 8, 8] },
      outputs: ['t5000'],
      constants: { w: noisy([8, 8, 1, 1]) },
      nodes: chain(
        5000,
        (i) => (i % 2 === 0 ? 'Conv' : 'Relu'),
        (i) => (i % 2 === 0 ? ['w'] : []),
      ),
    }),
  ),
);
