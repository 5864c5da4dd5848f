import fc from 'fast-check';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { calibrate, openCalibration, type CalibrateRequest } from '../../../engine/calibrate/calibration';
import {
  mergeRecords,
  readCalibration,
  writeCalibration,
  type CalibrationRecord,
} from '../../../engine/calibrate/calibrationFile';
import type { SampleSource } from '../../../engine/data/samples/dataset';
import { WorkerPool } from '../../../engine/runtime/workerPool';
import { Histogram } from '../../../engine/stats/histogram';
import { dataFolder } from '../data/dataFolder';
import { float } from '../runTiny';
import { anyValues } from '../stats/values';
import { node, noise, tinyModel } from '../tinyModel';

let folder: string;
beforeEach(() => {
  folder = dataFolder({});
  vi.stubEnv('QUANTSCOPE_CACHE', join(folder, 'cache'));
});
afterEach(() => vi.unstubAllEnvs());

const pool = new WorkerPool(2);
afterAll(() => pool.dispose());

function recordOf(tensors: Record<string, ArrayLike<number>>, index = 0): CalibrationRecord {
  const states = Object.entries(tensors).map(([name, values]) => {
    const histogram = new Histogram();
    histogram.add(Float32Array.from(values), index);
    return [name, histogram.state()] as const;
  });
  const counted = [{ index, name: `sample ${index}`, digest: `d${index}` }];
  return { model: 'm', histograms: Object.fromEntries(states), counted, skipped: [] };
}

describe('the file', () => {
  test('comes back bit for bit', async () => {
    const file = join(folder, 'a.calibration');
    const samples = fc.dictionary(fc.string(), anyValues, { maxKeys: 3 });
    await fc.assert(
      fc.asyncProperty(samples, async (tensors) => {
        const record = recordOf(tensors, 3);
        await writeCalibration(file, record);
        expect(await readCalibration(file)).toEqual(record);
      }),
      { numRuns: 30 },
    );
  });

  const good = {
    ...{ format: 'quantscope calibration', version: 1, model: 'm', counted: [], skipped: [] },
    tensors: [
      [
        'x',
        {
          octaves: [[127, 0, [1]]],
          min: 1,
          max: 1,
          notFinite: { nan: 0, positive: 0, negative: 0, first: null },
        },
      ],
    ],
  };
  const bad: Record<string, unknown> = {
    'text that is not JSON': '{',
    'another format': { ...good, format: 'x' },
    'another version': { ...good, version: 2 },
    'no model': { ...good, model: undefined },
    'an octave of NaN': { ...good, tensors: [['x', { octaves: [[255, 0, [1]]] }]] },
    'an octave beyond all': { ...good, tensors: [['x', { octaves: [[512, 0, [1]]] }]] },
    'octaves out of order': {
      ...good,
      tensors: [
        [
          'x',
          {
            octaves: [
              [3, 0, [1]],
              [2, 0, [1]],
            ],
          },
        ],
      ],
    },
    'bins beyond an octave': { ...good, tensors: [['x', { octaves: [[3, 1023, [1, 1]]] }]] },
    'a negative count': { ...good, tensors: [['x', { octaves: [[3, 0, [-1]]] }]] },
    'half a count': { ...good, tensors: [['x', { octaves: [[3, 0, [0.5]]] }]] },
    'a list of nothing': [],
  };
  test.each(Object.entries(bad))('with %s is refused by name', async (_, json) => {
    const file = join(folder, 'bad.calibration');
    writeFileSync(file, gzipSync(typeof json === 'string' ? json : JSON.stringify(json)));
    await expect(readCalibration(file)).rejects.toMatchObject({
      code: 'bad-data',
      message: expect.stringMatching(/^bad\.calibration is no calibration: /) as string,
    });
  });

  test('that is good but for these faults is read', async () => {
    const file = join(folder, 'good.calibration');
    writeFileSync(file, gzipSync(JSON.stringify(good)));
    expect((await readCalibration(file)).histograms['x']?.finite).toBe(1);
  });

  test('that is cut off, or none, or of another model, is refused', async () => {
    const file = join(folder, 'cut.calibration');
    await writeCalibration(file, recordOf({ x: [1, 2] }));
    await expect(openCalibration(file, 'other')).rejects.toMatchObject({
      message: 'cut.calibration is of another model.',
    });
    writeFileSync(file, readFileSync(file).subarray(0, 40));
    await expect(readCalibration(file)).rejects.toMatchObject({ code: 'bad-data' });
    await expect(readCalibration(join(folder, 'none'))).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('parts', () => {
  test('that are merged are what one run counts', () => {
    fc.assert(
      fc.property(anyValues, anyValues, (a, b) => {
        const [first, second] = [recordOf({ x: a }, 0), recordOf({ x: b }, 1)];
        const merged = mergeRecords([
          ['b', second],
          ['a', first],
        ]);
        const whole = new Histogram();
        whole.add(Float32Array.from(a), 0);
        whole.add(Float32Array.from(b), 1);
        expect(merged.histograms['x']).toEqual(whole.state());
        expect(merged.counted.map((c) => c.index)).toEqual([0, 1]);
      }),
      { numRuns: 30 },
    );
  });

  test('of another model, or with the same sample, are refused', () => {
    const record = recordOf({ x: [1] });
    expect(() =>
      mergeRecords([
        ['a', record],
        ['b', { ...record, model: 'n' }],
      ]),
    ).toThrow('b and a are of different models.');
    expect(() =>
      mergeRecords([
        ['a', record],
        ['b', record],
      ]),
    ).toThrow('b and a both count sample sample 0.');
  });
});

const model = tinyModel({
  inputs: { x: ['n', 6] },
  outputs: ['y'],
  constants: {},
  nodes: [node('Relu', ['x'], 'y')],
});

/** Counts how often samples are run is not possible from here; how often they are counted is. */
function request(length: number, more: Partial<CalibrateRequest> = {}): CalibrateRequest {
  const samples: SampleSource = {
    length,
    load: (i) =>
      Promise.resolve({ name: `#${i}`, feeds: { x: float([1, 6], noise(6, i + 1)) }, truth: null }),
  };
  return { hash: 'm', normalized: model, tensors: new Set(['x', 'y']), samples, ...more };
}

describe('calibrating', () => {
  test('again takes what is kept, and runs only what is new', async () => {
    const ten = await calibrate(pool, request(10));
    const [file = ''] = readdirSync(join(folder, 'cache', 'calibration'));
    const kept = join(folder, 'cache', 'calibration', file);
    // A mark that only the kept file has shows that it was used.
    const json = JSON.parse(gunzipSync(readFileSync(kept)).toString()) as {
      tensors: [string, { max: number }][];
    };
    for (const [, state] of json.tensors) state.max = 1000;
    writeFileSync(kept, gzipSync(JSON.stringify(json)));
    const again = await calibrate(pool, request(10));
    expect(again.histograms['x']).toEqual({ ...ten.histograms['x'], max: 1000 });
    const twelve = await calibrate(pool, request(12));
    expect(twelve.counted).toHaveLength(12);
    expect(twelve.histograms['x']).toMatchObject({ finite: 72, max: 1000 });
    // Fewer samples than are kept, another model: nothing can be taken.
    expect((await calibrate(pool, request(4))).histograms['x']).toMatchObject({ finite: 24 });
    expect((await calibrate(pool, request(4))).histograms['x']?.max).toBeLessThan(1000);
    expect((await calibrate(pool, request(12, { hash: 'n' }))).histograms['x']?.max).toBeLessThan(1000);
  });

  test('goes on where it was cancelled', async () => {
    const abort = new AbortController();
    const stopAt = (done: number) => {
      if (done === 5) abort.abort();
    };
    const cancelled = calibrate(
      pool,
      request(40, { onProgress: (p) => stopAt(p.done), signal: abort.signal }),
    );
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    expect(readdirSync(join(folder, 'cache', 'calibration'))).toHaveLength(1);
    const rest = await calibrate(pool, request(40));
    vi.stubEnv('QUANTSCOPE_CACHE', join(folder, 'other'));
    expect(rest.histograms).toEqual((await calibrate(pool, request(40))).histograms);
  });

  test('in more parts than there are samples says so', async () => {
    const shard = { index: 5, count: 5 };
    await expect(calibrate(pool, request(3, { shard }))).rejects.toMatchObject({
      message: 'Part 5 of 5 has no samples: there are 3 to calibrate with.',
    });
  });

  test('takes the same memory for 10,000 samples as for few', async () => {
    const wave = Float32Array.from({ length: 20_000 }, (_, k) => Math.sin(k));
    const large = (length: number): SampleSource => ({
      length,
      // 40 kB each: kept, 10,000 of them would take 400 MB, and their outputs as much again.
      load: (i) =>
        Promise.resolve({
          name: `#${i}`,
          feeds: { x: float([1, 10_000], wave.slice(i, i + 10_000)) },
          truth: null,
        }),
    });
    const wide = tinyModel({
      inputs: { x: ['n', 10_000] },
      outputs: ['y'],
      constants: {},
      nodes: [node('Relu', ['x'], 'y')],
    });
    const run = (length: number) =>
      calibrate(pool, request(length, { normalized: wide, samples: large(length), hash: `wide ${length}` }));
    await run(500);
    const before = process.memoryUsage.rss();
    const found = await run(10_000);
    const grown = process.memoryUsage.rss() - before;
    expect(found.histograms['x']?.finite).toBe(1e8);
    expect(grown).toBeLessThan(150e6);
  }, 120_000);
});
