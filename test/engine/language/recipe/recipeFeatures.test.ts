import fc from 'fast-check';
import { applyEdits } from 'jsonc-parser';
import { describe, expect, test } from 'vitest';
import { recipeActions } from '../../../../engine/language/recipe/recipeActions';
import { recipeCompletion } from '../../../../engine/language/recipe/recipeCompletion';
import { recipeDiagnostics, type RecipeProblem } from '../../../../engine/language/recipe/recipeDiagnostics';
import { recipeHover } from '../../../../engine/language/recipe/recipeHover';
import { recipeInlays } from '../../../../engine/language/recipe/recipeInlays';
import { recipeLenses } from '../../../../engine/language/recipe/recipeLenses';
import { recipeSubject, type RecipeSubject } from '../../../../engine/language/recipe/recipeSubject';
import { recipeTree } from '../../../../engine/language/recipe/recipeTree';
import { parseRecipe } from '../../../../engine/recipe/parseRecipe';
import type { LayerReport, Report } from '../../../../engine/shared/protocol/report';

const convChoices = ['int8', 'uint8', 'float', 'float16'];
const operatorChoices = ['int8', 'float'];
const model = { path: '/models/rec.onnx', hash: 'abc' };

function layer(name: string, drop: number, standardError = 0.01): LayerReport {
  return { name, opType: 'Conv', drop, standardError, score: 0.98 - drop, sqnrDb: 20 } as LayerReport;
}

const report = {
  float: { metric: 'top1', score: 0.98 },
  choosing: { score: 0.98 },
  advised: {
    score: 0.976,
    difference: { difference: -0.005, low: -0.008, high: -0.002 },
    verdict: { kind: 'met', reason: 'Near.' },
  },
  settings: { targetDrop: 0.01, evaluationSamples: 300 },
  layers: [layer('enc.conv.1', 0.453, 0.047), layer('enc.conv.2', 0.001), layer('dec.conv.1', 0.021, 0.005)],
  operators: [{ name: 'enc.add', opType: 'Add', drop: 0.003, standardError: 0.001, sqnrDb: 30 }],
  keepFloat: ['enc.conv.1', 'dec.conv.1'],
  calibrationTable: [
    { method: 'max', score: 0.95 },
    { method: 'entropy', score: 0.976 },
  ],
} as unknown as Report;

function subjectOf(names: readonly string[], analysed: Report | null = report): RecipeSubject {
  const layers = names.map((name) => ({ name, opType: 'Conv', choices: convChoices }));
  const operators = [{ name: 'enc.add', opType: 'Add', choices: operatorChoices }];
  const tensors = new Set(names.map((name) => `${name}.out`));
  return recipeSubject(model, { profile: 'x86', layers, operators, tensors }, analysed);
}

const subject = subjectOf(['enc.conv.1', 'enc.conv.2', 'dec.conv.1']);
const recipe = (rules: string, more = '') => `{ "version": 1, ${more} "layers": { ${rules} } }`;
const problems = (text: string, of: RecipeSubject | null = subject) =>
  recipeDiagnostics(recipeTree(text), of);
const codes = (found: readonly RecipeProblem[]) => found.map(({ code }) => code);
const underlined = (text: string, [problem]: readonly RecipeProblem[]) =>
  text.slice(problem?.place.start, problem?.place.end);

/** The text after the fix of this title, for the place of `at`. */
function mended(text: string, title: string | RegExp, at = '{'): string {
  const offset = text.indexOf(at);
  const actions = recipeActions(recipeTree(text), subject, { start: offset, end: offset + at.length });
  const found = actions.find((action) =>
    typeof title === 'string' ? action.title === title : title.test(action.title),
  );
  if (found === undefined) throw new Error(`only ${actions.map((a) => a.title).join('; ')}`);
  return applyEdits(text, found.edits());
}

describe('what is wrong with a recipe', () => {
  test('nothing', () => {
    expect(problems(recipe('"*": "int8", "enc.conv.1": "float", "dec.conv.1": "float16",'))).toEqual([]);
  });
  test('syntax, where it is', () => {
    const text = recipe('"*": "int8" "enc.conv.1": "float"');
    const found = problems(text);
    expect(found[0]).toMatchObject({ code: 'syntax', severity: 'error', message: 'Comma expected.' });
    expect(underlined(text, found)).toBe('"enc.conv.1"');
  });
  test('an empty file, how to begin', () => {
    expect(problems(' \n').map(({ message }) => message)).toEqual(['A recipe begins with { "version": 1 }.']);
  });
  test('a setting, where its value is', () => {
    const text = recipe('', '"samples": "many",');
    const found = problems(text);
    expect(found[0]).toMatchObject({ code: 'setting', message: expect.stringContaining('many') as string });
    expect(underlined(text, found)).toBe('"many"');
  });
  test('a layer that was renamed, with the nearest name', () => {
    const text = recipe('"encoder.conv.1": "float"');
    const found = problems(text);
    expect(found[0]?.message).toBe('The model has no layer "encoder.conv.1". Did you mean "enc.conv.1"?');
    expect(underlined(text, found)).toBe('"encoder.conv.1"');
    expect(mended(text, 'Rename to enc.conv.1', 'encoder')).toBe(recipe('"enc.conv.1": "float"'));
    expect(parseRecipe(mended(text, 'Remove this rule', 'encoder'), 'r').layers).toEqual([]);
  });
  test('a pattern that fits nothing, and an operator that is none', () => {
    expect(problems(recipe('"head.*": "float"'))[0]?.message).toBe(`No layer's name fits "head.*".`);
    expect(problems('{ "version": 1, "operators": { "enc.ad": "int8" } }')[0]?.message).toBe(
      'The model has no operator "enc.ad". Did you mean "enc.add"?',
    );
  });
  test('a tensor that is none, with the nearest name', () => {
    const clips = (rules: string) => `{ "version": 1, "clips": { ${rules} } }`;
    const text = clips('"enc.conv.1.out": 2.5, "enc.conv2.out": 3, "nothing like it": 4');
    const [near, far, ...others] = problems(text);
    expect(others).toEqual([]);
    expect(near).toMatchObject({ code: 'unknown', severity: 'error' });
    expect(near?.message).toBe(
      'The model has no activation "enc.conv2.out" that int8 layers read or write. Did you mean "enc.conv.2.out"?',
    );
    expect(text.slice(near?.place.start, near?.place.end)).toBe('"enc.conv2.out"');
    expect(far?.message).toBe(
      'The model has no activation "nothing like it" that int8 layers read or write.',
    );
    expect(mended(text, 'Rename to enc.conv.2.out', 'conv2')).toBe(
      text.replace('enc.conv2.out', 'enc.conv.2.out'),
    );
    expect(mended(text, 'Remove this rule', 'nothing')).toBe(
      clips('"enc.conv.1.out": 2.5, "enc.conv2.out": 3, '),
    );
    expect(problems(text, null)).toEqual([]);
  });
  test('a rule without effect', () => {
    const text = recipe('"enc.conv.2": "float", "enc.*": "uint8", "dec.conv.1": "float"');
    const [found] = problems(text);
    expect(found).toMatchObject({ code: 'overridden', severity: 'unused' });
    expect(found?.message).toBe('Without effect: "enc.*" comes later, and it decides enc.conv.2.');
    expect(
      parseRecipe(mended(text, 'Remove this rule', 'enc.conv.2'), 'r').layers.map((r) => r.match),
    ).toEqual(['enc.*', 'dec.conv.1']);
  });
  test('no rule that still decides one', () => {
    expect(codes(problems(recipe('"enc.*": "uint8", "enc.conv.1": "float"')))).toEqual([]);
  });
  test('what a layer cannot be', () => {
    const text = recipe('"enc.conv.2": "int4"');
    const [found] = problems(text);
    expect(found?.message).toBe(
      'enc.conv.2 (Conv) cannot be int4 for x86: it can be int8, uint8, float or float16.',
    );
    expect(mended(text, 'Keep in float', 'int4')).toBe(recipe('"enc.conv.2": "float"'));
  });
  test('a sensitive layer in int8, by its name and by a pattern', () => {
    const text = recipe('"enc.conv.1": "int8"');
    const [found] = problems(text);
    expect(found).toMatchObject({ code: 'sensitive', severity: 'warning' });
    expect(found?.message).toContain('−45.3 ± 4.7 points');
    expect(mended(text, 'Keep in float', 'int8')).toBe(recipe('"enc.conv.1": "float"'));
    const all = recipe('"*": "int8"');
    expect(problems(all)[0]?.message).toContain('2 layers of these lose more');
    expect(parseRecipe(mended(all, 'Keep these 2 layers in float', '*'), 'r').layers).toEqual([
      { match: '*', choice: 'int8' },
      { match: 'enc.conv.1', choice: 'float' },
      { match: 'dec.conv.1', choice: 'float' },
    ]);
  });
  test('no layer whose drop may be chance, or that the target allows', () => {
    const noisy = { ...report, layers: [layer('enc.conv.1', 0.05, 0.03)] };
    expect(problems(recipe('"*": "int8"'), subjectOf(['enc.conv.1'], noisy))).toEqual([]);
    expect(problems(recipe('"dec.conv.1": "int8"', '"targetDrop": "5%",'))).toEqual([]);
  });
  test('another model', () => {
    const text = recipe('', '"model": "old",');
    expect(codes(problems(text))).toEqual(['stale']);
    expect(mended(text, "Update the model's hash", 'old')).toBe(recipe('', '"model": "abc",'));
    expect(problems(recipe('', '"model": "abc",'))).toEqual([]);
  });
  test('a calibrator that another one beats', () => {
    const text = recipe('', '"calibration": "max",');
    expect(problems(text)[0]?.message).toBe('In the last analysis Entropy reached 97.6%, and Max 95.0%.');
    expect(mended(text, 'Use Entropy here', 'max')).toBe(recipe('', '"calibration": "entropy",'));
    expect(problems(recipe('', '"calibration": "entropy",'))).toEqual([]);
  });
  test('without a model only the text', () => {
    expect(problems(recipe('"nobody": "float"'), null)).toEqual([]);
    expect(codes(problems('{', null))).toContain('syntax');
  });
});

test('what is left to the analysis is no mistake, and is advised as if no rule spoke of it', () => {
  const text = recipe('"*": "int8", "enc.conv.1": "auto", "dec.conv.1": "float"');
  expect(problems(text)).toEqual([]);
  const rules = parseRecipe(mended(text, /^Apply all advice: keep 1 layer/), 'r').layers;
  expect(rules).toContainEqual({ match: 'enc.conv.1', choice: 'float' });
  expect(codes(problems(recipe('"enc.*": "auto", "*": "float"')))).toEqual(['overridden']);
});

test('all advice is applied with a comment left as it was, and is not offered then', () => {
  const text = '{ "version": 1,\n  "layers": {\n    // ours\n    "enc.conv.1": "float"\n  }\n}';
  const done = mended(text, /^Apply all advice/);
  expect(done).toContain('// ours');
  expect(parseRecipe(done, 'r').layers).toEqual([
    { match: 'enc.conv.1', choice: 'float' },
    { match: 'dec.conv.1', choice: 'float' },
  ]);
  expect(() => mended(done, /^Apply all advice/)).toThrow();
});

describe('what may stand at a place', () => {
  /** `|` is the cursor. */
  const offers = (marked: string, of: RecipeSubject | null = subject) => {
    const text = marked.replace('|', '');
    return recipeCompletion(recipeTree(text), of, marked.indexOf('|'));
  };
  const labels = (marked: string) => offers(marked).map(({ label }) => label);

  test('layers by drop, then types and all', () => {
    const found = offers(recipe('"enc.conv.2": "float", "|"'));
    expect(found.map(({ label }) => label)).toEqual(['enc.conv.1', 'dec.conv.1', 'Conv', '*']);
    expect(found[0]?.detail).toBe('Conv, −45.3 ± 4.7 points');
    expect(found[0]).toMatchObject({ text: '"enc.conv.1"', opensValue: true });
  });
  test('a key in place of the one that is there', () => {
    const marked = recipe('"enc.c|onv": "float"');
    const [first] = offers(marked);
    expect(first?.opensValue).toBe(false);
    expect(marked.replace('|', '').slice(first?.place.start, first?.place.end)).toBe('"enc.conv"');
  });
  test('choices that the layer can be', () => {
    expect(labels(recipe('"enc.conv.1": |'))).toEqual([...convChoices, 'auto']);
    expect(labels(recipe('"enc.conv.1": "fl|"'))).toEqual([...convChoices, 'auto']);
    expect(labels('{ "operators": { "enc.add": "|" } }')).toEqual([...operatorChoices, 'auto']);
  });
  test('operators', () => {
    expect(labels('{ "operators": { "|" } }')).toEqual(['enc.add', 'Add', '*']);
  });
  test('calibrators with what they reached, profiles, remedies', () => {
    expect(offers('{ "calibration": "|" }').find(({ label }) => label === 'entropy')?.detail).toBe(
      'Entropy: 97.6%',
    );
    expect(labels('{ "profile": | }')).toContain('x86-avx2');
    expect(labels('{ "remedies": ["|"] }')).toContain('equalize');
  });
  test('tensors that are not clipped yet', () => {
    const found = offers('{ "clips": { "enc.conv.1.out": 2, "|" } }');
    expect(found.map(({ label }) => label)).toEqual(['enc.conv.2.out', 'dec.conv.1.out']);
    expect(found[0]).toMatchObject({ kind: 'tensor', opensValue: true });
  });
  test('nothing elsewhere', () => {
    expect(labels('{ "data": "|" }')).toEqual([]);
    expect(labels('{ | }')).toEqual([]);
  });
});

describe('beside and above the rules', () => {
  const text = recipe('"enc.*": "int8", "dec.conv.1": "float"');
  const tree = recipeTree(text);

  test('a hover lists what a rule speaks of, worst first', () => {
    const found = recipeHover(tree, subject, text.indexOf('enc.*'));
    expect(found?.value).toContain('Pattern `enc.*`: 2 layers');
    const [first, second] = ['enc.conv.1', 'enc.conv.2'].map(
      (name) => found?.value.indexOf(`\`${name}\``) ?? -1,
    );
    expect(first).toBeGreaterThan(0);
    expect(second).toBeGreaterThan(first ?? 0);
    expect(text.slice(found?.place.start, found?.place.end)).toBe('"enc.*"');
    expect(recipeHover(tree, subject, text.indexOf('"int8"') + 1)).toBeNull();
  });
  test('at most ten of them', () => {
    const many = subjectOf(Array.from({ length: 40 }, (_, i) => `enc.conv.${i}`));
    const { value = '' } = recipeHover(tree, many, text.indexOf('enc.*')) ?? {};
    expect(value.match(/\| Conv \|/g)).toHaveLength(10);
    expect(value).toContain('and 30 more');
  });
  test('drops behind rules', () => {
    const shown = recipeInlays(tree, subject, { start: 0, end: text.length });
    expect(shown.map(({ label }) => label)).toEqual(['2 layers, worst −45.3 points', '−2.1 ± 0.5 points']);
    expect(text.slice(0, shown[0]?.offset)).toMatch(/"int8"$/);
    expect(recipeInlays(tree, subject, { start: 0, end: 5 })).toEqual([]);
  });
  test('lenses', () => {
    expect(recipeLenses(tree, subject).map(({ title }) => title)).toEqual([
      '$(graph) Analyze',
      '$(zap) Quantize…',
      '97.6%, within 1% of float: met',
    ]);
    const strict = recipeTree(recipe('', '"targetDrop": "0.1%",'));
    expect(recipeLenses(strict, subject).at(-1)?.title).toBe('97.6%, within 0.1% of float: missed');
    expect(recipeLenses(tree, subjectOf([], null))).toHaveLength(2);
  });
});

describe('names of any kind', () => {
  const unit = fc.constantFrom(
    'a',
    '"',
    '\\',
    '`',
    '*',
    '?',
    '|',
    '\n',
    '\u202e',
    '</script>',
    '$',
    '}',
    '\ud800',
    '__proto__',
  );
  const names = fc.uniqueArray(fc.string({ unit, minLength: 1, maxLength: 6 }), {
    minLength: 1,
    maxLength: 5,
  });

  test('are completed, hovered, renamed and mended to themselves', () => {
    fc.assert(
      fc.property(names, (all) => {
        const [first = ''] = all;
        const analysed = { ...report, layers: all.map((name) => layer(name, 0.4)), keepFloat: all };
        const hostile = subjectOf(all, analysed);
        const text = recipe(`${JSON.stringify(first)}: "int8"`);
        const tree = recipeTree(text);
        for (const { edits } of recipeActions(tree, hostile, { start: 0, end: text.length }))
          expect(() => parseRecipe(applyEdits(text, edits()), 'r')).not.toThrow();
        const at = text.indexOf(JSON.stringify(first));
        for (const { text: written } of recipeCompletion(tree, hostile, at + 1))
          expect(typeof JSON.parse(written)).toBe('string');
        const { value = '' } = recipeHover(tree, hostile, at) ?? {};
        expect(value.split('\n').filter((line) => line.startsWith('|')).length).toBeLessThanOrEqual(
          2 + all.length,
        );
        for (const { message } of recipeDiagnostics(tree, hostile)) expect(message).not.toMatch(/[\n\u202e]/);
      }),
      { numRuns: 300 },
    );
  });
  test('and texts of any kind', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '"layers"',
      ':',
      '"*"',
      '"int8"',
      ',',
      '[',
      ']',
      '"version"',
      '1',
      '//',
      '\n',
      '"',
    );
    fc.assert(
      fc.property(fc.string({ unit: pieces, maxLength: 30 }), fc.nat(200), (text, at) => {
        const tree = recipeTree(text);
        const offset = Math.min(at, text.length);
        for (const { place } of recipeDiagnostics(tree, subject))
          expect(place.end).toBeGreaterThanOrEqual(place.start);
        recipeCompletion(tree, subject, offset);
        recipeHover(tree, subject, offset);
        recipeInlays(tree, subject, { start: 0, end: text.length });
      }),
      { numRuns: 500 },
    );
  });
  test('brackets without end', () => {
    expect(problems('['.repeat(200_000), subject).length).toBeGreaterThan(0);
  });
});

test('a name is looked up: 5,000 rules read each name of 5,000 layers a few times', () => {
  let reads = 0;
  const layers = Array.from({ length: 5000 }, (_, i) => ({
    get name() {
      reads++;
      return `block.${i}.conv`;
    },
    ...{ opType: 'Conv', choices: convChoices },
  }));
  const big = recipeSubject(model, { profile: 'x86', layers, operators: [], tensors: new Set() }, report);
  reads = 0;
  const rules = Array.from({ length: 5000 }, (_, i) => `"block.${i}.conv": "float"`).join(',');
  expect(problems(recipe(`"block.1*": "int8", ${rules}`), big)).toHaveLength(1);
  expect(reads).toBeLessThan(10 * 5000);
});
