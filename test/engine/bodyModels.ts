import { create } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  TensorProto_DataType,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from 'onnx-buf';
import { makeTensor } from '../../engine/onnx/tensors/elements';
import type { Model } from '../../engine/onnx/graph/model';
import { int64, noise, noisy, node, tinyModel, valueInfo } from './tinyModel';

/** A body of If, Loop or Scan. */
export function body(
  nodes: NodeProto[],
  inputs: GraphProto['input'],
  outputs: string[],
  constants: TensorProto[] = [],
) {
  return create(GraphProtoSchema, {
    name: 'body',
    node: nodes,
    input: inputs,
    output: outputs.map((name) => valueInfo(name, null)),
    initializer: constants,
  });
}

export const bool = (name: string) => valueInfo(name, [], TensorProto_DataType.BOOL);
export const yes = (name: string) => makeTensorOfBool(name, true);

function makeTensorOfBool(name: string, value: boolean): TensorProto {
  return Object.assign(makeTensor(name, [], Uint8Array.of(value ? 1 : 0)), {
    dataType: TensorProto_DataType.BOOL,
  });
}

/** x > 0 in sum: then x·w, else x·v; both branches use the same inner names. */
export function branching(): Model {
  const branch = (weight: string, seed: number) =>
    body(
      [node('MatMul', ['x', weight], 'm'), node('Relu', ['m'], 'out'), node('Add', ['out', 'shift'], 'sum')],
      [],
      ['sum'],
      [makeTensor('shift', [5], noise(5, seed))],
    );
  return tinyModel({
    inputs: { x: ['n', 4] },
    outputs: ['y'],
    constants: { w: noisy([4, 5]), v: noisy([4, 5], 2), zero: [[], [0]] },
    nodes: [
      node('ReduceSum', ['x'], 's', { keepdims: 0 }),
      node('Greater', ['s', 'zero'], 'positive'),
      node('If', ['positive'], 'y', {
        then_branch: { graph: branch('w', 3) },
        else_branch: { graph: branch('v', 4) },
      }),
    ],
  });
}

/** Sum over turns of relu((x + turn) · w), with each turn's result stacked too. */
export function looping(): Model {
  const turn = body(
    [
      node('Cast', ['i'], 'turn', { to: TensorProto_DataType.FLOAT }),
      node('Add', ['x', 'turn'], 'shifted'),
      node('MatMul', ['shifted', 'w'], 'm'),
      node('Relu', ['m'], 'r'),
      node('Add', ['acc', 'r'], 'acc_out'),
      node('Identity', ['go'], 'go_out'),
      node('Identity', ['r'], 'each'),
    ],
    [valueInfo('i', [], TensorProto_DataType.INT64), bool('go'), valueInfo('acc', ['n', 5])],
    ['go_out', 'acc_out', 'each'],
  );
  return tinyModel({
    inputs: { x: ['n', 4] },
    outputs: ['y', 'all'],
    constants: {
      w: noisy([4, 5]),
      start: [
        [1, 5],
        [0, 0, 0, 0, 0],
      ],
      times: int64('times', [3], []),
      go0: yes('go0'),
    },
    nodes: [node('Loop', ['times', 'go0', 'start'], ['y', 'all'], { body: { graph: turn } })],
  });
}

export function scanning(): Model {
  const step = body(
    [
      node('MatMul', ['row', 'w'], 'm'),
      node('Add', ['state', 'm'], 'state_out'),
      node('Relu', ['m'], 'each'),
    ],
    [valueInfo('state', [1, 5]), valueInfo('row', [1, 4])],
    ['state_out', 'each'],
  );
  return tinyModel({
    inputs: { x: [3, 1, 4] },
    outputs: ['y', 'all'],
    constants: {
      w: noisy([4, 5]),
      start: [
        [1, 5],
        [0, 0, 0, 0, 0],
      ],
    },
    nodes: [node('Scan', ['start', 'x'], ['y', 'all'], { body: { graph: step }, num_scan_inputs: 1 })],
  });
}
