// One step of test/bench/calibrationBench.mjs in a process of its own: `prepare`, `ratio` or `once`, then the model's
// name and the folder. Prints JSON.
import { dump } from 'npyjs';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { methods } from '../../engine/calibrate/methods/clipOf';
import type { SampleSource } from '../../engine/data/samples/dataset';
import { openDataset } from '../../engine/data/openDataset';
import { parseNpy } from '../../engine/data/formats/parseNpy';
import { foldConstants } from '../../engine/runtime/foldConstants';
import { exposeTensors } from '../../engine/onnx/graph/addGraphOutputs';
import { inputSpecs } from '../../engine/onnx/summary/inputSpecs';
import { findLayers } from '../../engine/onnx/layers/layers';
import { encodeModel, readModelFile } from '../../engine/onnx/file/readModel';
import { normalize } from '../../engine/onnx/normalize/normalize';
import type { CalibrationMethod } from '../../engine/shared/protocol/choices';
import { tensorsOf } from '../../engine/quantize/plan';
import { WorkerPool } from '../../engine/runtime/workerPool';
import { clipsBy } from '../../engine/search/candidate/computeClips';
import { calibrationPass, type Calibration } from '../../engine/calibrate/calibrationPass';

/** The four that the goal names. */
const four: CalibrationMethod[] = ['max', 'percentile:99.99', 'entropy', 'mse'];
const [step = '', name = '', folder = '', ...rest] = process.argv.slice(2);
const modelFile = join(folder, `${name}.onnx`);
const sampleFolder = join(folder, name);
const pool = new WorkerPool(2);

/** Pieces of rendered text lines, side by side and below one another, as a picture of 3 × height × width in ±1. */
async function pictures(
  lines: SampleSource,
  count: number,
  height: number,
  width: number,
): Promise<Float32Array[]> {
  const loaded = await Promise.all(Array.from({ length: lines.length }, (_, i) => lines.load(i)));
  const strips = loaded.map(({ feeds }) => Object.values(feeds)[0]);
  return Array.from({ length: count }, (_, k) => {
    const picture = new Float32Array(3 * height * width);
    for (let c = 0; c < 3; c++) {
      for (let y = 0; y < height; y++) {
        const strip = strips[(k + 7 * Math.floor(y / 48)) % strips.length];
        const own = strip?.dims[3] ?? 1;
        for (let x = 0; x < width; x++) {
          picture[(c * height + y) * width + x] = Number(
            strip?.data[(c * 48 + (y % 48)) * own + (x % own)] ?? 0,
          );
        }
      }
    }
    return picture;
  });
}

async function prepare([path = '', data = '', count = '1', ...shape]: string[]): Promise<unknown> {
  const { model: original } = await readModelFile(path);
  const model = normalize(original);
  await foldConstants(pool.first, model);
  writeFileSync(modelFile, encodeModel(model));
  const tensors = [...exposeTensors(model, tensorsOf(findLayers(model.graph))).outputs.keys()];
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(tensors));
  const dims = shape.map(Number);
  const channelsLast = dims[3] === 4;
  const [height = 1, width = 1] = channelsLast ? [dims[1], dims[2]] : [dims[2], dims[3]];
  const lines = (await openDataset(data, [{ name: 'x', type: 'float32', dims: [null, 3, 48, null] }]))
    .calibration;
  mkdirSync(sampleFolder, { recursive: true });
  (await pictures(lines, Number(count), height, width)).forEach((picture, i) => {
    const values = channelsLast
      ? Float32Array.from({ length: height * width * 4 }, (_, k) =>
          k % 4 === 3 ? 1 : 127.5 * (1 + (picture[(k % 4) * height * width + Math.floor(k / 4)] ?? 0)),
        )
      : picture;
    writeFileSync(
      join(sampleFolder, `${String(i).padStart(3, '0')}.npy`),
      new Uint8Array(dump(values, dims)),
    );
  });
  return { tensors: tensors.length, samples: Number(count) };
}

async function opened() {
  const model = normalize((await readModelFile(modelFile)).model);
  const [input] = inputSpecs(model);
  const files = readdirSync(sampleFolder).sort();
  const kept = files.map((file) => {
    const tensor = parseNpy(readFileSync(join(sampleFolder, file)), file);
    return { name: file, feeds: { [input?.name ?? '']: tensor }, truth: null };
  });
  const load = (i: number) => Promise.resolve(kept[i] ?? { name: '', feeds: {}, truth: null });
  return { model, samples: { length: kept.length, load }, tensors: tensorsOf(findLayers(model.graph)) };
}

/** Runs the model over the samples on the pool's threads and does nothing with what comes out. */
async function bare({ model, samples }: Awaited<ReturnType<typeof opened>>): Promise<void> {
  const bytes = encodeModel(model);
  const output = model.graph.output[0]?.name ?? '';
  await pool.forEach(samples.length, {
    prepare: (worker) => worker.load(bytes, { threads: 1 }),
    work: async (session, i) => {
      await session.run((await samples.load(i)).feeds, [output]);
    },
    finish: (session) => session.release(),
  });
}

function clips({ histograms }: Calibration, wanted: readonly CalibrationMethod[]): Promise<unknown> {
  return clipsBy(pool, wanted, 'x86', histograms);
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

async function main(): Promise<unknown> {
  if (step === 'prepare') return prepare(rest);
  const own = await opened();
  const calibrate = () => calibrationPass(pool, own.model, own.tensors, own.samples);
  if (step === 'once') {
    const time = await seconds(async () => clips(await calibrate(), four));
    return { seconds: time, memory: process.resourceUsage().maxRSS * 1024 };
  }
  const runs = Number(rest[0] ?? 3);
  const times: { bare: number[]; pass: number[]; clips: number[]; all: number[] } = {
    bare: [],
    pass: [],
    clips: [],
    all: [],
  };
  await bare(own);
  for (let i = 0; i < runs; i++) {
    times.bare.push(await seconds(() => bare(own)));
    let found: Calibration = { histograms: {}, counted: [], skipped: [] };
    times.pass.push(await seconds(async () => (found = await calibrate())));
    times.clips.push(await seconds(() => clips(found, four)));
    times.all.push(await seconds(() => clips(found, methods)));
  }
  return Object.fromEntries(Object.entries(times).map(([key, values]) => [key, median(values)]));
}

void main()
  .then((result) => console.log(JSON.stringify(result)))
  .finally(() => pool.dispose());
