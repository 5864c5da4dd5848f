import { dump } from 'npyjs';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { REPORT_VERSION, type Report } from '../../../engine/shared/protocol/report';
import type { PageContents } from '../../../engine/shared/protocol/page';
import { noise } from '../tinyModel';
import { useCli } from './useCli';

const { folder, model, data, output, spawned, quantscope, expectFailure } = useCli();

/** What a page shows. */
function contentsOf(page: string): PageContents {
  const [, held = ''] = /id="quantscope-contents">([^<]*)</.exec(readFileSync(page, 'utf8')) ?? [];
  return JSON.parse(held) as PageContents;
}

test('analyze writes the report', () => {
  const file = join(folder, 'report.json');
  const page = join(folder, 'report.html');
  const { status, stdout, stderr } = spawned(
    ...['analyze', model, '--data', data, '--json', file, '--html', page],
  );
  expect(stderr).toBe('');
  expect(stdout).toMatch(/\n +Step +Tried +Score +Change, points\n.*calibrator +MSE +\d+\.\d% +\S+ ± \d/);
  expect(stdout).toMatch(/\n\* +verification +The result, on samples that chose nothing /);
  expect(stdout).toMatch(
    /on 10 samples that chose nothing\.\nVerdict: (met|missed|inconclusive) \(target: within 1% of float\)\. /,
  );
  expect(status).toBe(0);
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  expect(report.version).toBe(REPORT_VERSION);
  const contents = contentsOf(page);
  expect(contents).toMatchObject({ report, tradeOff: null, compared: null });
  const { graph, weights, scatters } = contents.parts ?? { graph: null, weights: [], scatters: [] };
  expect(graph).toMatchObject({ hash: report.model.hash });
  const weighted = report.layers.filter(({ weight }) => weight !== null).map(({ name }) => name);
  expect(weights.map(({ layer }) => layer).sort()).toEqual(weighted.sort());
  expect(scatters.map(({ layer }) => layer)).toEqual(weights.map(({ layer }) => layer));
  for (const { counted, alone } of scatters) expect(alone.counts.reduce((a, b) => a + b, 0)).toBe(counted);
  expect(Object.keys(report)).toEqual(
    expect.arrayContaining(['version', 'model', 'settings', 'float', 'int8', 'layers', 'keepFloat']),
  );
  expect(Object.keys(report.float).sort()).toEqual([
    'bytes',
    'latencyMs',
    'latencySpread',
    'metric',
    'score',
  ]);
  expect(Object.keys(report.int8)).toEqual(expect.arrayContaining(['integerNodes', 'floatNodes']));
  expect(report.float).toMatchObject({ metric: 'agreement', score: 1 });
  expect(report.int8.integerNodes).toBe(2);
  const [conv] = report.layers;
  expect(Object.keys(conv ?? {})).toEqual(
    expect.arrayContaining(['name', 'opType', 'weight', 'inputs', 'sqnrDb', 'score', 'drop', 'advice']),
  );
  const [input] = conv?.inputs ?? [];
  expect(input?.tensor).toBe('x');
  expect(Object.keys(input?.clips ?? {})).toEqual(
    expect.arrayContaining(['max', 'entropy', 'mse', 'percentile:99.99']),
  );
  const counted = [...(input?.histogram.positive ?? []), ...(input?.histogram.negative ?? [])];
  expect(counted.reduce((a, b) => a + b, 0)).toBe(10 * 3 * 64);
  expect(report.calibrationTable.map((row) => row.method)).toContain('mixed');
  expect(report.calibrationTable).toHaveLength(8);
});

test('a page compares the report with another one, or with the analysis before it', async () => {
  const [page, json] = ['compared.html', 'other.json'].map((name) => join(folder, name)) as [string, string];
  const analyze = ['analyze', model, '--data', data, '--calibration', 'max'];
  const comparedIn = () => contentsOf(page).compared;
  expect(await quantscope(...analyze, '--json', json)).toMatchObject({ status: 0 });
  const other = JSON.parse(readFileSync(json, 'utf8')) as Report;
  expect(await quantscope(...analyze, '--html', page, '--compare', 'previous')).toMatchObject({ status: 0 });
  expect(comparedIn()?.report.created).toBe(other.created);
  expect(comparedIn()?.label).toMatch(/^analysis of /);
  expect(await quantscope(...analyze, '--html', page, '--compare', json)).toMatchObject({ status: 0 });
  const compared = comparedIn();
  expect(compared).toMatchObject({
    label: 'other.json',
    report: { created: other.created, float: other.float },
  });
  const inputs = compared?.report.layers.flatMap((layer) => layer.inputs) ?? [];
  expect(inputs.map(({ clips }) => clips)).toEqual(
    other.layers.flatMap((layer) => layer.inputs).map(({ clips }) => clips),
  );
  // What is compared are clips: histograms would double the page.
  expect(inputs.every(({ histogram }) => histogram.positive.length === 0)).toBe(true);
  await expectFailure(2, ['Say --html too'], ...analyze, '--compare', json);
  const another = join(folder, 'another.html');
  await expectFailure(1, ['compared.html is no report'], ...analyze, '--html', another, '--compare', page);
});

test('a page is made where samples were skipped, and where ranges were counted before', async () => {
  const samples = join(folder, 'some');
  mkdirSync(samples);
  for (let i = 0; i < 12; i++)
    writeFileSync(join(samples, `${i + 10}.npy`), new Uint8Array(dump(noise(192, i + 1), [1, 3, 8, 8])));
  writeFileSync(join(samples, '15.npy'), 'no array');
  const [page, json] = ['skipped.html', 'skipped.json'].map((name) => join(folder, name)) as [string, string];
  const analyze = ['analyze', model, '--data', samples, '--calibration', 'max', '--skip-failed'];
  expect(await quantscope(...analyze, '--html', page, '--json', json)).toMatchObject({ status: 0 });
  const { report, parts } = contentsOf(page);
  expect(report).toEqual(JSON.parse(readFileSync(json, 'utf8')));
  expect(report.warnings.join(' ')).toContain('15.npy');
  expect(parts?.scatters).toHaveLength(2);

  const counted = join(folder, 'counted.bin');
  expect(await quantscope('calibrate', model, '--data', data, '-o', counted)).toMatchObject({ status: 0 });
  const lines = ['--progress', 'json', '--html', page];
  const known = ['analyze', model, '--data', data, '--calibration', 'max', '--calibrated', counted];
  const { stdout } = await quantscope(...known, ...lines);
  // With ranges at hand no sample is counted, not for the page either.
  expect(stdout).toContain('"sensitivity"');
  expect(stdout).not.toContain('"calibrate"');
  expect(contentsOf(page).parts?.scatters).toHaveLength(2);
});

test('two machines analyze, and merge makes the report of one', async () => {
  const settings = ['--data', data, '--calibration', 'mse'];
  const reportOf = async (...parameters: string[]) => {
    const json = join(folder, 'shared.report.json');
    expect(await quantscope(...parameters, '--json', json)).toMatchObject({ status: 0, stderr: '' });
    return JSON.parse(readFileSync(json, 'utf8')) as Report;
  };
  const one = await reportOf('analyze', model, ...settings);
  const parts = [1, 2].map((i) => join(folder, `${i}.part.json`));
  for (const [i, part] of parts.entries()) {
    const { status, stdout } = await quantscope(
      'analyze',
      model,
      ...settings,
      '--shard',
      `${i + 1}/2`,
      '-o',
      part,
    );
    expect([status, stdout]).toEqual([0, expect.stringContaining(`part ${i + 1} of 2`)]);
  }
  const page = join(folder, 'shared.html');
  const merged = await reportOf('merge', ...parts, '--html', page, '--compare', 'previous');
  expect(merged.layers).toEqual(one.layers);
  const { report, parts: shown, compared } = contentsOf(page);
  expect(compared?.report.created).toBe(one.created);
  expect(report).toEqual(merged);
  expect(shown?.graph).toMatchObject({ hash: one.model.hash });
  const [first = ''] = parts;
  await expectFailure(1, ['Part 2 of 2 is missing'], 'merge', first);
  await expectFailure(2, ['--json or --html instead of --output'], 'merge', ...parts, '-o', output);
  const bytes = readFileSync(first);
  await expectFailure(2, [first, 'would be written over', 'the parts'], 'merge', ...parts, '--json', first);
  await expectFailure(2, [first, 'would be written over', 'the parts'], 'merge', ...parts, '--html', first);
  await expectFailure(2, [first, 'would be written over', 'the parts'], 'merge', ...parts, '-o', first);
  await expectFailure(2, [model, 'would be written over'], 'merge', ...parts, '--json', model);
  expect(readFileSync(first).equals(bytes)).toBe(true);
  // A part may have been changed on its way.
  for (const part of parts) writeFileSync(part, readFileSync(part, 'utf8').replace('data.npz', 'data.mjs'));
  await expectFailure(2, ['data.mjs, which is run', '--data'], 'merge', ...parts);
  expect((await reportOf('merge', ...parts, '--data', data)).layers).toEqual(one.layers);
});
