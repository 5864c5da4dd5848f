import { expect, test } from 'vitest';
import { arrangeRows } from '../../../webview/state/layerOrder';
import {
  keptLayers,
  layerRows,
  measuredAs,
  shownLayer,
  visibleRange,
} from '../../../webview/state/layerRows';
import { type Action, type State, type SortKey } from '../../../webview/state/state';
import { initialState, initialView, reduce } from '../../../webview/state/store';
import { sampleReport } from '../sampleReport';

const report = sampleReport();
const unmeasured = reduce(initialState(), { type: 'model', summary: report.model });
const measured = reduce(unmeasured, { type: 'report', report });

function names(state: State, key: SortKey, descending = false, filter = ''): string[] {
  const view = { ...initialView, sort: { key, descending }, filter };
  return arrangeRows(layerRows(state), view).map((row) => row.summary.name);
}

test('rows are sorted by what was asked for', () => {
  expect(names(measured, 'drop', true).slice(0, 3)).toEqual(['p2o.Conv.2', 'p2o.Conv.28', 'p2o.MatMul.16']);
  expect(names(measured, 'order')[0]).toBe('p2o.Conv.0');
  // Numbers in names count as numbers.
  expect(names(measured, 'name').slice(0, 3)).toEqual(['p2o.Conv.0', 'p2o.Conv.1', 'p2o.Conv.2']);
  const sqnrs = arrangeRows(layerRows(measured), {
    ...initialView,
    sort: { key: 'sqnr', descending: false },
  });
  const values = sqnrs.map((row) => row.report?.sqnrDb ?? NaN);
  expect(values).toEqual([...values].sort((a, b) => a - b));
});

test('before an analysis the model keeps its order', () => {
  expect(names(unmeasured, 'drop', true)).toEqual(report.model.layers.map((layer) => layer.name));
});

test('while it is measured, what is known comes first, and then the noisiest', () => {
  const layer = (name: string, sqnrDb: number, drop?: number) => ({
    ...{ name, sqnrDb, isForetold: false },
    alone: drop === undefined ? null : { drop, standardError: 0.001, outputDb: 20, isSettled: true },
  });
  const told = reduce(unmeasured, {
    type: 'measured',
    layers: [
      layer('p2o.Conv.4', 12),
      layer('p2o.Conv.9', 30),
      layer('p2o.Conv.1', 9),
      layer('p2o.Conv.7', 20),
    ],
  });
  expect(names(told, 'drop', true).slice(0, 4)).toEqual([
    'p2o.Conv.1',
    'p2o.Conv.4',
    'p2o.Conv.7',
    'p2o.Conv.9',
  ]);
  const more = reduce(told, {
    type: 'measured',
    layers: [layer('p2o.Conv.4', 12, 0.01), layer('p2o.Conv.1', 9, 0.4)],
  });
  expect(names(more, 'drop', true).slice(0, 4)).toEqual([
    'p2o.Conv.1',
    'p2o.Conv.4',
    'p2o.Conv.7',
    'p2o.Conv.9',
  ]);
  expect(layerRows(more)[4]).toMatchObject({ sqnrDb: 12, alone: { drop: 0.01 }, report: null });
  // A finished report takes their place.
  expect(layerRows(reduce(more, { type: 'report', report }))[4]?.alone?.drop).toBe(report.layers[4]?.drop);
  expect(reduce(more, { type: 'measured', layers: [] }).measured.size).toBe(0);
});

test('the filter looks at name, operator and weight, in any case', () => {
  expect(names(measured, 'order', false, ' MATMUL ')).toHaveLength(3);
  expect(names(measured, 'order', false, 'conv2d_182')).toEqual(['p2o.Conv.2']);
  expect(names(measured, 'order', false, 'nothing')).toEqual([]);
});

test('the advice holds until the user has decided', () => {
  expect([...keptLayers(measured)]).toEqual(report.keepFloat);
  const decided = { type: 'decided', choices: report.keepFloat.map((name) => [name, 'int8']) } as const;
  expect(keptLayers(reduce(measured, decided as Action)).size).toBe(0);
});

test('a choice is measured when it is the advice or nothing', () => {
  expect(measuredAs(report, new Set([...report.keepFloat].reverse()))).toBe('advised');
  expect(measuredAs({ ...report, blamed: [] }, new Set())).toBe('int8');
  // With operators to blame, everything in int8 is not what would be written.
  expect(measuredAs(report, new Set())).toBe('unmeasured');
  expect(measuredAs(report, new Set(report.keepFloat.slice(1)))).toBe('unmeasured');
  expect(measuredAs(report, new Set([...report.keepFloat.slice(1), 'p2o.Conv.0']))).toBe('unmeasured');
});

test('the costliest layer is shown until another is chosen', () => {
  expect(shownLayer(unmeasured)).toBeNull();
  expect(shownLayer(measured)?.name).toBe('p2o.Conv.2');
  expect(shownLayer(reduce(measured, { type: 'select', layer: 'p2o.Conv.7' }))?.name).toBe('p2o.Conv.7');
  expect(shownLayer(reduce(measured, { type: 'select', layer: 'gone' }))?.name).toBe('p2o.Conv.2');
});

test('the rows in sight are drawn, with some to spare', () => {
  expect(visibleRange(0, 220, 22, 5000)).toEqual({ first: 0, last: 18 });
  expect(visibleRange(22_000, 220, 22, 5000)).toEqual({ first: 992, last: 1018 });
  expect(visibleRange(109_780, 220, 22, 5000)).toEqual({ first: 4982, last: 5000 });
  // A list that a filter has just made shorter than its scroll position.
  expect(visibleRange(109_780, 220, 22, 3)).toEqual({ first: 0, last: 3 });
  expect(visibleRange(0, 220, 22, 0)).toEqual({ first: 0, last: 0 });
});
