import { zipSync } from 'fflate';
import { dump } from 'npyjs';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TensorProto_DataType } from 'onnx-buf';
import { encodeModel } from '../../engine/onnx/file/readModel';
import { body, bool, yes } from './bodyModels';
import { noise, noisy, node, tinyModel, valueInfo } from './tinyModel';

/** Two layers, and between them a Loop without an end. */
function endlessModel() {
  const turn = body(
    [node('Identity', ['always'], 'go_out'), node('Tanh', ['acc'], 'acc_out')],
    [valueInfo('i', [], TensorProto_DataType.INT64), bool('go'), valueInfo('acc', ['n', 5])],
    ['go_out', 'acc_out'],
    [yes('always')],
  );
  return tinyModel({
    inputs: { x: ['n', 4] },
    outputs: ['y'],
    constants: { w: noisy([4, 5]), v: noisy([5, 5], 2), go0: yes('go0') },
    nodes: [
      node('MatMul', ['x', 'w'], 'h'),
      node('Loop', ['', 'go0', 'h'], ['l'], { body: { graph: turn } }),
      node('MatMul', ['l', 'v'], 'y'),
    ],
  });
}

/** Writes a model whose runs do not end, and data for it. */
export function writeEndless(folder: string): { model: string; data: string } {
  const model = join(folder, 'endless.onnx');
  const data = join(folder, 'endless.npz');
  writeFileSync(model, encodeModel(endlessModel()));
  writeFileSync(data, zipSync({ 'x.npy': new Uint8Array(dump(noise(64 * 4), [64, 4])) }));
  return { model, data };
}
