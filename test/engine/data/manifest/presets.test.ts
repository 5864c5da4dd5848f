import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { InputSpec } from '../../../../engine/data/samples/dataset';
import { openDataset } from '../../../../engine/data/openDataset';
import { presetSteps } from '../../../../engine/data/manifest/presetSteps';
import { presetNames } from '../../../../engine/data/manifest/presets';
import type { PresetName } from '../../../../engine/shared/protocol/choices';
import { dataFolder } from '../dataFolder';
import { countingNpy } from '../npyBytes';
import { grayPng, picture } from '../picture';

const input = (dims: InputSpec['dims'], type: InputSpec['type'] = 'float32'): InputSpec => ({
  name: 'x',
  type,
  dims,
});
/** Every pixel red 255, green 0, blue 51. */
const solid = (width: number, height: number) =>
  picture(
    'png',
    width,
    height,
    'RGB',
    Array.from({ length: width * height * 3 }, (_, i) => [255, 0, 51][i % 3] ?? 0),
  );

async function tensorOf(preset: PresetName, spec: InputSpec, image = solid(40, 20)) {
  const { calibration } = await openDataset(dataFolder({ 'a.png': image }), [spec], { preset });
  const { feeds } = await calibration.load(0);
  const { dims = [], data = [] } = feeds['x'] ?? {};
  return { dims, values: Array.from(data, Number) };
}

describe('what pixels become', () => {
  const expected: [PresetName, number[]][] = [
    ['imagenet', [(1 - 0.485) / 0.229, -0.456 / 0.224, (0.2 - 0.406) / 0.225]],
    ['ocr', [-0.6, -1, 1]],
    ['0-1', [1, 0, 0.2]],
    ['-1-1', [1, -1, -0.6]],
  ];
  test.each(expected)('%s, NCHW and NHWC', async (preset, channels) => {
    const planes = await tensorOf(preset, input([null, 3, 8, 8]));
    const pixels = await tensorOf(preset, input([1, 8, 8, 3]));
    expect([planes.dims, pixels.dims]).toEqual([
      [1, 3, 8, 8],
      [1, 8, 8, 3],
    ]);
    for (const [i, value] of channels.entries()) {
      expect(planes.values[i * 64]).toBeCloseTo(value, 5);
      expect(pixels.values[i]).toBeCloseTo(value, 5);
    }
  });

  test('gray inputs read the brightness', async () => {
    const { dims, values } = await tensorOf('imagenet', input([1, 1, 8, 8]));
    expect(dims).toEqual([1, 1, 8, 8]);
    // 0.299 · 255 + 0.114 · 51 = 82
    expect(values[0]).toBeCloseTo((82 / 255 - 0.449) / 0.226, 3);
  });

  test('whole numbers stay pixels', async () => {
    expect((await tensorOf('imagenet', input([1, 4, 4, 3], 'uint8'))).values.slice(0, 3)).toEqual([
      255, 0, 51,
    ]);
  });
});

test.each<[PresetName, InputSpec['dims'], number[]]>([
  ['imagenet', [null, 3, null, null], [1, 3, 224, 224]],
  ['imagenet', [null, 3, 32, null], [1, 3, 32, 32]],
  ['imagenet', null, [1, 3, 224, 224]],
  ['imagenet', [3, 64, 48], [3, 64, 48]],
  ['ocr', [null, 3, 48, null], [1, 3, 48, 320]],
  ['ocr', [null, 3, null, null], [1, 3, 48, 320]],
  ['ocr', [null, 3, 32, 50], [1, 3, 32, 50]],
  ['0-1', [1, 16, 30, 3], [1, 16, 30, 3]],
  ['0-1', [1, 3, null, null], [1, 3, 32, 64]],
  ['-1-1', [1, 3, 64, null], [1, 3, 64, 128]],
])('%s fills %j', async (preset, dims, expected) => {
  expect((await tensorOf(preset, input(dims))).dims).toEqual(expected);
});

test('imagenet shows the middle 224 of 256', async () => {
  // A frame of 16 pixels on each side is what the crop leaves out.
  const framed = Array.from({ length: 256 * 256 }, (_, i) => {
    const [x, y] = [i % 256, Math.floor(i / 256)];
    return Math.min(x, y, 255 - x, 255 - y) < 16 ? 255 : 0;
  });
  const { values } = await tensorOf(
    'imagenet',
    input([1, 1, 224, 224]),
    picture('png', 256, 256, 'GREY', framed),
  );
  expect(new Set(values).size).toBe(1);
  const { values: nearly } = await tensorOf(
    'imagenet',
    input([1, 1, 226, 226]),
    picture('png', 256, 256, 'GREY', framed),
  );
  expect(new Set(nearly).size).toBeGreaterThan(1);
});

test('ocr prepares the sample as its manifest does', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'quantscope-lines-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of ['calibrate-000.png', 'calibrate-001.png'])
    cpSync(join('sample/lines', name), join(folder, name));
  const recognizer = input([null, 3, 48, null]);
  const [byPreset, byManifest] = await Promise.all([
    openDataset(folder, [recognizer], { preset: 'ocr' }),
    openDataset('sample/lines', [recognizer]),
  ]);
  for (const index of [0, 1])
    expect((await byPreset.calibration.load(index)).feeds).toEqual(
      (await byManifest.calibration.load(index)).feeds,
    );
  expect(byPreset).toMatchObject({ color: 'BGR', metric: 'agreement' });
});

test('a manifest names a preset, and its own keys go before', async () => {
  const manifest = (more: object) =>
    dataFolder({
      'quantscope.json': { version: 1, samples: { folder: '.' }, ...more },
      'a.png': solid(4, 4),
    });
  const first = async (folder: string, preset: PresetName | null) => {
    const dataset = await openDataset(folder, [input([1, 3, 2, 2])], { preset });
    return {
      values: [...((await dataset.calibration.load(0)).feeds['x']?.data ?? [])],
      warnings: dataset.warnings,
    };
  };
  const own = manifest({ preset: '0-1', preprocess: { color: 'BGR', scale: 1 } });
  expect((await first(own, null)).values.filter((_, i) => i % 4 === 0)).toEqual([51, 0, 255]);
  const ignored = await first(own, 'imagenet');
  expect(ignored.values[0]).toBe(51);
  expect(ignored.warnings).toEqual([expect.stringContaining('the preset imagenet was not used')]);
  const silent = await first(manifest({}), '-1-1');
  expect(silent).toMatchObject({ warnings: [] });
  expect(silent.values[0]).toBe(1);
  await expect(first(manifest({ preset: 'toString' }), null)).rejects.toThrow('preset is "toString"');
});

test('BGR turns the averages of imagenet around', () => {
  const { mean, std } = presetSteps('imagenet', input([1, 3, 8, 8]), { color: 'BGR' });
  expect([mean, std]).toEqual([
    [0.406, 0.456, 0.485],
    [0.225, 0.224, 0.229],
  ]);
});

test('pictures without a preset are refused with the names of all', async () => {
  const folder = dataFolder({ 'cats/1.jpg': grayPng(2, 2), 'a.npy': countingNpy([2]) });
  const error: unknown = await openDataset(folder, [input([1, 3, 2, 2])]).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'bad-data' });
  const line = (error as { toLine(): string }).toLine();
  expect(line).toContain('such as cats/1.jpg');
  for (const name of presetNames) expect(line).toContain(name);
});

test.each<[string, InputSpec, string]>([
  ['four channels', input([1, 320, 320, 4]), 'takes [1,320,320,4], and a picture has 3 channels'],
  ['a list', input([1, 3]), 'takes [1,3]'],
])('refuses pictures for %s', async (_, spec, message) => {
  await expect(tensorOf('0-1', spec)).rejects.toThrow(message);
});

test('refuses a strip that would become endless', async () => {
  const strip = grayPng(60_000, 1);
  await expect(tensorOf('ocr', input([1, 3, 48, null]), strip)).rejects.toThrow(
    'a.png has 60000 × 1 pixels and would become 2880000 × 48',
  );
});
