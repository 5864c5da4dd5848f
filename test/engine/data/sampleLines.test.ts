import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDataset } from '../../../engine/data/openDataset';

const folder = join('sample', 'lines');

test('the sample opens for the text recognizer', async () => {
  const dataset = await openDataset(folder, [{ name: 'x', type: 'float32', dims: [null, 3, 48, null] }]);
  expect(dataset).toMatchObject({ metric: 'ctc', shared: false });
  expect([dataset.calibration.length, dataset.evaluation.length]).toEqual([64, 144]);
  // With the blank: the 6625 classes of PP-OCR.
  expect(dataset.alphabet).toHaveLength(6624);
  const known = new Set(dataset.alphabet);
  for (const part of [dataset.calibration, dataset.evaluation])
    for (let i = 0; i < part.length; i++) {
      const { feeds, truth } = await part.load(i);
      const [batch, channels, height, width = 0] = feeds['x']?.dims ?? [];
      expect([batch, channels, height]).toEqual([1, 3, 48]);
      expect(width).toBeGreaterThanOrEqual(320);
      expect(width).toBeLessThanOrEqual(480);
      const text = Array.from(String(truth));
      expect(text.length).toBeGreaterThanOrEqual(6);
      expect(text.length).toBeLessThanOrEqual(28);
      expect(text.filter((character) => !known.has(character))).toEqual([]);
      for (const value of feeds['x']?.data ?? []) if (Math.abs(Number(value)) > 1) expect.fail(`${value}`);
    }
});

test('the sample is small', () => {
  const bytes = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
  expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(2e6);
});
