import { expect, test } from 'vitest';
import { describeBlamed, savedNoise } from '../../../engine/shared/findings';

test('operators to blame are told with what they cost', () => {
  const nodes = Array.from({ length: 12 }, (_, i) => `Mul_${i}`);
  expect(describeBlamed('ctc', { opType: 'Mul', nodes, gain: 0.031 })).toBe(
    'Mul (12) costs 3.1 points in int8: stays in float',
  );
  expect(describeBlamed('ctc', { opType: 'Add', nodes: ['a'], gain: 0 })).toBe(
    'Add (1) costs accuracy in int8 together with others: stays in float',
  );
});

test('says what the advised remedies do to a layer’s noise, and where that is nothing', () => {
  expect(savedNoise({ cause: null, sqnrDb: 9.4, mendedDb: 28.4 })).toBe(
    'What is advised takes it from 9.4 dB to 28.4 dB.',
  );
  expect(savedNoise({ cause: null, sqnrDb: 11.32, mendedDb: 11.3 })).toBe(
    'What is advised leaves it at 11.3 dB.',
  );
  expect(savedNoise({ cause: null, sqnrDb: 11.3, mendedDb: null })).toBe('');
});
