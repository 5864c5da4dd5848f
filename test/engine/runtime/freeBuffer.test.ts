import { expect, test } from 'vitest';
import { freeBuffer } from '../../../engine/runtime/freeBuffer';

test('takes the memory away at once', () => {
  const values = new Float32Array(1000);
  const other = new Float32Array(10);
  freeBuffer(values);
  expect(values.buffer.byteLength).toBe(0);
  expect(other.buffer.byteLength).toBe(40);
});
