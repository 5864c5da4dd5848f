import { readFileSync, renameSync } from 'node:fs';
import { expect, test } from 'vitest';
import { errorText } from '../../../engine/shared/engineError';

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (thrown) {
    return thrown;
  }
  throw new Error('nothing was thrown');
}

test('what the system refuses is told in its words, without its codes and calls', () => {
  expect(errorText(thrownBy(() => readFileSync('/nowhere/a, b')))).toBe('no such file or directory');
  expect(errorText(thrownBy(() => renameSync('/nowhere/a', '/nowhere/b')))).toBe('no such file or directory');
  expect(errorText(thrownBy(() => readFileSync('/')))).toBe('illegal operation on a directory');
});

test('other errors are told as they are, on one line', () => {
  expect(errorText(new Error('two\n  lines'))).toBe('two lines');
  expect(errorText(new Error('EPHEMERAL: not, of the system'))).toBe('EPHEMERAL: not, of the system');
  expect(errorText('text')).toBe('text');
});
