import * as vscode from 'vscode';
import type { Requests } from '../../engine/shared/protocol/requests';
import type { AnalyzeSettings } from '../../engine/shared/protocol/settings';
import type { ErrorData } from '../../engine/shared/protocol/error';
import type { Answer, FromWebview } from '../../engine/shared/protocol/webview';
import { toErrorData } from '../common/failure';
import type { ModelSession } from '../session/modelSession';
import type { Services } from '../session/services';

type LayerMessage = Extract<
  FromWebview,
  { type: 'tryClip' | 'layerWeights' | 'compareOutputs' | 'compareInputs' }
>;

/** Samples that are run first, so that something is to be seen soon. */
const FIRST_SAMPLES = 32;

/** The trial that runs for a model, which a newer one takes the place of. */
const trials = new WeakMap<ModelSession, { done: Promise<void> }>();

/** Answers what a view asks about one layer, by messages to all views of the model; what goes wrong is shown there. */
export async function answerLayerRequest(
  message: LayerMessage,
  session: ModelSession,
  services: Services,
): Promise<void> {
  const { layer } = message;
  const { engine } = services;
  const asking = [layer, session, services] as const;
  switch (message.type) {
    case 'layerWeights':
      return sendWeights(...asking);
    case 'compareOutputs':
      return sendRun(
        ...asking,
        (asked, token) => engine.request('quantscope/scatter', asked, token),
        (answer) => session.tell({ type: 'scatter', layer, answer }),
      );
    case 'compareInputs':
      return sendRun(
        ...asking,
        (asked, token) => engine.request('quantscope/remediedInputs', asked, token),
        (answer) => session.tell({ type: 'remediedInputs', layer, answer }),
      );
    case 'tryClip':
      return tryClip(message, session, services);
  }
}

async function sendWeights(layer: string, session: ModelSession, { engine }: Services): Promise<void> {
  session.tell({ type: 'layerWeights', layer, answer: { kind: 'waiting' } });
  try {
    const result = await engine.request('quantscope/layer', { path: session.path, layer });
    session.tell({ type: 'layerWeights', layer, answer: { kind: 'done', result } });
  } catch (thrown) {
    session.tell({ type: 'layerWeights', layer, answer: { kind: 'failed', error: toErrorData(thrown) } });
  }
}

/** Asks what running the model tells of a layer. */
async function sendRun<R>(
  layer: string,
  session: ModelSession,
  services: Services,
  ask: (asked: Requests['quantscope/scatter']['params'], token: vscode.CancellationToken) => Promise<R>,
  tell: (answer: Answer<R>) => void,
): Promise<void> {
  const refused = refusal(session);
  if (refused !== null) {
    tell({ kind: 'failed', error: refused });
    return;
  }
  tell({ kind: 'waiting' });
  try {
    const result = await running(session, services, (token) =>
      ask({ path: session.path, settings: settingsOf(session), layer }, token),
    );
    tell({ kind: 'done', result });
  } catch (thrown) {
    tell({ kind: 'failed', error: toErrorData(thrown) });
  }
}

async function tryClip(
  { layer, tensor, clip }: Extract<LayerMessage, { type: 'tryClip' }>,
  session: ModelSession,
  services: Services,
): Promise<void> {
  const before = trials.get(session);
  let finish = (): void => undefined;
  const own = { done: new Promise<void>((done) => (finish = done)) };
  trials.set(session, own);
  const isNewest = () => trials.get(session) === own;
  const tell = (answer: Extract<Parameters<ModelSession['tell']>[0], { type: 'clipTrial' }>['trial']) =>
    session.tell({ type: 'clipTrial', trial: answer });
  const about = { layer, tensor, clip };
  try {
    tell({ ...about, answer: { kind: 'waiting' }, goesOn: true });
    if (before !== undefined) {
      session.cancel();
      await before.done;
    }
    // One more was let go meanwhile.
    if (!isNewest()) return;
    const refused = refusal(session);
    if (refused !== null) {
      tell({ ...about, answer: { kind: 'failed', error: refused }, goesOn: false });
      return;
    }
    const asked = { path: session.path, settings: settingsOf(session), ...about };
    await running(session, services, async (token) => {
      const ask = (samples: number | null) =>
        services.engine.request('quantscope/tryClip', { ...asked, samples }, token);
      const first = await ask(FIRST_SAMPLES);
      const isPart = first.samples < first.allSamples;
      tell({ ...about, answer: { kind: 'done', result: first }, goesOn: isPart });
      if (!isPart) return;
      try {
        const result = await ask(null);
        tell({ ...about, answer: { kind: 'done', result }, goesOn: false });
      } catch (thrown) {
        if (toErrorData(thrown).code !== 'cancelled') throw thrown;
        // What the first samples told stands.
        if (isNewest()) tell({ ...about, answer: { kind: 'done', result: first }, goesOn: false });
      }
    });
  } catch (thrown) {
    if (isNewest()) tell({ ...about, answer: { kind: 'failed', error: toErrorData(thrown) }, goesOn: false });
  } finally {
    if (isNewest()) trials.delete(session);
    finish();
  }
}

/** Why the model cannot be run now; `null` when it can. */
function refusal(session: ModelSession): ErrorData | null {
  if (session.isRunning)
    return {
      code: 'unsupported',
      message: 'Quantscope is at work on this model already.',
      hint: 'Wait, or cancel that first.',
    };
  if (!vscode.workspace.isTrusted)
    return {
      code: 'unsupported',
      message: 'This runs the model, and the workspace is not trusted.',
      hint: 'Trust the workspace to go on.',
    };
  return null;
}

/** Runs a task with its progress in the views alone: a notification for every drag would be one too many. */
async function running<T>(
  session: ModelSession,
  { sessions }: Services,
  task: (token: vscode.CancellationToken) => Promise<T>,
): Promise<T> {
  try {
    const work = session.run(task);
    await sessions.announceRunning();
    return await work;
  } finally {
    await sessions.announceRunning();
    sessions.release(session);
  }
}

/** Those of the finished analysis, with the data as it is chosen now, and all that the user decided. */
function settingsOf(session: ModelSession): AnalyzeSettings {
  const data = session.data?.data ?? session.report?.settings.data ?? '';
  // Said even where it is empty: the analysis may have had another.
  const recipe = session.recipe.rules ?? { layers: [], operators: [] };
  return { ...session.settingsFor(data), data, recipe };
}
