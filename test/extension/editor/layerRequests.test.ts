import { expect, test, vi } from 'vitest';
import type { ClipTrial } from '../../../engine/shared/protocol/layerDetail';
import type { ToWebview } from '../../../engine/shared/protocol/webview';
import { answerLayerRequest } from '../../../extension/editor/layerRequests';
import type { ModelSession } from '../../../extension/session/modelSession';
import type { Services } from '../../../extension/session/services';

vi.mock('vscode', () => ({ workspace: { isTrusted: true } }));

interface Asked {
  method: string;
  params: { clip?: number; samples?: number | null; settings?: object };
  answer: (result: unknown) => void;
  cancelled: () => boolean;
}

/** A session that runs one task at a time, and an engine that answers when the test says so. */
function setting({ isBusy = false } = {}) {
  const told: ToWebview[] = [];
  const asked: Asked[] = [];
  const cancelled = Object.assign(new Error('cancelled'), {
    data: { code: 'cancelled', message: '', hint: '' },
  });
  let running = isBusy;
  let stop = (): void => undefined;
  const session = {
    path: 'model.onnx',
    data: { data: 'samples.npz' },
    report: null,
    recipe: { rules: { layers: [], operators: [], clips: [['x', 3]] } },
    settingsFor: () => ({ preset: null, samples: 8 }),
    tell: (message: ToWebview) => told.push(message),
    get isRunning() {
      return running;
    },
    cancel: () => stop(),
    run: async (task: (token: unknown) => Promise<unknown>) => {
      running = true;
      const token = { off: false, stops: [] as (() => void)[] };
      stop = () => {
        token.off = true;
        token.stops.forEach((one) => one());
      };
      try {
        return await task(token);
      } finally {
        running = false;
      }
    },
  };
  const engine = {
    request: (method: string, params: Asked['params'], token?: { off: boolean; stops: (() => void)[] }) =>
      new Promise((answer, reject) => {
        token?.stops.push(() => reject(cancelled));
        asked.push({ method, params, answer, cancelled: () => token?.off === true });
      }),
  };
  const sessions = { announceRunning: () => Promise.resolve(), release: () => undefined };
  const services = { engine, sessions } as unknown as Services;
  const tryClip = (clip: number) =>
    answerLayerRequest(
      { type: 'tryClip', layer: 'l', tensor: 't', clip },
      session as unknown as ModelSession,
      services,
    );
  const trials = () =>
    told.flatMap((m) =>
      m.type === 'clipTrial' ? [[m.trial.clip, m.trial.answer.kind, m.trial.goesOn]] : [],
    );
  const next = (count: number) => vi.waitFor(() => expect(asked).toHaveLength(count));
  return { session: session as unknown as ModelSession, services, told, asked, tryClip, trials, next };
}

const trial = (samples: number) => ({ samples, allSamples: 100 }) as ClipTrial;

test('a clip is tried on few samples, and then on all', async () => {
  const { asked, tryClip, trials, next } = setting();
  const done = tryClip(2);
  await next(1);
  expect(asked[0]).toMatchObject({
    method: 'quantscope/tryClip',
    params: {
      ...{ path: 'model.onnx', layer: 'l', tensor: 't', clip: 2, samples: 32 },
      settings: { data: 'samples.npz', samples: 8, recipe: { clips: [['x', 3]] } },
    },
  });
  asked[0]?.answer(trial(32));
  await next(2);
  expect(asked[1]?.params.samples).toBeNull();
  asked[1]?.answer(trial(100));
  await done;
  expect(trials()).toEqual([
    [2, 'waiting', true],
    [2, 'done', true],
    [2, 'done', false],
  ]);
});

test('a clip that is let go later takes the place of the one that is tried', async () => {
  const { asked, tryClip, trials, next } = setting();
  const first = tryClip(2);
  await next(1);
  const [second, third] = [tryClip(3), tryClip(4)];
  await first;
  await second;
  expect(asked[0]?.cancelled()).toBe(true);
  await next(2);
  // The second was passed over before it began.
  expect(asked[1]?.params.clip).toBe(4);
  asked[1]?.answer(trial(100));
  await third;
  expect(trials().filter(([, kind]) => kind !== 'waiting')).toEqual([[4, 'done', false]]);
});

test('what few samples told stands when the rest is cancelled', async () => {
  const { session, asked, tryClip, trials, next } = setting();
  const done = tryClip(2);
  await next(1);
  asked[0]?.answer(trial(32));
  await next(2);
  session.cancel();
  await done;
  expect(trials().at(-1)).toEqual([2, 'done', false]);
});

test('nothing is tried while something else runs', async () => {
  const { asked, tryClip, told, session, services } = setting({ isBusy: true });
  await tryClip(2);
  await answerLayerRequest({ type: 'compareOutputs', layer: 'l' }, session, services);
  expect(asked).toEqual([]);
  expect(JSON.stringify(told.at(-1))).toContain('at work on this model already');
  expect(told.at(-1)).toMatchObject({ type: 'scatter', answer: { kind: 'failed' } });
});

test('weights are read whatever runs', async () => {
  const { asked, told, session, services, next } = setting({ isBusy: true });
  const done = answerLayerRequest({ type: 'layerWeights', layer: 'l' }, session, services);
  await next(1);
  asked[0]?.answer({ layer: 'l' });
  await done;
  expect(told.map((m) => 'answer' in m && m.answer.kind)).toEqual(['waiting', 'done']);
});

test.each([
  ['compareOutputs', 'quantscope/scatter', 'scatter'],
  ['compareInputs', 'quantscope/remediedInputs', 'remediedInputs'],
] as const)('%s is answered with what running the model tells', async (type, method, answered) => {
  const { asked, told, session, services, next } = setting();
  const done = answerLayerRequest({ type, layer: 'l' }, session, services);
  await next(1);
  const settings = { data: 'samples.npz', recipe: { clips: [['x', 3]] } };
  expect(asked[0]).toMatchObject({ method, params: { path: 'model.onnx', layer: 'l', settings } });
  asked[0]?.answer({ layer: 'l' });
  await done;
  const about = { type: answered, layer: 'l' };
  expect(told).toEqual([
    { ...about, answer: { kind: 'waiting' } },
    { ...about, answer: { kind: 'done', result: { layer: 'l' } } },
  ]);
});
