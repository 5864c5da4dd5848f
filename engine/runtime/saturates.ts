import { create } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProto_DataType,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import { makeNode } from '../onnx/graph/attributes';
import { makeTensor } from '../onnx/tensors/elements';
import { encodeModel } from '../onnx/file/readModel';
import type { RuntimeWorker } from './runtimeWorker';

/** Long enough for the kernels that take several products at once. */
const TERMS = 64;

/**
 * Whether sums of products of uint8 and int8 saturate on this processor: without VNNI, onnxruntime adds neighbouring
 * products in 16 bits. Found by computing one whose sum is known.
 * @throws EngineError `runtime`
 */
export async function saturates(worker: RuntimeWorker): Promise<boolean> {
  const info = (name: string, elemType: number) =>
    create(ValueInfoProtoSchema, {
      name,
      type: create(TypeProtoSchema, { value: { case: 'tensorType', value: { elemType } } }),
    });
  const graph = create(GraphProtoSchema, {
    name: 'saturates',
    node: [makeNode('MatMulInteger', 'product', ['x', 'w'], ['y'])],
    input: [info('x', TensorProto_DataType.UINT8)],
    output: [info('y', TensorProto_DataType.INT32)],
    initializer: [makeTensor('w', [TERMS, 1], new Int8Array(TERMS).fill(127))],
  });
  const opsetImport = [create(OperatorSetIdProtoSchema, { domain: '', version: 13n })];
  const model = Object.assign(create(ModelProtoSchema, { irVersion: 8n, opsetImport }), { graph });
  const session = await worker.load(encodeModel(model), { threads: 1 });
  try {
    const x = { type: 'uint8' as const, dims: [1, TERMS], data: new Uint8Array(TERMS).fill(255) };
    const { outputs } = await session.run({ x }, ['y']);
    return Number(outputs['y']?.data[0]) !== TERMS * 255 * 127;
  } finally {
    await session.release();
  }
}
