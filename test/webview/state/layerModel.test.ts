import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fitColumns, gridTemplate, type ColumnWidth } from '../../../webview/state/columnFit';
import { keepAllMessages } from '../../../webview/state/keepFloatMessage';
import {
  blockNames,
  groupedItems,
  nameParts,
  plainItems,
  withinBlock,
} from '../../../webview/state/layerGroups';
import { facetCount, noFacets } from '../../../webview/state/layerFilter';
import { arrangeRows, findTyped, sortKeys, sortRows } from '../../../webview/state/layerOrder';
import { layerRows, type LayerRow } from '../../../webview/state/layerRows';
import { extendTo, keepShown, selectAll, selectOnly, toggleRow } from '../../../webview/state/layerSelection';
import { choicesFor, kindOf, stateReason } from '../../../webview/state/layerState';
import { layerTable } from '../../../webview/state/layerTable';
import { type Action } from '../../../webview/state/state';
import { initialState, initialView, reduce, restoreView } from '../../../webview/state/store';
import { sampleReport } from '../sampleReport';

const report = sampleReport();
const start: Action[] = [
  { type: 'model', summary: report.model },
  { type: 'report', report },
];
const after = (...actions: Action[]) => [...start, ...actions].reduce(reduce, initialState());
const rows = layerRows(after());

describe('selections', () => {
  const keys = fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 40 });

  test('a range is what lies between its ends, whichever way', () => {
    fc.assert(
      fc.property(keys, fc.nat(), fc.nat(), fc.nat(), (all, a, b, c) => {
        const [from, via, to] = [a, b, c].map((at) => at % all.length) as [number, number, number];
        const begun = extendTo(selectOnly(all[from] ?? ''), all, all[via] ?? '');
        const { chosen, anchor } = extendTo(begun, all, all[to] ?? '');
        const between = all.filter((_, i) => i >= Math.min(from, to) && i <= Math.max(from, to));
        expect([...chosen].sort()).toEqual(between.sort());
        expect(anchor).toBe(all[from]);
      }),
    );
  });

  test('a row that is taken twice is as before; what is no longer listed is left out', () => {
    fc.assert(
      fc.property(keys, fc.nat(), (all, at) => {
        const key = all[at % all.length] ?? '';
        const whole = selectAll(selectOnly(key), all);
        expect(whole.chosen.size).toBe(all.length);
        const without = toggleRow(whole, key);
        expect(without.chosen.has(key)).toBe(false);
        expect(toggleRow(without, key).chosen).toEqual(whole.chosen);
        const rest = all.filter((one) => one !== key);
        expect(keepShown(whole, rest)).toEqual({ chosen: new Set(rest), anchor: null });
        // A range whose beginning is gone begins anew.
        expect([...extendTo(keepShown(whole, rest), all, key).chosen]).toEqual([key]);
      }),
    );
  });
});

test('every column sorts stably, either way, with the unknown last', () => {
  const known = (row: LayerRow) => row.alone !== null;
  fc.assert(
    fc.property(
      fc.constantFrom(...sortKeys),
      fc.boolean(),
      fc.array(fc.option(fc.constantFrom(0, 0.1, 0.2, NaN), { nil: null }), { minLength: 51, maxLength: 51 }),
      (key, descending, drops) => {
        const given = rows.map((row, i) => {
          const drop = drops[i] ?? null;
          const alone = { drop: drop ?? 0, standardError: 0, outputDb: 0, isSettled: true };
          return { ...row, alone: drop === null ? null : alone };
        });
        const sorted = sortRows(given, { key, descending });
        expect(new Set(sorted)).toEqual(new Set(given));
        expect(sortRows([...given].reverse(), { key, descending })).toEqual(sorted);
        if (key !== 'drop') return;
        const values = sorted.map((row) => (known(row) ? (row.alone?.drop ?? NaN) : NaN));
        const numbers = values.filter((value) => !Number.isNaN(value));
        expect(values.slice(0, numbers.length)).toEqual(numbers);
        expect(numbers).toEqual([...numbers].sort((a, b) => (descending ? b - a : a - b)));
      },
    ),
  );
});

describe('states', () => {
  const stateOf = (name: string, ...decided: Action[]) => {
    const found = layerRows(after(...decided)).find((row) => row.summary.name === name);
    if (found === undefined) throw new Error(name);
    return found.state;
  };

  test('are the advice until somebody decides', () => {
    expect(stateOf('p2o.Conv.2')).toMatchObject({ choice: 'float', isDecided: false, advised: 'float' });
    const decided: Action = { type: 'decided', choices: [['p2o.Conv.2', 'int8']] };
    expect(stateOf('p2o.Conv.2', decided)).toMatchObject({ choice: 'int8', isDecided: true });
    expect(stateReason(stateOf('p2o.Conv.2', decided), null)).toBe(
      'You decided int8. The analysis has it in float.',
    );
    expect(
      layerRows(reduce(initialState(), { type: 'model', summary: report.model }))[0]?.state.choice,
    ).toBeNull();
  });

  test('tell of layers without an integer kernel, with the reason of the runtime', () => {
    expect(kindOf(stateOf('p2o.Conv.5'))).toBe('falls-back');
    const reason = 'Reads floats from Clip.';
    const nodes = [{ name: 'p2o.Conv.5', opType: 'Conv', kind: 'float' as const, reason }];
    const told = stateOf('p2o.Conv.5', { type: 'report', report: { ...report, nodes } });
    expect(told.fallsBack).toBe(reason);
    expect(kindOf(stateOf('p2o.Conv.5', { type: 'decided', choices: [['p2o.Conv.5', 'float']] }))).toBe(
      'float',
    );
  });

  test('offer what the layer can be on the target', () => {
    const product = report.model.layers[16];
    if (product === undefined) throw new Error('no product');
    expect(choicesFor(product, report)).toContain('int4-block');
    const tensorrt = { ...report, settings: { ...report.settings, profile: 'tensorrt' as const } };
    expect(choicesFor(product, tensorrt)).toEqual(['int8', 'float', 'float16']);
    const old = { ...product };
    delete old.choices;
    expect(choicesFor(old, report)).toEqual(['int8', 'float']);
  });

  test('go back to the advice where that is what was asked for', () => {
    const layers = [
      { name: 'a', advised: 'float' as const },
      { name: 'b', advised: 'int8' as const },
    ];
    expect(keepAllMessages(layers, true)).toEqual([
      { type: 'decide', layers: ['a'], choice: null },
      { type: 'decide', layers: ['b'], choice: 'float' },
    ]);
  });
});

test('facets are asked for together, and what was stored of them comes back', () => {
  const shown = (facets: Partial<typeof noFacets>) =>
    arrangeRows(rows, { ...initialView, facets: { ...noFacets, ...facets } }).map((row) => row.summary.name);
  expect(shown({ cause: 'outliers' })).toEqual(['p2o.Conv.2', 'p2o.Conv.28', 'p2o.MatMul.16']);
  expect(shown({ cause: 'outliers', operator: 'MatMul' })).toEqual(['p2o.MatMul.16']);
  expect(shown({ state: 'float' })).toHaveLength(3);
  expect(shown({ state: 'float', aboveNoise: true })).toHaveLength(3);
  expect(shown({ decided: true })).toEqual([]);
  const facets = { ...noFacets, state: 'float' as const, aboveNoise: true };
  expect(facetCount(facets)).toBe(2);
  const stored: unknown = JSON.parse(JSON.stringify({ ...initialView, facets, hiddenColumns: ['sqnr'] }));
  expect(restoreView(stored)).toMatchObject({ facets, hiddenColumns: ['sqnr'] });
  expect(restoreView({ facets: { state: 'grey', operator: 4 }, hiddenColumns: [3] })).toMatchObject({
    facets: noFacets,
    hiddenColumns: [],
  });
});

test('typed letters go to the next name that begins with them, else to one that holds them', () => {
  const names = ['/a/Conv', '/a/MatMul', '/b/Conv', '/b/Gemm', 'Gemm_1'];
  expect(findTyped(names, 0, 'c')).toBe(2);
  expect(findTyped(names, 2, 'c')).toBe(0);
  expect(findTyped(names, 0, 'cc')).toBe(2);
  expect(findTyped(names, 0, 'con')).toBe(0);
  expect(findTyped(names, 0, 'ge')).toBe(4);
  expect(findTyped(names, 0, 'tmu')).toBe(1);
  expect(findTyped(names, -1, 'x')).toBe(-1);
  expect(findTyped([], -1, 'x')).toBe(-1);
});

describe('blocks', () => {
  test('are told by the path as far as it tells them apart', () => {
    const names = ['/m/enc/0/q/MatMul', '/m/enc/0/k/MatMul', '/m/enc/1/q/MatMul', '/m/enc/1/k/MatMul'];
    const more = [...names, ...Array.from({ length: 4 }, (_, i) => `/m/head${i}/Gemm`)];
    expect(blockNames(more)).toEqual([
      ...['m/enc/0', 'm/enc/0', 'm/enc/1', 'm/enc/1'],
      ...['m/head0', 'm/head1', 'm/head2', 'm/head3'],
    ]);
    expect(blockNames(['Conv_1', 'Conv_2'])).toEqual(['', '']);
    expect(withinBlock('/m/enc/0/q/MatMul', 'm/enc/0')).toBe('q/MatMul');
  });

  test('hold every layer once, whatever the names are', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 51, maxLength: 51 }), (names) => {
        const blocks = blockNames(names);
        const items = groupedItems(rows, blocks, new Set());
        const listed = items.flatMap((item) => (item.kind === 'row' ? [item.row.index] : []));
        expect(listed.sort((a, b) => a - b)).toEqual(rows.map((row) => row.index));
        const heads = items.filter((item) => item.kind === 'group');
        expect(heads).toHaveLength(new Set(blocks).size);
        expect(groupedItems(rows, blocks, new Set(heads.map((head) => head.key)))).toHaveLength(heads.length);
        expect(new Set(items.map((item) => item.key)).size).toBe(items.length);
      }),
    );
  });

  test('leave the end of a long path in sight, and names that may turn round whole', () => {
    expect(nameParts('/encoder/layer.0/query/MatMul')).toEqual(['/encoder/layer.0', '/query/MatMul']);
    expect(nameParts('p2o.Conv.2')).toEqual(['p2o.Conv.2', '']);
    expect(nameParts('/a/\u202Eb/c')).toEqual(['/a/\u202Eb/c', '']);
    fc.assert(
      fc.property(fc.string(), (name) => {
        expect(nameParts(name).join('')).toBe(name);
      }),
    );
  });
});

test('columns that find no room are left out by rank, the first never', () => {
  const width = fc.record({ min: fc.integer({ min: 10, max: 200 }), grow: fc.nat(100) });
  fc.assert(
    fc.property(fc.array(width, { minLength: 1, maxLength: 12 }), fc.nat(2000), (widths, room) => {
      const columns: ColumnWidth[] = widths.map((one, i) => ({ ...one, id: String(i), rank: i }));
      const fitting = fitColumns([...columns].reverse(), room);
      expect(fitting.map((column) => column.rank).sort((a, b) => a - b)).toEqual([...fitting.keys()]);
      expect(fitting.length).toBeGreaterThan(0);
      const taken = fitting.reduce((sum, column) => sum + column.min, 0) + 10 * (fitting.length - 1);
      expect(fitting.length === 1 || taken <= room).toBe(true);
      expect(gridTemplate(fitting).match(/px/g)).toHaveLength(fitting.length);
    }),
  );
});

test('the table has a value for every column of every row, and none that is no number', () => {
  const { head, body } = layerTable(sortRows(rows, { key: 'drop', descending: true }));
  expect(body).toHaveLength(51);
  expect(body.every((line) => line.length === head.length)).toBe(true);
  const of = (title: string) => body[0]?.[head.indexOf(title)];
  expect([of('#'), of('Layer'), of('Drop'), of('Cause'), of('State'), of('Why')]).toEqual([
    ...[3, 'p2o.Conv.2', 0.453, 'outliers', 'float', 'advised'],
  ]);
  const [row] = plainItems(rows);
  if (row?.kind !== 'row') throw new Error('no row');
  const unknown = layerTable([{ ...row.row, report: null, alone: null, sqnrDb: Infinity }]);
  expect(unknown.body[0]?.[head.indexOf('SQNR (dB)')]).toBe('');
});
