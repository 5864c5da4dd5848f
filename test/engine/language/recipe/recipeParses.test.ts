import { parseTree } from 'jsonc-parser';
import { expect, test, vi } from 'vitest';
import { recipeActions } from '../../../../engine/language/recipe/recipeActions';
import { recipeDiagnostics } from '../../../../engine/language/recipe/recipeDiagnostics';
import { recipeSubject } from '../../../../engine/language/recipe/recipeSubject';
import { recipeTree } from '../../../../engine/language/recipe/recipeTree';
import type { LayerReport, Report } from '../../../../engine/shared/protocol/report';

vi.mock('jsonc-parser', async (load) => {
  const whole = await load<typeof import('jsonc-parser')>();
  return { ...whole, parseTree: vi.fn(whole.parseTree) };
});

const layers = ['a', 'b'].map((name) => ({ name, opType: 'Conv', choices: ['int8', 'float'] }));
const report = {
  float: { metric: 'top1', score: 0.98 },
  choosing: { score: 0.98 },
  settings: { targetDrop: 0.01 },
  layers: layers.map(({ name }) => ({ name, drop: 0.4, standardError: 0.01, score: 0.58 }) as LayerReport),
  operators: [],
  keepFloat: ['a', 'b'],
  calibrationTable: [],
} as unknown as Report;
const model = { path: '/m/rec.onnx', hash: 'abc' };
const subjectOf = (analysed: Report | null) =>
  recipeSubject(model, { profile: 'x86', layers, operators: [], tensors: new Set() }, analysed);

test('a version of a recipe is parsed once for all that is asked of it', () => {
  const subject = subjectOf(report);
  const text = '{ "version": 1, "layers": { "*": "int8", "c": "float" } }';
  const tree = recipeTree(text);
  const problems = recipeDiagnostics(tree, subject);
  expect(problems.map(({ code }) => code)).toEqual(['sensitive', 'unknown']);
  const actions = recipeActions(tree, subject, { start: 0, end: text.length });
  const edits = actions.map((action) => action.edits());
  expect(edits.length).toBeGreaterThan(2);
  for (const one of edits) expect(one.length).toBeGreaterThan(0);
  expect(recipeDiagnostics(tree, subject)).toBe(problems);
  expect(parseTree).toHaveBeenCalledTimes(1);
});

test('what another analysis tells is looked for anew', () => {
  const tree = recipeTree('{ "version": 1, "layers": { "*": "int8" } }');
  expect(recipeDiagnostics(tree, subjectOf(null))).toEqual([]);
  expect(recipeDiagnostics(tree, subjectOf(report))).toHaveLength(1);
  expect(recipeDiagnostics(tree, null)).toEqual([]);
});
