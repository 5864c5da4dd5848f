import { expect, test } from 'vitest';
import { comparedTable, compareReports, isDifferent } from '../../../webview/state/compareReports';
import { csvText } from '../../../webview/export/csvText';
import { otherReport } from '../otherReport';
import { sampleReport } from '../sampleReport';

test('what differs most comes first, and layers pair by name, then by weight', () => {
  const mine = sampleReport();
  const rows = compareReports(mine, otherReport());
  expect(rows).toHaveLength(mine.layers.length + 1);
  const [most, decided, ...next] = rows;
  expect(most?.mine?.name).toBe(mine.layers[3]?.name);
  expect(most?.difference).toBeCloseTo(0.3, 12);
  expect(most?.standardError).toBeCloseTo(Math.hypot(mine.layers[3]?.standardError ?? 0, 0.01), 12);
  expect(most?.isBeyondNoise).toBe(true);
  expect([decided?.mine?.name, decided?.isDecisionOther]).toEqual([mine.layers[4]?.name, true]);
  const single = next.slice(0, 2).map((row) => [row.mine?.name ?? null, row.other?.name ?? null]);
  expect(single).toContainEqual([mine.layers[7]?.name, null]);
  expect(single).toContainEqual([null, '=added']);
  expect([next[2]?.mine?.name, next[2]?.isClipOther]).toEqual([mine.layers[6]?.name, true]);
  const renamed = rows.find(({ other }) => other?.name === 'renamed');
  expect(renamed?.mine?.name).toBe(mine.layers[5]?.name);
  expect(rows.filter(isDifferent)).toHaveLength(5);
  expect(compareReports(mine, mine).some(isDifferent)).toBe(false);
});

test('scores of different metrics are not subtracted', () => {
  const other = otherReport();
  other.float = { ...other.float, metric: 'sqnr' };
  expect(compareReports(sampleReport(), other).every(({ difference }) => difference === null)).toBe(true);
});

test('CSV quotes what it has to, and starts no formula', () => {
  const text = csvText({
    head: ['a', 'b'],
    body: [
      ['say "x"', -1.5],
      ['=1+1', 'a,b\nc'],
      ['-x', '@y'],
    ],
  });
  expect(text).toBe('a,b\r\n"say ""x""",-1.5\r\n\'=1+1,"a,b\nc"\r\n\'-x,\'@y\r\n');
  const table = comparedTable(compareReports(sampleReport(), otherReport()), 'other');
  expect(table.body.every((row) => row.length === table.head.length)).toBe(true);
});
