import { zipSync } from 'fflate';
import { dump } from 'npyjs';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OutputEvent } from '../../../engine/cli/machineOutput';
import { encodeModel } from '../../../engine/onnx/file/readModel';
import type { QuantizeResult } from '../../../engine/shared/protocol/report';
import { noise, noisy, node, tinyModel } from '../tinyModel';

const folder = mkdtempSync(join(tmpdir(), 'quantscope-machine-'));
const model = join(folder, 'tiny.onnx');
const data = join(folder, 'data.npz');
const output = join(folder, 'tiny.int8.onnx');

function quantscope(...parameters: string[]) {
  const env = { ...process.env, QUANTSCOPE_CACHE: join(folder, 'cache') };
  return spawnSync(process.execPath, ['dist/quantscope.js', ...parameters], { encoding: 'utf8', env });
}

const eventsOf = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as OutputEvent);

beforeAll(() => {
  const tiny = tinyModel({
    inputs: { x: ['n', 16] },
    outputs: ['y'],
    constants: { w: noisy([16, 32]), v: noisy([32, 8]) },
    nodes: [node('MatMul', ['x', 'w'], 'h'), node('Relu', ['h'], 'r'), node('MatMul', ['r', 'v'], 'y')],
  });
  writeFileSync(model, encodeModel(tiny));
  writeFileSync(data, zipSync({ 'x.npy': new Uint8Array(dump(noise(64 * 16), [64, 16])) }));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('--progress json', () => {
  test('prints a line of JSON for each step and for the result, and nothing else on stdout', () => {
    const { status, stdout, stderr } = quantscope(
      ...['quantize', model, '--data', data, '--output', output, '--target-drop', '50%'],
      ...['--calibration', 'max', '--progress', 'json'],
    );
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const events = eventsOf(stdout);
    const last = events.pop();
    expect(last).toMatchObject({ event: 'result', command: 'quantize' });
    const { output: written, int8 } = (last as { result: QuantizeResult }).result;
    expect(written).toBe(output);
    expect(int8.score).toBeGreaterThan(0);
    const kinds = new Set(events.map(({ event }) => event));
    expect(kinds.has('progress')).toBe(true);
    expect([...kinds].filter((kind) => kind !== 'progress' && kind !== 'measured')).toEqual([]);
    for (const event of events)
      if (event.event === 'progress') expect(event.done).toBeLessThanOrEqual(event.total || event.done);
  });

  test('ends with the error, which stderr tells people too', () => {
    const { status, stdout, stderr } = quantscope('inspect', join(folder, 'no.onnx'), '--progress', 'json');
    expect(status).toBe(1);
    expect(eventsOf(stdout)).toMatchObject([{ event: 'error', code: 'not-found' }]);
    expect(stderr).toMatch(/^quantscope: .*no\.onnx/);
  });

  test('takes no other word', () => {
    const { status, stderr } = quantscope('inspect', model, '--progress', 'xml');
    expect(status).toBe(2);
    expect(stderr).toMatch(/bar.*json/);
  });
});

describe('--problems', () => {
  const pattern = /^(.+): (error|warning): (.+)$/;

  test('names the model and the severity of an error, one a line', () => {
    const { status, stderr } = quantscope('data', model, '--data', join(folder, 'nowhere'), '--problems');
    expect(status).toBe(1);
    const [problem, line, ...others] = stderr.trimEnd().split('\n');
    const [, file, severity, text] = pattern.exec(problem ?? '') ?? [];
    expect([file, severity]).toEqual([model, 'error']);
    expect(text).toContain('nowhere');
    expect(line).toMatch(/^quantscope: /);
    expect(others).toEqual([]);
  });

  test('repeats the warnings of a result', () => {
    const { status, stderr } = quantscope('data', model, '--data', 'synthetic:2', '--problems');
    expect(status).toBe(0);
    for (const line of stderr.trimEnd().split('\n')) expect(pattern.exec(line)?.[2]).toBe('warning');
    expect(stderr).toMatch(/made up/);
  });
});
