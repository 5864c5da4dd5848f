import { basename } from 'node:path';
import { EngineError } from '../../shared/engineError';
import { throwIfCancelled } from '../../common/cancellation';
import type { MetricName } from '../../shared/protocol/choices';
import { badData } from '../samples/badData';
import type { Dataset, InputSpec, OpenOptions, Sample, SampleSource } from '../samples/dataset';
import { JsonValue } from '../samples/jsonValue';
import type { ModuleAbout } from './moduleProtocol';
import { moduleSample } from './moduleSample';
import { metricNames } from '../manifest/parseManifest';
import { RunModule } from './runModule';
import { SampleStore } from './sampleStore';
import { MIN_SAMPLES_TO_SPLIT, splitSamples } from '../samples/splitSamples';
import { hasThreshold, suggestedMetric } from '../samples/truthKinds';

/** Nobody calibrates on more; a stream without end has to end. */
const MOST_SAMPLES = 1_000_000;

/**
 * Opens a user's JavaScript module that yields feeds: an (async) generator as its default export, or `length` and `load(index)`.
 * It runs in a thread of its own. A sample is made once and kept on disk, so that every pass sees the same, however
 * random the module. A stream is read to its end, or as far as `samples` of both parts reach.
 * @throws EngineError `bad-data` that names the module and the sample; `cancelled`
 */
export async function openModule(
  path: string,
  inputs: readonly InputSpec[],
  { samples = null, signal, onSample }: OpenOptions,
): Promise<Dataset> {
  const name = basename(path);
  const module = new RunModule(path, inputs);
  const stop = () => module.end(new EngineError('cancelled', 'Cancelled.', ''));
  throwIfCancelled(signal);
  // Kept for as long as the run lasts: samples by number are made during it.
  signal?.addEventListener('abort', stop, { once: true });
  const made = (value: unknown, index: number) => moduleSample(value, inputs, `${name}: sample ${index}`);
  try {
    const about = await module.about();
    const most = samples === null ? MOST_SAMPLES : Math.max(MIN_SAMPLES_TO_SPLIT, 2 * samples);
    const stream = about.length === null ? await readStream(module, made, most, onSample) : null;
    const source = stream?.source ?? (await sampleByNumber(module, made, about.length ?? 0));
    if (source.length === 0) throw badData(`${name} yields no samples.`, 'Yield at least one.');
    const { truth } = await source.load(0);
    return {
      ...splitSamples(source),
      ...metricOf(about, truth, name),
      warnings: [],
      isCut: stream?.isCut ?? false,
    };
  } catch (thrown) {
    module.end(badData(`${name} was given up.`, ''));
    throw thrown;
  }
}

type Make = (value: unknown, index: number) => Sample;

async function readStream(
  module: RunModule,
  make: Make,
  most: number,
  onSample: OpenOptions['onSample'],
): Promise<{ source: SampleSource; isCut: boolean }> {
  const store = await SampleStore.create();
  let isCut = true;
  while (store.length < most) {
    const index = store.length;
    const next = await module.next(index);
    if (next === undefined) {
      isCut = false;
      break;
    }
    await store.put(index, make(next.value, index));
    onSample?.(store.length);
  }
  module.end(badData('The module was read to its end.', ''));
  return { source: { length: store.length, load: (index) => store.get(index) }, isCut };
}

async function sampleByNumber(module: RunModule, make: Make, length: number): Promise<SampleSource> {
  const store = await SampleStore.create();
  // Two passes may want one sample at a time.
  const loading = new Map<number, Promise<Sample>>();
  const load = async (index: number): Promise<Sample> => {
    const sample = make(await module.load(index), index);
    await store.put(index, sample);
    return sample;
  };
  return {
    length,
    load(index) {
      if (store.has(index)) return store.get(index);
      const known = loading.get(index);
      if (known !== undefined) return known;
      const sample = load(index).finally(() => loading.delete(index));
      loading.set(index, sample);
      return sample;
    },
  };
}

/** The metric that the module exports, or the one that its truth allows. */
function metricOf(
  { metric, alphabet, threshold }: ModuleAbout,
  truth: Sample['truth'],
  name: string,
): Pick<Dataset, 'metric' | 'alphabet' | 'threshold'> {
  const chosen: MetricName | null =
    metric === null ? null : new JsonValue(name, 'metric', metric).oneOf(metricNames);
  const letters =
    alphabet === null ? [] : new JsonValue(name, 'alphabet', alphabet).items().map((one) => one.string());
  if (chosen === null && typeof truth === 'string')
    throw badData(
      `${name} yields texts as truth and exports no metric.`,
      'Export metric = "ctc" and the alphabet.',
    );
  if (chosen === 'ctc' && letters.length === 0)
    throw badData(
      `${name} exports the metric ctc and no alphabet.`,
      'Export alphabet, a list of characters.',
    );
  const used = chosen ?? suggestedMetric(truth);
  if (used === null)
    throw badData(
      `${name} yields lists as truth and exports no metric.`,
      'Export metric = "iou" for outlines, "segments" for line segments, "frames" for steps.',
    );
  if (threshold !== null && !hasThreshold(used))
    throw badData(`${name} exports a threshold, and metric "${used}" has none.`, 'Leave it out.');
  const cut = threshold === null ? undefined : new JsonValue(name, 'threshold', threshold).number();
  return { metric: used, alphabet: letters, ...(cut === undefined ? {} : { threshold: cut }) };
}
