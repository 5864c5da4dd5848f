import { zipSync } from 'fflate';
import { dump } from 'npyjs';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPart, writePart, type AnalysisPart } from '../../../engine/sharding/shardFile';
import { writeCalibration } from '../../../engine/calibrate/calibrationFile';
import { joinParts } from '../../../engine/sharding/mergeShards';
import { openParts } from '../../../engine/sharding/openShards';
import { Project } from '../../../engine/project/project';
import type { AnalyzeSettings } from '../../../engine/shared/protocol/settings';
import type { Progress } from '../../../engine/shared/protocol/error';
import type { Report } from '../../../engine/shared/protocol/report';
import { WorkerPool } from '../../../engine/runtime/workerPool';
import { noise } from '../tinyModel';

const folder = mkdtempSync(join(tmpdir(), 'quantscope-shares-'));
const data = join(folder, 'digits.npz');
const settings: AnalyzeSettings = {
  ...{ data, preset: null, samples: null, weights: 'per-tensor', calibration: 'max' },
  // No processor's own: what is fastest here decides nothing.
  profile: 'tensorrt',
  // Missed, so that layers are refined and left out one by one.
  targetDrop: 0.2,
  recipe: { layers: [{ match: '*Gemm*', choice: 'float' }], operators: [], remedies: ['equalize'] },
};
const SHARDS = 4;
const pool = new WorkerPool(2);
let project: Project;
let one: Report;
let parts: (readonly [file: string, AnalysisPart])[];
const progress: Progress[] = [];

beforeAll(async () => {
  process.env['QUANTSCOPE_CACHE'] = join(folder, 'cache');
  writeFileSync(data, zipSync({ 'input.npy': new Uint8Array(dump(bars(72), [72, 1, 28, 28])) }));
  project = await Project.open('test/zoo/models/mnist-cnn.onnx', pool);
  one = await project.analyze(settings, {});
  parts = [];
  for (let index = 1; index <= SHARDS; index++) {
    const file = join(folder, `part-${index}.json`);
    const run = { onProgress: (p: Progress) => progress.push(p) };
    await writePart(file, await project.analyzeShare(settings, { index, count: SHARDS }, run));
    parts.push([`part-${index}.json`, await readPart(file)]);
  }
}, 60_000);
afterAll(async () => {
  await pool.dispose();
  rmSync(folder, { recursive: true });
});

/** Pictures of three bars each, and one pixel far out, which the grid of a calibration by the largest value has to reach. */
function bars(count: number): Float32Array {
  const pictures = new Float32Array(count * 784);
  const chance = noise(count * 12, 7).map((v) => (v + 1) / 2);
  for (let bar = 0; bar < 3 * count; bar++) {
    const picture = pictures.subarray(Math.floor(bar / 3) * 784);
    const [turn = 0, place = 0, begin = 0, end = 0] = chance.subarray(4 * bar, 4 * bar + 4);
    const at = 5 + Math.floor(place * 16);
    const to = 14 + Math.floor(end * 10);
    for (let along = 4 + Math.floor(begin * 8); along < to; along++)
      for (let across = at; across < at + 3; across++)
        picture[turn < 0.5 ? across * 28 + along : along * 28 + across] = 1;
    picture[0] = 40;
  }
  return pictures;
}

function partAt(index: number): AnalysisPart {
  const found = parts[index - 1]?.[1];
  if (found === undefined) throw new RangeError(`no part ${index}`);
  return found;
}

/** What does not depend on how fast the machine was. */
function timeless(report: Report): unknown {
  const times = new Set(['created', 'latencyMs', 'latencySpread', 'speedup', 'slower']);
  return JSON.parse(JSON.stringify(report, (key, value: unknown) => (times.has(key) ? undefined : value)));
}

test('four machines measure what one does, and their parts make the same report', async () => {
  // In another process, and with the parts in any order.
  const again = await Project.open('test/zoo/models/mnist-cnn.onnx', pool);
  const measured = new Set<string>();
  const merged = await again.mergeAnalysis(
    joinParts([...parts].reverse()),
    {},
    { onMeasured: (layers) => layers.forEach((l) => l.alone?.isSettled === true && measured.add(l.name)) },
  );
  expect(timeless(merged)).toEqual(timeless(one));
  expect(measured.size).toBe(one.layers.length);
  // A remedied network was measured too; samples of the layers that do not go round were split; some layers were settled
  // early; all were left out.
  expect(partAt(1).measurements.map((m) => m.kind)).toEqual(['alone', 'alone', 'without']);
  expect(one.layers.length % SHARDS).not.toBe(0);
  expect(new Set(one.layers.map((l) => l.samples)).size).toBeGreaterThan(1);
  expect(one.layers.every((l) => l.without !== null)).toBe(true);
});

test('each machine measures a part only', () => {
  const steps = progress.filter((p) => p.stage === 'sensitivity');
  const last = steps.filter((p) => p.done === p.total);
  expect(last).toHaveLength(SHARDS * partAt(1).measurements.length);
  for (const { total } of last) expect(total).toBeLessThan(one.layers.length / 2);
});

test('a part that is cancelled is none', async () => {
  const abort = new AbortController();
  const run = {
    signal: abort.signal,
    onProgress: (p: Progress) => p.stage === 'sensitivity' && abort.abort(),
  };
  const share = project.analyzeShare(settings, { index: 1, count: 2 }, run);
  await expect(share).rejects.toMatchObject({ code: 'cancelled' });
});

describe('parts that do not belong together are refused by name', () => {
  const withSecond = (change: (part: AnalysisPart) => AnalysisPart) =>
    parts.map(([file, part], i) => [file, i === 1 ? change(part) : part] as const);
  const cases: [string, () => (readonly [string, AnalysisPart])[], RegExp][] = [
    ['one is missing', () => parts.filter((_, i) => i !== 2), /^Part 3 of 4 is missing\.$/],
    ['three are missing', () => parts.slice(2, 3), /^Part 1 of 4, and 2 more, is missing\.$/],
    [
      'one is there twice',
      () => [...parts, ['copy.json', partAt(2)] as const],
      /^part-2\.json and copy\.json are both part 2 of 4\.$/,
    ],
    [
      'of another array',
      () => withSecond((part) => ({ ...part, shard: { index: 2, count: 5 } })),
      /^part-1\.json is one of 4 parts, part-2\.json of 5\.$/,
    ],
    ['another model', () => withSecond((part) => ({ ...part, model: 'other' })), /different models/],
    ['another version', () => withSecond((part) => ({ ...part, engine: '9.9' })), /Quantscope .*9\.9/],
    [
      'other settings',
      () => withSecond((part) => ({ ...part, settings: { ...part.settings, samples: 8 } })),
      /part-1\.json and part-2\.json .*: samples is null in one, 8 in the other\.$/,
    ],
    [
      'another recipe',
      () =>
        withSecond((part) => ({
          ...part,
          settings: { ...part.settings, recipe: { layers: [], operators: [] } },
        })),
      /recipe is .*float.* in one/,
    ],
    ['other samples', () => withSecond((part) => ({ ...part, data: 'other' })), /the samples differ/],
    [
      'another processor',
      () => withSecond((part) => ({ ...part, machine: { ...part.machine, profile: 'arm' } })),
      /computes as .*arm/,
    ],
  ];
  test.each(cases)('%s', (_, made, message) => {
    expect(() => joinParts(made())).toThrow(message);
    expect(() => joinParts(made())).toThrow(expect.objectContaining({ code: 'bad-data' }));
  });

  const merge = (made: (readonly [string, AnalysisPart])[]) => project.mergeAnalysis(joinParts(made), {}, {});
  const ofAll = (change: (part: AnalysisPart) => AnalysisPart) =>
    parts.map(([file, part]) => [file, change(part)] as const);

  test('or do not fit what is here', async () => {
    await expect(merge(ofAll((p) => ({ ...p, model: 'other' })))).rejects.toThrow(
      /^The parts do not fit what is here: they are of different models/,
    );
    await expect(merge(ofAll((p) => ({ ...p, engine: '9.9' })))).rejects.toThrow(/Quantscope 9\.9/);
    await expect(merge(ofAll((p) => ({ ...p, data: 'other' })))).rejects.toThrow(/the samples differ/);
    const machine = { profile: 'arm', processor: 'other' } as const;
    await expect(merge(ofAll((p) => ({ ...p, machine })))).rejects.toThrow(/computes as arm/);
  });

  test('or measured another network, or not all of their part', async () => {
    const measurementsOf = (part: AnalysisPart, change: object) =>
      part.measurements.map((m) => ({ ...m, ...change }));
    await expect(
      merge(withSecond((part) => ({ ...part, measurements: measurementsOf(part, { network: 'x' }) }))),
    ).rejects.toThrow(/^part-2\.json holds measurements of another int8 network/);
    const cut = (part: AnalysisPart) => ({
      ...part,
      measurements: part.measurements.map((m) => ({
        ...m,
        layers: m.layers.map((l) => ({ ...l, values: l.values.subarray(0, 3) })),
      })),
    });
    await expect(merge(withSecond(cut))).rejects.toThrow(/^part-2\.json does not hold all .* of layer \//);
  });
});

describe('a file that is no part', () => {
  interface Stored {
    shard: object;
    settings: object;
    measurements: { layers: { values: unknown[] }[] }[];
  }
  const stored = () => JSON.parse(readFileSync(join(folder, 'part-1.json'), 'utf8')) as Stored;
  const withLayer = (change: object) => {
    const part = stored();
    Object.assign(part.measurements[0]?.layers[0] ?? {}, change);
    return part;
  };
  const bad: [string, () => unknown, string][] = [
    ['is no JSON', () => 'a note', 'is part of neither a calibration nor an analysis'],
    ['is cut off', () => readFileSync(join(folder, 'part-1.json'), 'utf8').slice(0, 700), 'is cut off'],
    ['is empty', () => '', 'is part of neither a calibration nor an analysis'],
    ['is a report', () => one, 'is not a known key'],
    ['is of another version', () => ({ ...stored(), version: 3 }), 'version is 3'],
    ['lacks a key', () => ({ ...stored(), model: undefined }), 'Add the key "model"'],
    ['is a part beyond all', () => ({ ...stored(), shard: { index: 5, count: 4 } }), 'shard.index is 5'],
    [
      'has a setting that is none',
      () => ({ ...stored(), settings: { ...stored().settings, calibration: 'kl' } }),
      '"kl"',
    ],
    [
      'has a recipe that is none',
      () => ({ ...stored(), settings: { ...stored().settings, recipe: '{ "version": 1, "x": 2 }' } }),
      'recipe:1: there is no key "x"',
    ],
    [
      'has a text for a score',
      () => withLayer({ values: ['1'] }),
      'measurements[0].layers[0].values[0] is "1"',
    ],
    [
      'has more scores than samples',
      () => withLayer({ values: new Array(99).fill(1) }),
      '36 numbers at most',
    ],
    ['has scores without weights', () => withLayer({ weights: [] }), 'the same length'],
    ['has a weight below zero', () => withLayer({ weights: [-1] }), 'weights[0] is -1'],
    ['begins before the first sample', () => withLayer({ from: -1 }), 'from is -1'],
  ];
  test.each(bad)('because it %s is refused by name', async (_, made, words) => {
    const file = join(folder, 'bad.json');
    const content = made();
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    const failure: unknown = await openParts([file]).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ code: 'bad-data' });
    expect(failure).toMatchObject({ message: expect.stringMatching(/^bad\.json/) as string });
    const { message, hint } = failure as { message: string; hint: string };
    expect(`${message} ${hint}`).toContain(words);
  });

  test('that is not there, or of a calibration among parts, is named', async () => {
    await expect(openParts([join(folder, 'none.json')])).rejects.toMatchObject({ code: 'not-found' });
    const calibration = join(folder, 'one.calibration');
    await writeCalibration(calibration, { model: 'm', histograms: {}, counted: [], skipped: [] });
    await expect(openParts([calibration, join(folder, 'part-1.json')])).rejects.toThrow(
      /^one\.calibration is of a calibration, and part-1\.json is part of an analysis\.$/,
    );
  });
});
