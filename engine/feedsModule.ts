// The thread that a user's module of feeds runs in: whatever it does there, it can be ended.
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { errorText } from './shared/engineError';
import type { ModuleAbout, ModuleRequest, ModuleResponse, ModuleStart } from './data/module/moduleProtocol';

const started: unknown = workerData;
const { path, inputs } = started as ModuleStart;

type Exports = Record<string, unknown>;
type Samples = AsyncIterator<unknown> | Iterator<unknown>;

/** Loaded once; a module that fails as it loads fails each request alike. */
const loading = import(pathToFileURL(path).href).then((found: Exports) => unwrapped(found));
// Its error is told where it is asked for.
loading.catch(() => undefined);

/** A CommonJS module has what it exports as its default. */
function unwrapped(found: Exports): Exports {
  const { default: inner } = found;
  return typeof inner === 'object' && inner !== null && !isIterable(inner) ? { ...inner, ...found } : found;
}

function isIterable(value: unknown): value is Iterable<unknown> | AsyncIterable<unknown> {
  return (
    typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value)
  );
}

async function about(): Promise<ModuleAbout> {
  const { length, load, default: stream, metric, alphabet, threshold } = await loading;
  const told = {
    metric: plain(metric ?? null),
    alphabet: plain(alphabet ?? null),
    threshold: plain(threshold ?? null),
  };
  if (typeof load === 'function') {
    const count: unknown = typeof length === 'function' ? await (length as () => unknown)() : length;
    if (typeof count === 'number' && Number.isInteger(count) && count >= 0) return { length: count, ...told };
    throw new Error(
      `it exports "load", and its "length" is ${typeof count === 'number' ? count : typeof count}`,
    );
  }
  if (typeof stream === 'function' || isIterable(stream)) return { length: null, ...told };
  throw new Error('it exports neither a generator as its default nor "length" and "load"');
}

let samples: Promise<Samples> | undefined;

/** The samples of a module that yields them, from the first on. */
async function start(): Promise<Samples> {
  const { default: stream } = await loading;
  const made: unknown =
    typeof stream === 'function' ? await (stream as (given: unknown) => unknown)({ inputs }) : stream;
  if (!isIterable(made)) throw new Error('its default export answered nothing to iterate over');
  return Symbol.asyncIterator in made ? made[Symbol.asyncIterator]() : made[Symbol.iterator]();
}

async function load(index: number): Promise<unknown> {
  const { load } = await loading;
  return (load as (index: number, given: unknown) => unknown)(index, { inputs });
}

/**
 * What can be sent to another thread: arrays are copied, since a view would take all of its buffer along; tensors of
 * other libraries keep what makes them tensors.
 */
function plain(value: unknown): unknown {
  if (ArrayBuffer.isView(value) && !(value instanceof DataView))
    return (value as Float32Array).constructor === Buffer
      ? Uint8Array.from(value as Uint8Array)
      : (Reflect.construct((value as Float32Array).constructor, [value]) as unknown);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if ('data' in value && ('dims' in value || 'shape' in value)) {
    const dims: unknown = 'dims' in value ? value.dims : 'shape' in value ? value.shape : [];
    return { type: 'type' in value ? value.type : undefined, dims: plain(dims), data: plain(value.data) };
  }
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
}

async function answer({ id, ask }: ModuleRequest): Promise<ModuleResponse> {
  try {
    if (ask === 'about') return { id, kind: 'value', value: await about() };
    if (ask !== 'next') return { id, kind: 'value', value: plain(await load(ask)) };
    const next: IteratorResult<unknown, unknown> = await (await (samples ??= start())).next();
    return next.done === true ? { id, kind: 'done' } : { id, kind: 'value', value: plain(next.value) };
  } catch (thrown) {
    return { id, kind: 'error', text: errorText(thrown) };
  }
}

const port = parentPort;
port?.on('message', (request: ModuleRequest) => {
  void answer(request).then((response) => {
    try {
      port.postMessage(response);
    } catch (thrown) {
      // Functions and the like cannot be sent.
      port.postMessage({ id: request.id, kind: 'error', text: errorText(thrown) });
    }
  });
});
