import { expect, test } from 'vitest';
import type { InputSpec } from '../../../../engine/data/samples/dataset';
import type { Preprocess } from '../../../../engine/data/manifest/manifest';
import { createMetric } from '../../../../engine/data/metrics/createMetric';
import { openDataset } from '../../../../engine/data/openDataset';
import { placeShapes } from '../../../../engine/data/formats/placeShapes';
import { dataFolder } from '../dataFolder';
import { countingNpy } from '../npyBytes';
import { whiteBoxPng } from '../picture';

const corners = [[0, 0, 100, 50, 0, 50]];

test.each<[string, Pick<Preprocess, 'resize' | 'pad'>, number[]]>([
  ['as it is', {}, [0, 0, 1, 1, 0, 1]],
  ['stretched', { resize: { mode: 'stretch', width: 7, height: 9 } }, [0, 0, 1, 1, 0, 1]],
  ['padded', { pad: { minWidth: 200, multipleOf: 100 } }, [0, 0, 0.5, 0.5, 0, 0.5]],
  [
    'scaled and padded',
    { resize: { mode: 'keep-aspect', height: 25 }, pad: { multipleOf: 32 } },
    [0, 0, 50 / 64, 25 / 32, 0, 25 / 32],
  ],
  // 100 × 50 covers 20 × 20 as 40 × 20, of which 10 to 30 are kept.
  ['cut', { resize: { mode: 'crop', width: 20, height: 20 } }, [-0.5, 0, 1.5, 1, -0.5, 1]],
])('shapes in a picture %s', (_, steps, wanted) => {
  expect(placeShapes(corners, { width: 100, height: 50 }, steps)).toEqual([wanted]);
});

const x: InputSpec = { name: 'x', type: 'float32', dims: [null, 1, null, null] };

/** What a model would score that answers with its own input. */
async function scoreOfInput(preprocess: Preprocess, truth: number[][]): Promise<number> {
  const folder = dataFolder({
    'quantscope.json': {
      ...{ version: 1, metric: 'iou', threshold: 128, preprocess: { color: 'gray', ...preprocess } },
      samples: [{ file: 'a.png', truth }],
    },
    // White from (16, 8) to (48, 24) in 80 × 40.
    'a.png': whiteBoxPng(80, 40, [16, 8, 48, 24]),
  });
  const dataset = await openDataset(folder, [x]);
  const { feeds, truth: placed } = await dataset.evaluation.load(0);
  const { x: fed } = feeds;
  if (fed === undefined) throw new Error('nothing is fed');
  return createMetric(dataset, ['x']).score({ x: fed }, placed, null).value;
}

test.each<[string, Preprocess]>([
  ['as it is', {}],
  ['doubled', { resize: { mode: 'stretch', width: 160, height: 80 } }],
  ['made half as large', { resize: { mode: 'keep-aspect', width: 40 }, pad: { multipleOf: 32 } }],
  ['cut', { resize: { mode: 'crop', width: 40, height: 40, zoom: 1 } }],
])('outlines lie where the picture has them, %s', async (_, preprocess) => {
  const outline = [16, 8, 48, 8, 48, 24, 16, 24];
  expect(await scoreOfInput(preprocess, [outline])).toBe(1);
  // Four pixels to the side leave less in common.
  expect(
    await scoreOfInput(preprocess, [outline.map((value, i) => value + (i % 2 === 0 ? 4 : 0))]),
  ).toBeLessThan(0.9);
});

test('shapes of an array are fractions already', async () => {
  const folder = dataFolder({
    'quantscope.json': {
      ...{ version: 1, metric: 'segments' },
      samples: [{ file: 'a.npy', truth: [[0, 0.5, 1, 0.5]] }],
    },
    'a.npy': countingNpy([1, 1, 2, 2]),
  });
  const { evaluation } = await openDataset(folder, [x]);
  expect((await evaluation.load(0)).truth).toEqual([[0, 0.5, 1, 0.5]]);
});

test.each<[object, unknown, string]>([
  [{}, [[0, 0, 1, 1]], '"a.npy" has a list as its truth, and there is no metric'],
  [{ metric: 'iou' }, [[0, 0, 1, 1]], 'metric "iou" needs a list of outlines'],
  [{ metric: 'segments' }, [[0, 0, 1, 1, 2, 2]], 'metric "segments" needs a list of segments'],
  [{ metric: 'segments' }, [[0, 0, 1]], 'samples[0].truth[0] is [0,0,1].'],
  [{ metric: 'segments' }, [[0, 0, 1, 1e9]], 'samples[0].truth[0][3] is 1000000000.'],
  [{ metric: 'segments' }, [[0, 0, 1, 1], 7], 'samples[0].truth[1] is 7.'],
  [{ metric: 'frames' }, [0, 1, 0.5], 'samples[0].truth[2] is 0.5.'],
  [{ metric: 'frames' }, [0, [1]], 'samples[0].truth[1] is [1].'],
  [{ metric: 'frames' }, 1, 'has the truth 1, and metric "frames" needs a list of 0 and 1'],
  [{ metric: 'iou' }, undefined, 'has no truth'],
  [{ metric: 'top1', threshold: 0.5 }, 1, 'metric "top1" has no threshold'],
  [{ metric: 'iou', threshold: 'low' }, [], 'threshold is "low"'],
  [{ metric: 'iou' }, new Array(20_000).fill([0, 0, 1, 1, 2, 2]), 'samples[0].truth is [[0,0,'],
])('a manifest of %j with the truth %j is refused', async (more, truth, message) => {
  const json = { version: 1, ...more, samples: [{ file: 'a.npy', truth }] };
  const folder = dataFolder({ 'quantscope.json': json, 'a.npy': countingNpy([1, 1, 2, 2]) });
  await expect(openDataset(folder, [x])).rejects.toMatchObject({
    code: 'bad-data',
    message: expect.stringContaining(message) as string,
  });
});

test('lists of 0 and 1 are scored by frames', async () => {
  const folder = dataFolder({
    'quantscope.json': { version: 1, threshold: 0.7, samples: [{ file: 'a.npy', truth: [0, 1] }] },
    'a.npy': countingNpy([1, 1, 2, 2]),
  });
  expect(await openDataset(folder, [x])).toMatchObject({ metric: 'frames', threshold: 0.7 });
});
