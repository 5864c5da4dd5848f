import { expect, test } from 'vitest';
import { encodeModel } from '../../../engine/onnx/file/readModel';
import { ownData, shareData, shareTensor } from '../../../engine/runtime/shareTensor';
import { float, testWorker } from '../runTiny';
import { node, tinyModel } from '../tinyModel';

test('shared elements are those of the array, of any type and from any place in its buffer', () => {
  const values = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
  const shared = shareData(values);
  expect([...shared]).toEqual([2, 3]);
  expect(shared.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect([...shareData(BigInt64Array.of(5n))]).toEqual([5n]);
  expect(shareData(new Uint8Array(0))).toHaveLength(0);
  expect(ownData(shared).buffer).toBeInstanceOf(ArrayBuffer);
  expect(ownData(values)).toBe(values);
});

test('memory that is large enough is used again', () => {
  const old = shareTensor(float([3], [1, 2, 3]));
  const less = shareTensor(float([2], [4, 5]), old);
  expect(less.data.buffer).toBe(old.data.buffer);
  expect([...ownData(less.data)]).toEqual([4, 5]);
  // Of another type, and as much as there is once more.
  const all = shareData(Int32Array.of(6, 7, 8), less.data);
  expect([all.buffer, [...all]]).toEqual([old.data.buffer, [6, 7, 8]]);
  const more = shareData(Float64Array.of(1, 2), all);
  expect(more.buffer).not.toBe(old.data.buffer);
  expect([...more]).toEqual([1, 2]);
  expect(shareData(Uint8Array.of(1), Uint8Array.of(2)).buffer).toBeInstanceOf(SharedArrayBuffer);
});

test('a worker writes outputs into the memory of those that nobody reads any more', async () => {
  const model = tinyModel({ inputs: { x: ['n'] }, outputs: ['y'], nodes: [node('Neg', ['x'], 'y')] });
  const session = await testWorker().load(encodeModel(model), { threads: 1 });
  const { outputs: first } = await session.runShared({ x: float([3], [1, 2, 3]) }, ['y']);
  expect([...(first['y']?.data ?? [])]).toEqual([-1, -2, -3]);
  const { outputs: second } = await session.runShared({ x: float([2], [4, 5]) }, ['y'], first);
  await session.release();
  expect(second['y']).toMatchObject({ dims: [2] });
  expect([...(second['y']?.data ?? [])]).toEqual([-4, -5]);
  expect([...(first['y']?.data ?? [])]).toEqual([-4, -5, -3]);
});
