import { expect, test } from 'vitest';
import { describeBlamed } from '../../engine/describeFindings';

test('operators to blame are told with what they cost', () => {
  const nodes = Array.from({ length: 12 }, (_, i) => `Mul_${i}`);
  expect(describeBlamed('ctc', { opType: 'Mul', nodes, gain: 0.031 })).toBe(
    'Mul (12) costs 3.1 points in int8: stays in float',
  );
  expect(describeBlamed('ctc', { opType: 'Add', nodes: ['a'], gain: 0 })).toBe(
    'Add (1) costs accuracy in int8 together with others: stays in float',
  );
});
