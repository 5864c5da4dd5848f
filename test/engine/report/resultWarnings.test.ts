import { expect, test } from 'vitest';
import type { NotebookEntry } from '../../../engine/shared/protocol/report';
import { timedWarnings } from '../../../engine/report/resultWarnings';

test('what times decided beside a recipe is told, since another run may decide otherwise', () => {
  const recipe = { layers: [], operators: [] };
  const entry = (step: NotebookEntry['step'], tried: string, kept: boolean) => ({ step, tried, kept });
  const timed = [entry('latency', 'MaxPool in float', true), entry('latency', 'Softmax in float', false)];
  const [told, ...more] = timedWarnings({ settings: { recipe }, notebook: timed });
  expect(told).toMatch(/times on this machine decided: MaxPool in float\. .*--write-recipe/);
  expect(more).toEqual([]);
  expect(timedWarnings({ settings: {}, notebook: timed })).toEqual([]);
  const others = [entry('calibrator', 'MSE', true), entry('latency', 'Softmax in float', false)];
  expect(timedWarnings({ settings: { recipe }, notebook: others })).toEqual([]);
});
