import { TensorProto_DataType } from 'onnx-buf';
import { expect, test } from 'vitest';
import { encodeModel } from '../../../engine/onnx/file/readModel';
import { testWorker } from '../runTiny';
import { node, tinyModel } from '../tinyModel';

test('a tensor that no memory is for is told by its size, with the way out, and the thread goes on', async () => {
  const model = tinyModel({
    inputs: { shape: [2] },
    inputTypes: { shape: TensorProto_DataType.INT64 },
    outputs: ['y'],
    nodes: [node('ConstantOfShape', ['shape'], 'y')],
  });
  const session = await testWorker().load(encodeModel(model), { threads: 1 });
  const ask = (...sizes: bigint[]) =>
    session.run({ shape: { type: 'int64', dims: [2], data: BigInt64Array.from(sizes) } }, ['y']);
  await expect(ask(1_000_000n, 50_000_000n)).rejects.toMatchObject({
    code: 'runtime',
    message: expect.stringMatching(/no memory for a tensor of 200.* [GT]B/) as string,
    hint: expect.stringMatching(/fewer threads/) as string,
  });
  expect((await ask(2n, 3n)).outputs['y']?.dims).toEqual([2, 3]);
  await session.release();
});
