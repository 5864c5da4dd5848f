import { fork, type ChildProcess } from 'node:child_process';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createMessageConnection,
  ErrorCodes,
  IPCMessageReader,
  IPCMessageWriter,
  LSPErrorCodes,
  ResponseError,
  type MessageConnection,
} from 'vscode-languageserver-protocol/node';
import { checkParams, requestNames } from '../../../engine/server/checkParams';
import type { Requests } from '../../../engine/shared/protocol/requests';
import type { AnalyzeSettings } from '../../../engine/shared/protocol/settings';
import type { ErrorData } from '../../../engine/shared/protocol/error';

let engine: ChildProcess;
let connection: MessageConnection;

const start = () => {
  engine = fork('dist/engine.js', ['--node-ipc'], { execArgv: [], silent: true });
  connection = createMessageConnection(new IPCMessageReader(engine), new IPCMessageWriter(engine));
  connection.listen();
};

async function refusal(method: string, ...params: unknown[]): Promise<ResponseError<ErrorData>> {
  const thrown: unknown = await connection.sendRequest(method, ...params).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof ResponseError)) throw new Error(`${method} was not refused`);
  return thrown as ResponseError<ErrorData>;
}

beforeAll(async () => {
  start();
  await connection.sendRequest('initialize', { processId: process.pid, rootUri: null, capabilities: {} });
  await connection.sendNotification('initialized', {});
});
afterAll(() => {
  connection.dispose();
  engine.kill();
});

const path = '/no/model.onnx';
const settings: Required<AnalyzeSettings> = {
  data: '/no/data',
  preset: 'ocr',
  samples: 2,
  weights: 'per-channel',
  calibration: 'max',
  profile: 'arm',
  targetDrop: 0.5,
  recipe: {
    layers: [{ match: '*', choice: 'int8' }],
    operators: [{ match: 'Add', choice: 'float' }],
    remedies: ['round'],
    clips: [['x', 1]],
  },
  skipFailed: true,
  calibrated: '/no/file',
};
const right: { [M in keyof Requests]: Requests[M]['params'] } = {
  'quantscope/open': { path },
  'quantscope/previous': { path },
  'quantscope/analyze': { path, settings },
  'quantscope/quantize': {
    path,
    settings: { ...settings, output: '/no/output', reproducible: true, keepFloat: ['a'] },
  },
  'quantscope/plan': {
    path,
    settings: {
      ...settings,
      budgets: [{ resource: 'bytes', limit: 0.3, isShare: true }],
      ...{ along: 'bytes', grids: ['int16'], by: 'noise', verifyAll: false },
    },
  },
  'quantscope/text': { path, uri: 'quantscope-text:/no' },
  'quantscope/graph': { path },
  'quantscope/checkOutput': { path, output: '/no/output', data: '/no/data' },
  'quantscope/stamp': { path, data: '/no/data' },
  'quantscope/tryClip': { path, settings, layer: 'a', tensor: 'x', clip: 1, samples: 1 },
  'quantscope/layer': { path, layer: 'a' },
  'quantscope/pageParts': { path },
  'quantscope/scatter': { path, settings, layer: 'a' },
  'quantscope/remediedInputs': { path, settings, layer: 'a' },
  'quantscope/recipe': { path, text: '{}', file: '/no/a.quant.json' },
  'quantscope/hover': { path, line: 'a line', column: 1 },
  'quantscope/data': { path, data: '/no/data', preset: 'ocr' },
};
const invalid = new Set<number>([ErrorCodes.InvalidParams]);
/** They say what they find, and find nothing. */
const answered = new Set(['quantscope/stamp', 'quantscope/hover']);

type Place = (string | number)[];

/** Where every value within a value stands, itself among them. */
function placesIn(value: unknown, at: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, part]) => placesIn(part, [...at, key]))];
}

/** A copy with another value in a place. */
function replaced(value: unknown, [key, ...others]: Place, by: unknown): unknown {
  if (key === undefined) return by;
  if (Array.isArray(value))
    return value.map((part: unknown, index) => (String(index) === key ? replaced(part, others, by) : part));
  const whole = value as Record<string, unknown>;
  return { ...whole, [key]: replaced(whole[key], others, by) };
}

function valueAt(value: unknown, place: Place): unknown {
  return place.reduce<unknown>((part, key) => (part as Record<string, unknown>)[key], value);
}

const kindOf = (value: unknown) =>
  value === null ? 'null' : Array.isArray(value) ? 'list' : (typeof value as string);

describe('parameters of a request', () => {
  test('are known of every request that there is', () => {
    expect([...requestNames].sort()).toEqual(Object.keys(right).sort());
  });

  test.each(requestNames)('%s says which one is missing or wrong, and never Unexpected', async (method) => {
    for (const params of [[], [null], [{}], [[]], [[null]], [[{}, {}]], [5], ['a'], [true], [{ path: 5 }]]) {
      const { code, message, data } = await refusal(method, ...params);
      expect(code).toBe(ErrorCodes.InvalidParams);
      expect(message).toMatch(new RegExp(`^${method}: params(\\.path)? is `));
      expect(data).toMatchObject({ code: 'bad-option', message });
      expect(data?.hint).toMatch(/^It has to be /);
    }
  });

  test.each(requestNames)('%s takes what is right', async (method) => {
    const others = { ...right[method], unknown: 1 };
    for (const params of [right[method], others]) {
      const thrown: unknown = await connection.sendRequest(method, params).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (answered.has(method)) expect(thrown).toBeUndefined();
      else expect(thrown).toMatchObject({ code: LSPErrorCodes.RequestFailed, data: { code: 'not-found' } });
    }
  });

  test.each(requestNames)('%s names a value of the wrong kind, wherever it stands', async (method) => {
    const params = right[method];
    const wrong = fc.constantFrom<unknown>(null, 5, 'a', true, [], {}, [null], { a: 1 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...placesIn(params)), wrong, async (place, by) => {
        const before = valueAt(params, place);
        fc.pre(kindOf(before) !== kindOf(by) || (kindOf(by) === 'object' && place.length === 0));
        const thrown: unknown = await connection.sendRequest(method, replaced(params, place, by)).then(
          () => undefined,
          (error: unknown) => error,
        );
        // Some may be null; an empty list is one.
        if (thrown === undefined) {
          expect(answered.has(method)).toBe(true);
          return;
        }
        const { code, message } = thrown as ResponseError<ErrorData>;
        expect(message).not.toContain('Unexpected');
        if (by === null && !invalid.has(code)) {
          expect(['preset', 'samples', 'keepFloat', 'data']).toContain(place.at(-1));
          return;
        }
        expect(code).toBe(ErrorCodes.InvalidParams);
        const at = place.map((key) => (/^\d+$/.test(String(key)) ? `[${key}]` : `.${key}`)).join('');
        expect(message.startsWith(`${method}: params${at}`)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test.each<[change: object, hint: string]>([
    [{ data: undefined }, 'a text'],
    [{ data: 5 }, 'a text'],
    [{ preset: 'x' }, 'one of "imagenet", "ocr", "0-1", "-1-1"'],
    [{ samples: 0 }, 'a whole number from 1'],
    [
      { calibration: 'percentile:20' },
      'max, entropy, mse, mixed, auto, or percentile:P with P from 50 to 100',
    ],
    [{ targetDrop: 2 }, 'a number from 0 to 1'],
    [{ skipFailed: null }, 'true or false'],
    [{ recipe: {} }, 'a list'],
    [{ recipe: null }, 'an object with layers, operators, remedies, clips'],
    [{ recipe: { layers: [], operators: [{ match: 'a', choice: 'x' }] } }, 'one of "int8", "float", "auto"'],
    [{ recipe: { layers: [], operators: [], clips: [['x', 0]] } }, 'a number above 0'],
    [{ recipe: { layers: [], operators: [], clips: [['x', 1, 2]] } }, 'left out'],
  ])('come with a hint of what each has to be: %j', (change, hint) => {
    const params: unknown = JSON.parse(JSON.stringify({ path, settings: { ...settings, ...change } }));
    expect(() => checkParams('quantscope/analyze', params)).toThrow(
      expect.objectContaining({ code: 'bad-option', hint: `It has to be ${hint}.` }) as Error,
    );
  });

  test('of the start are checked too', async () => {
    connection.dispose();
    engine.kill();
    start();
    const initialize = (initializationOptions: unknown) => ({
      ...{ processId: null, rootUri: null, capabilities: {}, initializationOptions },
    });
    for (const options of [5, { threads: 0 }, { threads: 1.5 }, { threads: 'a' }, { memory: [] }]) {
      const { code, message, data } = await refusal('initialize', initialize(options));
      expect(code).toBe(ErrorCodes.InvalidParams);
      expect(data?.hint).toMatch(
        /^It has to be (an object with threads, memory|a whole number from 1|a number)/,
      );
      expect(message).toMatch(/^initializationOptions(\.threads|\.memory)? is /);
    }
    await connection.sendRequest('initialize', initialize({ threads: null }));
    await connection.sendNotification('initialized', {});
    // What the protocol itself asks for is refused by the language server, which goes on.
    for (const method of ['textDocument/hover', 'textDocument/completion', 'textDocument/codeLens'])
      expect((await refusal(method, null)).message).not.toContain('Unexpected');
    expect((await refusal('quantscope/open', { path })).data?.code).toBe('not-found');
  });
});
