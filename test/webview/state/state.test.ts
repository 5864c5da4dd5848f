import { expect, test } from 'vitest';
import type { ToWebview } from '../../../engine/shared/protocol/webview';
import { type Action, type State } from '../../../webview/state/state';
import {
  createStore,
  initialState,
  initialView,
  reduce,
  restoreView,
  screenOf,
} from '../../../webview/state/store';
import { sampleModel, sampleReport } from '../sampleReport';

const model = sampleModel();
const report = sampleReport();
const progress = { stage: 'local', title: 'Measuring', done: 1, total: 2, secondsLeft: null } as const;
const error = { code: 'bad-data', message: 'No x.', hint: '' } as const;

function after(...actions: Action[]): State {
  return actions.reduce(reduce, initialState());
}

test('the screen follows what is known', () => {
  expect(screenOf(after())).toBe('loading');
  expect(screenOf(after({ type: 'error', error }))).toBe('failed');
  expect(screenOf(after({ type: 'model', summary: model }))).toBe('model');
  expect(screenOf(after({ type: 'model', summary: model }, { type: 'error', error }))).toBe('model');
  expect(screenOf(after({ type: 'model', summary: model }, { type: 'report', report }))).toBe('report');
});

test('another version of the file takes the report of the old one away', () => {
  const before = after({ type: 'model', summary: model }, { type: 'report', report });
  expect(reduce(before, { type: 'model', summary: { ...model } }).report).toBe(report);
  expect(reduce(before, { type: 'model', summary: { ...model, hash: 'b' } }).report).toBeNull();
});

test('a command that runs clears the failure of the last one', () => {
  const failed = after({ type: 'error', error });
  expect(reduce(failed, { type: 'progress', progress }).error).toBeNull();
  expect(reduce(failed, { type: 'progress', progress: null }).error).toBe(error);
});

test('the first click on a column shows what matters, the second turns it round', () => {
  const sort = (state: State) => state.view.sort;
  const bySqnr = after({ type: 'sort', key: 'sqnr' });
  expect(sort(bySqnr)).toEqual({ key: 'sqnr', descending: false });
  expect(sort(reduce(bySqnr, { type: 'sort', key: 'sqnr' }))).toEqual({ key: 'sqnr', descending: true });
  expect(sort(reduce(bySqnr, { type: 'sort', key: 'drop' }))).toEqual({ key: 'drop', descending: true });
});

test('a layer chosen from elsewhere clears a filter that hides it, and no other', () => {
  const filtered = after({ type: 'model', summary: model }, { type: 'filter', text: 'matmul' });
  expect(reduce(filtered, { type: 'select', layer: 'p2o.MatMul.16' }).view.filter).toBe('matmul');
  expect(reduce(filtered, { type: 'select', layer: 'p2o.Conv.0' }).view.filter).toBe('');
});

test('messages of others change nothing', () => {
  const state = after();
  expect(reduce(state, { type: 'webpackOk' } as unknown as ToWebview)).toBe(state);
});

test('the stored view comes back; what is not understood is left out', () => {
  const view = { ...initialView, selected: 'a', filter: 'b', range: 'clip' as const, logCounts: false };
  expect(restoreView(JSON.parse(JSON.stringify(view)))).toEqual(view);
  for (const broken of [undefined, null, 7, 'x', {}, { sort: { key: 'age' }, selected: 3, range: 'half' }]) {
    expect(restoreView(broken)).toEqual(initialView);
  }
});

test('listeners hear of changes only', () => {
  const heard: State[] = [];
  const store = createStore(initialState(), (state) => heard.push(state));
  store.dispatch({ type: 'filter', text: 'a' });
  store.dispatch({ type: 'nothing' } as unknown as ToWebview);
  expect(heard).toEqual([store.state]);
});
