import { beforeEach, expect, test, vi } from 'vitest';
import type { LogOutputChannel, Uri } from 'vscode';
import type { ResolvedRecipe } from '../../../engine/shared/protocol/requests';
import type { ErrorData } from '../../../engine/shared/protocol/error';
import type { Recipe } from '../../../engine/shared/protocol/recipe';
import type { RecipeDecision } from '../../../engine/shared/recipe/recipeEdits';
import { RecipeDecisions } from '../../../extension/recipe/recipeDecisions';

vi.mock('vscode', () => ({
  EventEmitter: class {
    private readonly heard: (() => void)[] = [];
    readonly event = (listener: () => void) => this.heard.push(listener);
    fire = () => this.heard.forEach((listener) => listener());
  },
}));

const disk = vi.hoisted(() => ({
  text: null as string | null,
  decided: [] as unknown[],
  changed: [] as (() => void)[],
}));
vi.mock('../../../extension/recipe/recipeFile', () => ({
  RecipeFile: class {
    uri = { fsPath: '/m/rec.quant.json' };
    onDidChange = (listener: () => void) => disk.changed.push(listener);
    read = () => Promise.resolve(disk.text);
    decide = (decision: RecipeDecision, hash: string | null) => {
      disk.decided.push([decision, hash]);
      return Promise.resolve();
    };
  },
}));

beforeEach(() => {
  disk.text = null;
  disk.decided.length = 0;
  disk.changed.length = 0;
});

const open: Recipe = { version: 1, layers: [], operators: [] };
const problem: ErrorData = { code: 'bad-option', message: 'rec.quant.json:3: no.', hint: 'Mend it.' };

/** Decisions beside a model of two layers, whose recipe's text names what the engine answers. */
function setting(
  answers: Record<string, ResolvedRecipe>,
  answer = (text: string) => {
    const found = answers[text];
    return found === undefined ? Promise.reject(new Error('no engine')) : Promise.resolve(found);
  },
) {
  const warned: string[] = [];
  let reads = 0;
  const decisions = new RecipeDecisions(
    {
      uri: {} as unknown as Uri,
      summary: () => ({ hash: 'abc', layers: ['a', 'b'].map((name) => ({ name, opType: 'Conv' })) }) as never,
      report: () => ({ operators: [{ name: 'softmax', opType: 'Softmax' }] }) as never,
      resolve: (text, file) => {
        expect(file).toBe('/m/rec.quant.json');
        return answer(text);
      },
    },
    { warn: (line: string) => warned.push(line) } as unknown as LogOutputChannel,
  );
  decisions.onDidRead(() => (reads += 1));
  return { decisions, warned, reads: () => reads };
}

const answers: Record<string, ResolvedRecipe> = {
  good: {
    recipe: {
      ...open,
      ...{ targetDrop: 0.02, data: '/m/samples.npz', clips: [['x', 3]] },
      layers: [{ match: 'a', choice: 'float' }],
    },
    choices: [['a', 'float']],
    operators: [['softmax', 'float']],
    problems: [],
  },
  open: { recipe: open, choices: [], operators: [], problems: [] },
  partly: { recipe: open, choices: [], operators: [], problems: [problem] },
  broken: { recipe: null, choices: [], operators: [], problems: [problem] },
};

test('no recipe decides nothing', async () => {
  const { decisions, reads } = setting(answers);
  await decisions.refresh();
  expect(reads()).toBe(1);
  expect([decisions.rules, decisions.choices, decisions.data]).toEqual([null, [], undefined]);
  expect(await decisions.settings()).toEqual({});
});

test('a recipe that leaves all parts open is as none', async () => {
  const { decisions } = setting(answers);
  disk.text = 'open';
  await decisions.refresh();
  expect(decisions.rules).toBeNull();
  expect(await decisions.settings()).toEqual({});
});

test('what the recipe says is in place of settings', async () => {
  const { decisions } = setting(answers);
  disk.text = 'good';
  const recipe = { layers: [{ match: 'a', choice: 'float' }], operators: [], clips: [['x', 3]] };
  expect(await decisions.settings()).toEqual({ targetDrop: 0.02, recipe });
  expect(decisions.rules).toEqual(recipe);
  expect(decisions.data).toBe('/m/samples.npz');
});

test('what could be read last stays while the file is being written', async () => {
  const { decisions, warned, reads } = setting(answers);
  disk.text = 'good';
  await decisions.refresh();
  for (const text of ['broken', 'unanswered']) {
    disk.text = text;
    await decisions.refresh();
    expect(decisions.choices).toEqual([['a', 'float']]);
  }
  expect(reads()).toBe(1);
  expect(warned).toEqual(['/m/rec.quant.json: no engine']);
  disk.text = 'partly';
  disk.changed.forEach((heard) => heard());
  await vi.waitFor(() => expect(reads()).toBe(2));
  expect(warned.at(-1)).toBe(problem.message);
  expect(decisions.choices).toEqual([]);
});

test('what was read last counts, whichever answer comes last', async () => {
  const waiting = new Map<string, (answer: ResolvedRecipe) => void>();
  const { decisions } = setting(answers, (text) => new Promise((done) => waiting.set(text, done)));
  const reading = ['good', 'open'].map((text) => {
    disk.text = text;
    return decisions.refresh();
  });
  await vi.waitFor(() => expect(waiting.size).toBe(2));
  for (const text of ['open', 'good']) {
    const answer = answers[text];
    if (answer !== undefined) waiting.get(text)?.(answer);
    await new Promise((done) => setTimeout(done));
  }
  await Promise.all(reading);
  expect(decisions.choices).toEqual([]);
});

test('a model is not made by half of what was decided', async () => {
  const { decisions } = setting(answers);
  for (const text of ['broken', 'partly']) {
    disk.text = text;
    await expect(decisions.settings()).rejects.toThrow(problem.message);
  }
});

test('decisions are written one after another, with names told from patterns', async () => {
  const { decisions, reads } = setting(answers);
  await Promise.all([
    decisions.decideLayers(['a'], 'float'),
    decisions.decideClip('x', null),
    decisions.decideOperators(['softmax'], 'float'),
    decisions.decideNetwork({ remedies: ['equalize'], weights: null }),
  ]);
  const written = disk.decided as [RecipeDecision, string][];
  expect(written.map(([{ part, value }, hash]) => [part, value, hash])).toEqual([
    ['layers', 'float', 'abc'],
    ['clips', null, 'abc'],
    ['operators', 'float', 'abc'],
    ['remedies', ['equalize'], 'abc'],
    ['weights', null, 'abc'],
  ]);
  const rules = written.flatMap(([decision]) => ('keys' in decision ? [decision] : []));
  expect(rules.map(({ keys }) => keys)).toEqual([['a'], ['x'], ['softmax']]);
  expect(rules.map(({ partsOf }) => ['b', 'a*', 'Conv', 'softmax', 'Softmax'].map(partsOf))).toEqual([
    [null, ['a'], ['a', 'b'], [], []],
    [null, null, null, null, null],
    [[], [], [], null, ['softmax']],
  ]);
  // The report knows some of the operators, and a rule may speak of more.
  expect(rules.map(({ knowsAll }) => knowsAll)).toEqual([true, true, false]);
  expect(reads()).toBe(4);
});
