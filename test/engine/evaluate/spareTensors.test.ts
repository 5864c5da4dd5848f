import { expect, test } from 'vitest';
import { shareTensor } from '../../../engine/runtime/shareTensor';
import { SpareTensors } from '../../../engine/evaluate/sharedPrefix';
import { float } from '../runTiny';

const sized = (size: number) => shareTensor(float([size], new Float32Array(size)));

test('memory is given to tensors of the same name, and of names that are wanted no more where it is large enough', () => {
  const [a, b, c, d] = [sized(4), sized(8), sized(2), sized(8)];
  const spare = new SpareTensors([{ a, b, c }, { b: d }], new Set(['a', 'new']));
  expect(spare.take('a', 100)).toBe(a);
  expect(spare.take('a', 64)).toBeUndefined();
  expect([spare.take('new', 32), spare.take('new', 32)]).toEqual([d, b]);
  expect(spare.take('new', 32)).toBeUndefined();
  expect(spare.take('new', 8)).toBe(c);
  // What is wanted itself is left to it.
  expect(new SpareTensors([{ a }], new Set(['a', 'new'])).take('new', 4)).toBeUndefined();
});
