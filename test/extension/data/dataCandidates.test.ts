import { expect, test } from 'vitest';
import { dataKinds, dataOfFile, groupData } from '../../../extension/data/dataCandidates';

/** Files as the globs of the kinds would find them, offered as paths by group. */
function offered(...files: string[]): Record<string, string[]> {
  const patterns = [
    /\/quantscope\.json$/,
    /\/test_data_set_[^/]*\/input_0\.pb$/,
    /\.npz$/,
    /\.npy$/,
    /\.(jsonl|ndjson)$/,
    /\/(feeds|[^/]*\.feeds)\.m?js$/,
    /\.(png|jpe?g)$/,
  ];
  const groups = groupData(patterns.map((pattern) => files.filter((file) => pattern.test(file))));
  return Object.fromEntries(groups.map((group) => [group.label, group.candidates.map(({ path }) => path)]));
}

test('offers what was found in groups, each data set once', () => {
  expect(dataKinds).toHaveLength(7);
  expect(
    offered(
      '/w/lines/quantscope.json',
      '/w/zoo/test_data_set_0/input_0.pb',
      '/w/zoo/test_data_set_1/input_0.pb',
      '/w/b.npz',
      '/w/a.npz',
      '/w/arrays/1.npy',
      '/w/arrays/2.npy',
    ),
  ).toEqual({
    'Folders with a quantscope.json': ['/w/lines'],
    'ONNX test data': ['/w/zoo'],
    'Array files': ['/w/a.npz', '/w/b.npz'],
    'Folders of arrays': ['/w/arrays'],
  });
});

test('offers modules by their name, and folders of pictures that no manifest speaks for', () => {
  expect(
    offered(
      '/w/feeds.mjs',
      '/w/cats.feeds.js',
      '/w/cats/1.jpg',
      '/w/cats/2.png',
      '/w/lines/quantscope.json',
      '/w/lines/a.png',
    ),
  ).toEqual({
    'Folders with a quantscope.json': ['/w/lines'],
    'Modules that yield feeds': ['/w/cats.feeds.js', '/w/feeds.mjs'],
    'Folders of pictures': ['/w/cats'],
  });
});

test('leaves out the samples of a data set that is offered whole', () => {
  expect(
    offered('/w/lines/quantscope.json', '/w/lines/a.npy', '/w/lines/deep/b.npz', '/w/lines2/c.npz'),
  ).toEqual({ 'Folders with a quantscope.json': ['/w/lines'], 'Array files': ['/w/lines2/c.npz'] });
});

test('offers the folder of many archives, and no group that is empty or endless', () => {
  const many = Array.from({ length: 9 }, (_, i) => `/w/samples/${i}.npz`);
  expect(offered(...many, '/w/one.npz')).toEqual({ 'Array files': ['/w/one.npz', '/w/samples'] });
  const folders = Array.from({ length: 300 }, (_, i) => `/w/${i}/quantscope.json`);
  expect(offered(...folders)['Folders with a quantscope.json']).toHaveLength(20);
  expect(offered()).toEqual({});
});

test('a data set at the root of a disk does not hang it', () => {
  expect(offered('/quantscope.json', '/a/b.npz')).toEqual({ 'Folders with a quantscope.json': ['/'] });
});

test.each([
  ['/w/a.npz', '/w/a.npz'],
  ['/w/feeds.mjs', '/w/feeds.mjs'],
  ['/w/a.npy', '/w'],
  ['/w/quantscope.json', '/w'],
  ['/w/other.json', '/w/other.json'],
])('%s stands for %s', (file, data) => expect(dataOfFile(file)).toBe(data));
