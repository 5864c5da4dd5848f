// Carries out cases that its parent names, and tells how each ended. A process of its own: onnxruntime is native
// code, and a crash there has to end this process alone.
import { readFileSync } from 'node:fs';
import { ModelProtoSchema } from 'onnx-buf';
import { EngineError } from '../../engine/shared/engineError';
import { countMessages } from '../../engine/onnx/file/countMessages';
import { inputSpecs } from '../../engine/onnx/summary/inputSpecs';
import { type Model } from '../../engine/onnx/graph/model';
import { decodeModel, encodeModel } from '../../engine/onnx/file/readModel';
import type { ElementType, Tensor, TensorData } from '../../engine/onnx/tensors/tensor';
import { RuntimeWorker } from '../../engine/runtime/runtimeWorker';
import { graphsWithin } from '../../engine/onnx/graph/scopes';
import { onnxTestModels, realModels } from '../engine/zooFiles';
import { carryOutFile, printModel } from './fileCases';
import type { CaseResult } from './fuzzModels';
import { byteChanges, modelChanges } from './mutations';
import { openModel } from './openModel';
import { Random } from './random';

/** More is a hang, or time that grows faster than the file: the slowest case takes 4 s where nothing else runs. */
const MOST_MILLISECONDS = 15_000;
/** Bytes of models that are worth many cases: small ones change at places that matter. */
const LARGEST = 1_500_000;
/** What opening may take, in bytes: so much, eight times the file, and so much for each message in it. */
const MEMORY = 200e6;
const MESSAGE_MEMORY = 4000;
const MOST_FED = 2_000_000;

const small = onnxTestModels();
const real = realModels().filter((file) => readFileSync(file).length < LARGEST);
let worker: RuntimeWorker | undefined;

/** The case's file: a real one, changed once to three times. */
function makeCase(random: Random): { what: string; bytes: Uint8Array } {
  const file = random.pick(random.below(4) === 0 ? real : small) ?? '';
  let bytes: Uint8Array = new Uint8Array(readFileSync(file));
  const what = [file];
  for (let i = 1 + random.below(3); i > 0; i--) {
    const model = random.below(4) === 0 ? undefined : tryDecode(bytes);
    if (model === undefined) {
      const [name, change] = random.pick(Object.entries(byteChanges)) ?? [];
      what.push(name ?? '');
      bytes = bytes.length === 0 ? bytes : (change?.(bytes.slice(), random) ?? bytes);
    } else {
      const [name, change] = random.pick(Object.entries(modelChanges)) ?? [];
      what.push(name ?? '');
      change?.(model, random);
      bytes = encodeModel(model);
    }
  }
  return { what: what.join(' + '), bytes };
}

function tryDecode(bytes: Uint8Array): Model | undefined {
  try {
    return decodeModel(bytes, 'fuzz.onnx');
  } catch {
    return undefined;
  }
}

const arrays: Record<ElementType, (length: number) => TensorData> = {
  float32: (n) => new Float32Array(n),
  float64: (n) => new Float64Array(n),
  float16: (n) => new Uint16Array(n),
  int8: (n) => new Int8Array(n),
  uint8: (n) => new Uint8Array(n),
  int16: (n) => new Int16Array(n),
  uint16: (n) => new Uint16Array(n),
  int32: (n) => new Int32Array(n),
  uint32: (n) => new Uint32Array(n),
  int64: (n) => new BigInt64Array(n),
  uint64: (n) => new BigUint64Array(n),
  bool: (n) => new Uint8Array(n),
};

function feedsOf(model: Model): Record<string, Tensor> | undefined {
  const feeds = new Map<string, Tensor>();
  for (const { name, type, dims } of inputSpecs(model)) {
    const shape = (dims ?? []).map((d) => d ?? 2);
    const count = shape.reduce((n, d) => n * d, 1);
    if (count < 0 || count > MOST_FED) return undefined;
    feeds.set(name, { type, dims: shape, data: arrays[type](count) });
  }
  return Object.fromEntries(feeds);
}

/** Loads a model in onnxruntime and, where it can't take for ever, runs it. */
async function runNatively(model: Model, bytes: Uint8Array): Promise<void> {
  worker ??= new RuntimeWorker();
  const session = await worker.load(bytes, { threads: 1 });
  try {
    const loops = graphsWithin(model.graph).some((g) => g.node.some((n) => n.opType === 'Loop'));
    const feeds = loops ? undefined : feedsOf(model);
    if (feeds !== undefined)
      await session.run(
        feeds,
        model.graph.output.map((o) => o.name),
      );
  } finally {
    await session.release();
  }
}

/** Undefined where the case ended as it should: well, or with an error in words. */
function faultOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof EngineError)) {
    return `threw ${thrown instanceof Error ? (thrown.stack ?? thrown.message).slice(0, 600) : String(thrown)}`;
  }
  // What a person is told of whatever is no EngineError.
  if (thrown.message.includes('Unexpected:')) return `said “${thrown.message}”`;
  if (thrown.message.length > 500) return `said ${thrown.message.length} characters`;
  return thrown.hint === '' ? `gave no hint with “${thrown.message}”` : undefined;
}

/** Of so many cases one is of a file that is no model. */
const FILES = 3;

async function carryOutAny(seed: number, native: boolean): Promise<CaseResult> {
  if (seed % FILES !== 0) return carryOut(seed, native);
  try {
    return { seed, outcome: 'read or refused', ...(await carryOutFile(new Random(seed))) };
  } catch (thrown) {
    return { seed, what: 'a file', outcome: 'refused', fault: faultOf(thrown) ?? null };
  }
}

async function carryOut(seed: number, native: boolean): Promise<CaseResult> {
  const { what, bytes } = makeCase(new Random(seed));
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const peakBefore = process.resourceUsage().maxRSS * 1024;
  const start = performance.now();
  const stage = (name: string) => process.send?.({ stage: `${name} of ${what}` });
  let outcome: CaseResult['outcome'] = 'opened';
  let fault: string | undefined;
  try {
    stage('opening');
    const { original, normalized, quantized } = openModel(bytes);
    const milliseconds = performance.now() - start;
    if (milliseconds > MOST_MILLISECONDS) fault = `took ${Math.round(milliseconds)} ms to open`;
    const peak = process.resourceUsage().maxRSS * 1024;
    const bound =
      MEMORY + 8 * bytes.length + MESSAGE_MEMORY * countMessages(ModelProtoSchema, bytes, Infinity);
    // A peak that an earlier case made says nothing of this one.
    if (peak > peakBefore && peak - before > bound)
      fault = `took ${Math.round((peak - before) / 1e6)} MB to open ${bytes.length} bytes`;
    if (native) {
      outcome = 'refused by onnxruntime';
      stage('printing');
      fault ??= (await printModel(bytes)) ?? undefined;
      for (const [name, model, encoded] of [
        ['original', original, bytes],
        ['normalized', normalized, encodeModel(normalized)],
        ['quantized', normalized, quantized],
      ] as const) {
        stage(`running the ${name} form`);
        await runNatively(model, encoded);
      }
      outcome = 'ran';
    }
  } catch (thrown) {
    fault ??= faultOf(thrown);
    if (outcome === 'opened') outcome = 'refused';
  }
  return { seed, what, outcome, fault: fault ?? null };
}

process.on('message', ({ seed, native }: { seed: number; native: boolean }) => {
  void carryOutAny(seed, native).then((result) => process.send?.(result));
});
