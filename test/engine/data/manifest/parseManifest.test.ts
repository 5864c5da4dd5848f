import { expect, test } from 'vitest';
import { EngineError } from '../../../../engine/shared/engineError';
import { parseManifest } from '../../../../engine/data/manifest/parseManifest';

const samples = [{ file: 'a.png', truth: 3 }];

test('reads everything that can be said', () => {
  const manifest = {
    version: 1,
    input: 'x',
    preprocess: {
      layout: 'NHWC',
      color: 'gray',
      resize: { mode: 'stretch', width: 20, height: 10 },
      scale: 2,
      mean: [1],
      std: 3,
      pad: { minWidth: 32, minHeight: 16, multipleOf: 8, value: -1 },
    },
    metric: 'top5',
    alphabet: { file: 'a.txt', space: true },
    calibration: samples,
    evaluation: { folder: 'more' },
  };
  expect(parseManifest(`\uFEFF${JSON.stringify(manifest)}`, 'm')).toEqual(manifest);
});

test.each<[object, string, string]>([
  [{}, 'm: the file is {}.', 'Add the key "version".'],
  [{ version: 2, samples }, 'm: version is 2.', 'Write one of 1.'],
  [{ version: 1, sample: samples }, 'm: sample is not a known key.', 'Known here: version, input,'],
  [{ version: 1, metric: 'top-1', samples }, 'm: metric is "top-1".', 'Write one of "top1", "top5", "ctc",'],
  [{ version: 1, input: 5, samples }, 'm: input is 5.', 'Write a text in quotes.'],
  [{ version: 1 }, 'm names no samples.', 'either "samples", or both'],
  [{ version: 1, evaluation: samples }, 'm names its samples under evaluation.', 'either "samples", or both'],
  [
    { version: 1, samples, calibration: samples },
    'm names its samples under samples and calibration.',
    'either',
  ],
  [{ version: 1, samples: [] }, 'm: samples is [].', 'List at least one sample.'],
  [{ version: 1, samples: 'a.png' }, 'm: samples is "a.png".', 'Write an object with folder.'],
  [{ version: 1, samples: [{}] }, 'm: samples[0] is {}.', 'Add the key "file".'],
  [{ version: 1, samples: [{ file: '' }] }, 'm: samples[0].file is "".', 'Write a text'],
  [
    { version: 1, samples: [{ file: 'a', truth: 1.5 }] },
    'm: samples[0].truth is 1.5.',
    'a whole number of at least 0',
  ],
  [{ version: 1, samples: [{ file: 'a', truth: -1 }] }, 'm: samples[0].truth is -1.', 'at least 0'],
  [{ version: 1, samples: [{ file: 'a', truth: null }] }, 'm: samples[0].truth is null.', 'number'],
  [
    { version: 1, samples: [{ file: 'a', label: 1 }] },
    'm: samples[0].label is not',
    'Known here: file, truth.',
  ],
  [
    { version: 1, samples, alphabet: 'a.txt' },
    'm: alphabet is "a.txt".',
    'Write an object with file, space.',
  ],
  [
    { version: 1, samples, alphabet: { file: 'a', space: 1 } },
    'm: alphabet.space is 1.',
    'Write true or false.',
  ],
])('refuses %j', (json, message, hint) => {
  expectError(json, message, hint);
});

test.each<[object, string, string]>([
  [{ size: 5 }, 'preprocess.size is not a known key', 'layout, color, resize, scale, mean, std, pad'],
  [{ layout: 'CHW' }, 'preprocess.layout is "CHW"', '"NCHW", "NHWC"'],
  [{ mean: [1, 2] }, 'preprocess.mean is [1,2]', 'a list of 3: one per channel'],
  [{ color: 'gray', mean: [1, 2, 3] }, 'preprocess.mean is [1,2,3]', 'a list of 1'],
  [{ mean: 'no' }, 'preprocess.mean is "no"', 'Write a number.'],
  [{ std: [1, 0, 1] }, 'preprocess.std is [1,0,1]', 'other than 0'],
  [{ std: 0 }, 'preprocess.std is 0', 'other than 0'],
  [{ resize: { width: 5 } }, 'preprocess.resize is {"width":5}', 'Add the key "mode".'],
  [
    { resize: { mode: 'fit', width: 5 } },
    'preprocess.resize.mode is "fit"',
    '"stretch", "keep-aspect", "crop"',
  ],
  [{ resize: { mode: 'keep-aspect' } }, 'preprocess.resize is', 'Add "width", "height" or both.'],
  [{ resize: { mode: 'crop', width: 5 } }, 'preprocess.resize is', 'needs both "width" and "height"'],
  [{ resize: { mode: 'crop', width: 0 } }, 'preprocess.resize.width is 0', 'at least 1 and at most 16384'],
  [{ pad: { multipleOf: 1e9 } }, 'preprocess.pad.multipleOf is 1000000000', 'at most 16384'],
  [{ pad: { value: [] } }, 'preprocess.pad.value is []', 'Write a number.'],
])('refuses preprocess %j', (preprocess, message, hint) => {
  expectError({ version: 1, preprocess, samples }, `m: ${message}`, hint);
});

test('refuses what is not JSON, and shortens what it shows', () => {
  expect(() => parseManifest('{"version": 1,}', 'm')).toThrow('m is not JSON:');
  expect(() => parseManifest('[1]', 'm')).toThrow('m: the file is [1].');
  expect(() => parseManifest('{"__proto__": 1}', 'm')).toThrow('m: __proto__ is not a known key.');
  const long = JSON.stringify({ version: 'x'.repeat(1000), samples });
  expect(() => parseManifest(long, 'm')).toThrow(/^m: version is "x{76}…\.$/);
});

function expectError(json: object, message: string, hint: string): void {
  const error = thrownBy(() => parseManifest(JSON.stringify(json), 'm'));
  expect(error.code).toBe('bad-data');
  expect(error.message).toContain(message);
  expect(error.hint).toContain(hint);
}

function thrownBy(action: () => unknown): EngineError {
  try {
    action();
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
