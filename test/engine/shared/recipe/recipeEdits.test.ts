import fc from 'fast-check';
import { applyEdits } from 'jsonc-parser';
import { describe, expect, test } from 'vitest';
import type {
  LayerChoice,
  OperatorChoice,
  RemedyName,
  WeightGranularity,
} from '../../../../engine/shared/protocol/choices';
import type { Recipe } from '../../../../engine/shared/protocol/recipe';
import { parseRecipe, remedyNames } from '../../../../engine/recipe/parseRecipe';
import { dataIn, decideInRecipe, emptyRecipe, partsIn } from '../../../../engine/shared/recipe/recipeEdits';
import { globMatches } from '../../../../engine/shared/recipe/globMatches';

const names = new Set(['a', 'b', 'c', 'encoder.1', '__proto__']);

/** As of a model that has all of these as convolutions but for `c`. */
const partsOf = partsIn([...names].map((name) => ({ name, opType: name === 'c' ? 'Gemm' : 'Conv' })));
const none = { partsOf: () => null, knowsAll: true };

function decide(text: string, layers: string[], choice: LayerChoice | null, knowsAll = true): string {
  const edits = decideInRecipe(text, {
    ...{ part: 'layers', keys: layers, value: choice },
    ...{ partsOf, knowsAll },
  });
  if (edits === null) throw new Error('refused');
  return applyEdits(text, edits);
}

describe('a decision in a recipe', () => {
  const commented = `{
  // ours
  "version": 1,
  "layers": {
    "a": "int8", // why a
    "encoder.*": "int4", /* all */
    "b": "float" // why b
    // the end
  }
}
`;

  test('begins a new one', () => {
    expect(parseRecipe(decide(emptyRecipe('f00'), ['a', '__proto__'], 'int4'), 'r')).toMatchObject({
      model: 'f00',
      layers: [
        { match: 'a', choice: 'int4' },
        { match: '__proto__', choice: 'int4' },
      ],
    });
  });

  test('changes the choice alone where its rule counts already', () => {
    expect(decide(commented, ['b'], 'float16')).toBe(commented.replace('"b": "float"', '"b": "float16"'));
  });

  test('goes behind a pattern, and leaves comments on their lines', () => {
    expect(decide(commented, ['encoder.1'], 'float')).toBe(
      commented
        .replace('"b": "float" // why b', '"b": "float", // why b')
        .replace('// the end\n', '// the end\n    "encoder.1": "float"\n'),
    );
    expect(decide(commented, ['a'], 'float')).toContain('"a": "float"\n  }');
    expect(parseRecipe(decide(commented, ['a'], 'float'), 'r').layers.map(({ match }) => match)).toEqual([
      'encoder.*',
      'b',
      'a',
    ]);
  });

  test('is taken back by name', () => {
    expect(decide(commented, ['c'], null)).toBe(commented);
    expect(parseRecipe(decide(commented, ['b', 'a'], null), 'r').layers).toEqual([
      { match: 'encoder.*', choice: 'int4' },
    ]);
  });

  test('is taken back where a pattern or a type took it, by the rule itself where it is about nothing else', () => {
    expect(decide(commented, ['encoder.1'], null)).toBe(
      commented.replace('"int4", /* all */', '"auto", /* all */'),
    );
    expect(decide(commented, ['encoder.1'], null, false)).toBe(
      commented
        .replace('"b": "float" // why b', '"b": "float", // why b')
        .replace('// the end\n', '// the end\n    "encoder.1": "auto"\n'),
    );
    const rules = '{"version": 1, "layers": {"Conv": "int4", "*": "int8", "a": "float", "b": "float"}}';
    const open = decide(rules, ['a', 'b'], null);
    expect(open).toBe(rules.replace('"a": "float", "b": "float"', '"a": "auto", "b": "auto"'));
    expect(decide(open, ['a', 'b'], null)).toBe(open);
    // Later rules took the others out of it.
    const others =
      '{"version": 1, "layers": {"Conv": "int4", "b": "float", "encoder.*": "auto", "__proto__": "int8"}}';
    expect(decide(others, ['a'], null)).toBe(others.replace('int4', 'auto'));
    expect(parseRecipe(decide(open, [...names], null), 'r').layers).toEqual([
      { match: 'Conv', choice: 'int4' },
      { match: '*', choice: 'auto' },
    ]);
  });

  test('keeps trailing commas, tabs and line ends', () => {
    const text = '{\r\n\t"version": 1,\r\n\t"layers": {\r\n\t\t"a": "int8",\r\n\t},\r\n}\r\n';
    expect(decide(text, ['b'], 'float')).toBe(
      text.replace('"a": "int8",', '"a": "int8",\r\n\t\t"b": "float",'),
    );
  });

  test('makes the layers where there are none', () => {
    for (const text of ['{"version": 1}', '{"version": 1, "layers": {}}', '{\n  "version": 1, // one\n}\n'])
      expect(parseRecipe(decide(text, ['a', 'b'], 'float'), 'r').layers).toEqual([
        { match: 'a', choice: 'float' },
        { match: 'b', choice: 'float' },
      ]);
    expect(decide('{"version": 1}', ['a'], null)).toBe('{"version": 1}');
  });

  test('of a clip stands in its own part', () => {
    const clip = (text: string, value: number | null) => {
      const edits = decideInRecipe(text, { part: 'clips', keys: ['x/*'], value, ...none });
      return applyEdits(text, edits ?? []);
    };
    const once = clip(commented, 2.5);
    expect(parseRecipe(once, 'r').clips).toEqual([['x/*', 2.5]]);
    expect(parseRecipe(clip(once, 3), 'r').clips).toEqual([['x/*', 3]]);
    expect(parseRecipe(clip(once, null), 'r').clips).toEqual([]);
    expect(once).toContain('// why a');
  });

  test.each(['{', '[]', '', '{"layers": 3}'])('is refused in %s', (text) => {
    expect(decideInRecipe(text, { part: 'layers', keys: ['a'], value: 'float', ...none })).toBeNull();
  });

  test('is the last rule of its layer, whatever was decided before', () => {
    const step = fc.record({
      layers: fc.uniqueArray(fc.constantFrom(...names), { minLength: 1 }),
      choice: fc.constantFrom<(LayerChoice | null)[]>('float', 'int4', 'int8', null),
    });
    const start = fc.constantFrom(commented, emptyRecipe(null), '{"version":1,"layers":{"*":"int8",}}');
    fc.assert(
      fc.property(start, fc.array(step, { maxLength: 8 }), (text, steps) => {
        let now = text;
        for (const { layers, choice } of steps) {
          now = decide(now, layers, choice);
          const rules = parseRecipe(now, 'r').layers;
          for (const layer of layers) {
            const at = rules.findIndex(({ match }) => match === layer);
            if (choice === null) {
              const last = rules.findLast(({ match }) => match === layer || globMatches(match, layer));
              expect([undefined, 'auto']).toContain(last?.choice);
            } else {
              expect(rules[at]?.choice).toBe(choice);
              expect(rules.slice(at).every(({ match }) => names.has(match))).toBe(true);
            }
          }
        }
        for (const comment of text.match(/\/\/.*|\/\*.*?\*\//g) ?? [])
          if (!comment.includes('why')) expect(now).toContain(comment);
      }),
    );
  });
});

describe('a decision about the whole network', () => {
  const remedy = (text: string, value: RemedyName[] | null) => {
    const edits = decideInRecipe(text, { part: 'remedies', value });
    if (edits === null) throw new Error('refused');
    return applyEdits(text, edits);
  };
  const lined = `{
  "version": 1,
  "remedies": [
    // ranges
    "equalize", // theirs
    "round" /* ours */
  ],
  "layers": {}
}
`;

  test('stands in the recipe, and is changed in its place', () => {
    const once = remedy(emptyRecipe('f00'), ['equalize', 'round']);
    expect(once).toBe(emptyRecipe('f00').replace('  }\n}', '  },\n  "remedies": ["equalize", "round"]\n}'));
    expect(remedy(once, ['round', 'gelu10'])).toBe(
      once.replace('["equalize", "round"]', '["round", "gelu10"]'),
    );
    expect(remedy(once, [])).toBe(once.replace('["equalize", "round"]', '[]'));
    expect(remedy(once, ['round', 'equalize'])).toBe(once);
    expect(parseRecipe(remedy(once, null), 'r')).toEqual(parseRecipe(emptyRecipe('f00'), 'r'));
  });

  test('leaves comments in a list where they are', () => {
    expect(remedy(lined, ['equalize', 'gelu10'])).toBe(lined.replace('"round"', '"gelu10"'));
    expect(remedy(lined, ['round', 'equalize', 'gelu10'])).toBe(
      lined.replace('"round" /* ours */\n', '"round", /* ours */\n    "gelu10"\n'),
    );
    expect(parseRecipe(remedy(lined, ['round']), 'r').remedies).toEqual(['round']);
    expect(remedy(lined, [])).toContain('// theirs');
    expect(remedy(lined, null)).toBe('{\n  "version": 1,\n  "layers": {}\n}\n');
  });

  test('takes remedies out where there are none, and says nothing', () => {
    expect(decideInRecipe(lined, { part: 'weights', value: null })).toEqual([]);
  });

  test('says how weights are scaled', () => {
    const weigh = (text: string, value: WeightGranularity | null) =>
      applyEdits(text, decideInRecipe(text, { part: 'weights', value }) ?? []);
    const once = weigh(lined, 'per-channel');
    expect(parseRecipe(once, 'r').weights).toBe('per-channel');
    expect(weigh(once, 'per-tensor')).toBe(once.replace('per-channel', 'per-tensor'));
    expect(parseRecipe(weigh(once, null), 'r')).toEqual(parseRecipe(lined, 'r'));
  });

  test.each(['{', '[]', '{"remedies": "round"}', '{"remedies": {}}'])('is refused in %s', (text) => {
    expect(decideInRecipe(text, { part: 'remedies', value: ['round'] })).toBeNull();
  });

  test('is the only thing that is changed, whatever was decided before', () => {
    const operators = fc.record({
      part: fc.constant('operators' as const),
      keys: fc.uniqueArray(fc.constantFrom('add', 'Softmax', '__proto__'), { minLength: 1 }),
      value: fc.constantFrom<(OperatorChoice | null)[]>('float', 'int8', null),
      partsOf: fc.constant((key: string) => (key === 'Softmax' ? [] : null)),
      knowsAll: fc.constant(false),
    });
    const remedies = fc.record({
      part: fc.constant('remedies' as const),
      value: fc.option(fc.uniqueArray(fc.constantFrom(...remedyNames))),
    });
    const weights = fc.record({
      part: fc.constant('weights' as const),
      value: fc.constantFrom<(WeightGranularity | null)[]>('per-channel', 'per-tensor', null),
    });
    const start = fc.constantFrom(
      lined,
      emptyRecipe('f00'),
      '{"version":1, /* a */ "remedies": ["round", /* b */ "equalize",], "samples": 8 // c\n}',
      '{\r\n\t"version": 1,\r\n\t"operators": {\r\n\t\t"add": "int8", // why\r\n\t},\r\n}\r\n',
    );
    fc.assert(
      fc.property(
        start,
        fc.array(fc.oneof(operators, remedies, weights), { maxLength: 8 }),
        (text, steps) => {
          let now = text;
          for (const step of steps) {
            const { [step.part]: before, ...others } = parseRecipe(now, 'r');
            const edits = decideInRecipe(now, step);
            if (edits === null) throw new Error('refused');
            now = applyEdits(now, edits);
            const { [step.part]: after, ...rest } = parseRecipe(now, 'r');
            expect(rest).toEqual(others);
            if (step.part === 'weights') expect(after).toBe(step.value ?? undefined);
            else if (step.part === 'operators') {
              const rules = after as Recipe['operators'];
              const left = new Map(rules.map((rule) => [rule.match, rule.choice]));
              for (const key of step.keys) expect(left.get(key)).toBe(step.value ?? undefined);
            } else if (step.value === null) expect(after).toBeUndefined();
            else {
              expect([...(after as RemedyName[])].sort()).toEqual([...step.value].sort());
              const stayed = ((before ?? []) as RemedyName[]).filter((name) => step.value?.includes(name));
              const kept = (after as RemedyName[]).filter((name) => stayed.includes(name));
              expect(kept).toEqual(stayed);
            }
          }
          // Comments in a list go with it, those behind a rule with the rule.
          const own = ['// ranges', '// theirs', '/* ours */', '/* b */', '// why'];
          for (const comment of text.match(/\/\/.*|\/\*.*?\*\//g) ?? [])
            if (!own.includes(comment.trim())) expect(now).toContain(comment);
        },
      ),
    );
  });
});

test('the data that a recipe names is found in a broken one, and in no file of another tool', () => {
  expect(dataIn('{ // ours\n "version": 1, "data": "lines", "layers": { "a": ')).toBe('lines');
  expect(dataIn('{ "version": 1 }')).toBeNull();
  expect(dataIn('{ "data": "lines", "bits": 8 }')).toBeNull();
  expect(dataIn('{ "version": "2.1", "data": "lines" }')).toBeNull();
});
