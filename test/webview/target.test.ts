import { expect, test } from 'vitest';
import { describeTarget, meetsTarget } from '../../webview/target';

test('a target is a share of the float score', () => {
  expect(describeTarget('ctc', 0.01)).toBe('within 1% of float');
  expect(meetsTarget('ctc', 0.981, 0.981 * 0.99, 0.01)).toBe(true);
  expect(meetsTarget('ctc', 0.981, 0.97, 0.01)).toBe(false);
});

test('for SQNR it is a least value', () => {
  expect(describeTarget('sqnr', 0.01)).toBe('at least 20.0 dB');
  expect(meetsTarget('sqnr', 100, 20, 0.01)).toBe(true);
  expect(meetsTarget('sqnr', 100, 19.9, 0.01)).toBe(false);
});
