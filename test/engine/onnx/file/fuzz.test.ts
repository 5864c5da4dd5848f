import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

// `npm run fuzz` does the same with any seed and for as long as wanted.
test('damaged models end in words or in results, within bounded time and memory', () => {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['test/fuzz/fuzz.mjs', '--seed', '1', '--count', '120', '--native', '4'],
    { encoding: 'utf8' },
  );
  expect(`${stdout}${stderr}`).toMatch(/120 cases: .*; 0 findings\./);
  expect(status).toBe(0);
}, 120_000);
