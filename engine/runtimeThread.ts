// The thread that onnxruntime runs on. Its native run() blocks, so nothing else lives here.
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { parentPort } from 'node:worker_threads';
import { clipsOf } from './calibrate/methods/clipOf';
import { gridOf } from './stats/integerGrid';
import { EngineError, errorText } from './shared/engineError';
import { createRater, type Rater } from './data/metrics/rater';
import type { Tensor, TensorData } from './onnx/tensors/tensor';
import { ValueCounter } from './stats/valueCounter';
import { freeBuffer } from './runtime/freeBuffer';
import { losesNames, plainModel, withOwnNames, type PlainModel } from './runtime/plainModel';
import { concatenate, runSteps } from './runtime/runSteps';
import { ownData, shareTensor } from './runtime/shareTensor';
import type {
  Feeds,
  SessionOptions,
  WorkerCalls,
  WorkerKind,
  WorkerRequest,
  WorkerResponse,
  Sequence,
} from './runtime/workerProtocol';
import { ownValue } from './shared/ownValue';

interface Loaded {
  session: InferenceSession;
  /** The names that onnxruntime knows it by, where they are not its own. */
  plain: PlainModel | null;
  counter: ValueCounter;
  rater: Rater | null;
}

/** Whatever is below it would reach the terminal through native stderr; errors are thrown too. */
const FATAL = 4;

const loaded = new Map<number, Loaded>();

function find(session: number): Loaded {
  const found = loaded.get(session);
  if (found === undefined) throw new Error(`session ${session} is not loaded`);
  return found;
}

/** onnxruntime's own settings, by their names there. */
function sessionSettings({ optimizedModelPath, dataFolder }: SessionOptions): Record<string, unknown> {
  return {
    // Spinning threads take the core that another worker needs.
    intra_op: { allow_spinning: '0' },
    ...(dataFolder === undefined ? {} : { model_external_initializers_file_folder_path: dataFolder }),
    ...(dataFolder === undefined || optimizedModelPath === undefined
      ? {}
      : { optimized_model_external_initializers_file_name: 'optimized.data' }),
  };
}

function sessionOptions(options: SessionOptions): InferenceSession.SessionOptions {
  const { threads, optimizedModelPath, unfused, profilePrefix } = options;
  return {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    // Pairs are fused from the extended level on.
    graphOptimizationLevel: unfused === true ? 'basic' : 'all',
    logSeverityLevel: FATAL,
    extra: { session: sessionSettings(options) },
    ...(optimizedModelPath === undefined ? {} : { optimizedModelFilePath: optimizedModelPath }),
    ...(profilePrefix === undefined ? {} : { enableProfiling: true, profileFilePrefix: profilePrefix }),
  };
}

/** Loads a model under its own names, or under plain ones where onnxruntime does not take its own. */
async function createSession(
  model: Uint8Array,
  options: SessionOptions,
  plain = losesNames(model, options.profilePrefix !== undefined) ? plainModel(model) : null,
): Promise<{ created: InferenceSession; plain: PlainModel | null }> {
  try {
    return { created: await InferenceSession.create(plain?.bytes ?? model, sessionOptions(options)), plain };
  } catch (thrown) {
    // Only now: to see that nodes share a name takes decoding the model.
    if (plain === null && errorText(thrown).includes('same node name'))
      return createSession(model, options, plainModel(model));
    throw new Error(withOwnNames(errorText(thrown), plain?.names ?? null), { cause: thrown });
  }
}

function toOrt(feeds: Feeds, nameOf: (name: string) => string): Record<string, OrtTensor> {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, t]) => [
      nameOf(name),
      new OrtTensor(t.type, ownData(t.data) as Float32Array, t.dims),
    ]),
  );
}

function plainTensor(tensor: OrtTensor): Tensor {
  return {
    type: tensor.type as Tensor['type'],
    dims: [...tensor.dims],
    data: tensor.data as TensorData,
  };
}

async function run(session: number, feeds: Feeds, outputs: string[]) {
  const { session: loadedSession, plain } = find(session);
  // onnxruntime cannot be asked for nothing.
  if (outputs.length === 0) return { results: {}, milliseconds: 0 };
  const nameOf = (name: string) => plain?.plainOf.get(name) ?? name;
  const inputs = toOrt(feeds, nameOf);
  const wanted = outputs.map(nameOf);
  try {
    const start = performance.now();
    const ran = await loadedSession.run(inputs, wanted, { logSeverityLevel: FATAL });
    const milliseconds = performance.now() - start;
    const own = Object.entries(ran).map(
      ([name, t]) => [withOwnNames(name, plain?.names ?? null), t] as const,
    );
    return { results: Object.fromEntries(own), milliseconds };
  } catch (thrown) {
    throw new Error(withOwnNames(errorText(thrown), plain?.names ?? null), { cause: thrown });
  }
}

/** Runs all steps of a sample; their answers are along the first axis. */
async function runAll(session: number, feeds: Feeds, outputs: string[], sequence: Sequence | undefined) {
  const wanted = [...new Set([...outputs, ...Object.values(sequence?.carry ?? {})])];
  const parts = new Map<string, Tensor[]>(outputs.map((name) => [name, []]));
  let milliseconds = 0;
  const step = async (fed: Feeds) => {
    const ran = await run(session, fed, wanted);
    milliseconds += ran.milliseconds;
    return ran.results;
  };
  for await (const { answers } of runSteps(feeds, sequence, step, plainTensor)) {
    for (const [name, tensor] of Object.entries(answers)) parts.get(name)?.push(plainTensor(tensor));
  }
  const joined = [...parts].map(([name, tensors]) => [name, concatenate(tensors)] as const);
  return { outputs: Object.fromEntries(joined), milliseconds };
}

const calls: { [K in WorkerKind]: (params: WorkerCalls[K]['params']) => Promise<WorkerCalls[K]['result']> } =
  {
    async load({ session, model, options, rules }) {
      const rater = rules === undefined ? null : createRater(rules);
      const { created, plain } = await createSession(model, options);
      loaded.set(session, { session: created, plain, counter: new ValueCounter(), rater });
      const names = plain?.names ?? null;
      const shapes = created.outputMetadata.flatMap((o): [string, (number | string)[]][] =>
        o.isTensor
          ? [[withOwnNames(o.name, names), o.shape.map((d) => (d === '' || d === -1 ? '?' : d))]]
          : [],
      );
      return { shapes, names };
    },
    async run({ session, feeds, outputs, sequence, share }) {
      const ran = await runAll(session, feeds, outputs, sequence);
      if (share === null) return ran;
      const shared = Object.entries(ran.outputs).map(
        ([name, tensor]) => [name, shareTensor(tensor, ownValue(share.old, name))] as const,
      );
      return { ...ran, outputs: Object.fromEntries(shared) };
    },
    async rate({ session, feeds, outputs, sequence, known, expected }) {
      const { rater } = find(session);
      if (rater === null) throw new Error(`session ${session} has no rules to rate by`);
      const ran = await runAll(session, feeds, outputs, sequence);
      const rating = rater.rate({ ...known, ...ran.outputs }, expected);
      for (const { data } of Object.values(ran.outputs)) if (data instanceof Float32Array) freeBuffer(data);
      return { rating, milliseconds: ran.milliseconds };
    },
    async observe({ session, feeds, tensors, sample, sequence }) {
      // An input of the graph cannot be asked for as an output.
      const computed = tensors.filter((name) => ownValue(feeds, name) === undefined);
      const wanted = [...new Set([...computed, ...Object.values(sequence?.carry ?? {})])];
      const step = async (fed: Feeds) => (await run(session, fed, wanted)).results;
      const { counter } = find(session);
      for await (const { feeds: fed, answers } of runSteps(feeds, sequence, step, plainTensor)) {
        for (const name of tensors) {
          const data = ownValue(fed, name)?.data ?? ownValue(answers, name)?.data;
          if (data instanceof Float32Array) counter.add(name, data, sample);
        }
        const carried = new Set(Object.values(sequence?.carry ?? {}));
        for (const [name, { data }] of Object.entries(answers)) {
          if (!carried.has(name) && data instanceof Float32Array) freeBuffer(data);
        }
      }
      return null;
    },
    histograms({ session }) {
      return Promise.resolve(find(session).counter.states());
    },
    clips({ methods, symmetric, histograms }) {
      const clipped = Object.entries(histograms).map(
        ([name, state]) => [name, clipsOf(methods, state, gridOf(symmetric, state))] as const,
      );
      return Promise.resolve(Object.fromEntries(clipped));
    },
    endProfiling({ session }) {
      find(session).session.endProfiling();
      return Promise.resolve(null);
    },
    async release({ session }) {
      const found = loaded.get(session);
      loaded.delete(session);
      await found?.session.release();
      return null;
    },
  };

async function answer(request: WorkerRequest): Promise<WorkerResponse> {
  try {
    const call = calls[request.kind] as (params: unknown) => Promise<unknown>;
    return { id: request.id, result: await call(request.params) };
  } catch (thrown) {
    const data = thrown instanceof EngineError ? thrown.toData() : null;
    return { id: request.id, error: errorText(thrown), data };
  }
}

const port = parentPort;
let last = Promise.resolve();
port?.on('message', (request: WorkerRequest | null) => {
  // Without its port nothing keeps the thread.
  if (request === null) port.close();
  // One after the other: onnxruntime begins a run in a later turn, and the time of one would have the others' in it.
  else last = last.then(async () => port.postMessage(await answer(request)));
});
