import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  createProtocolConnection,
  IPCMessageReader,
  IPCMessageWriter,
  StreamMessageReader,
  StreamMessageWriter,
  type ProtocolConnection,
} from 'vscode-languageserver-protocol/node';
import { writeEndless } from '../endlessModel';

/** Of a hang: what is told of is over in a second. */
const HANG_MS = 30_000;

const folder = mkdtempSync(join(tmpdir(), 'quantscope-stopping-'));
const { model, data } = writeEndless(folder);
/** What a test that failed would leave running. */
const started: number[] = [];
afterAll(() => {
  for (const id of started) if (isAlive(id)) process.kill(id, 'SIGKILL');
  rmSync(folder, { recursive: true });
});

let count = 0;
/** A folder to write to, one for temporary files, and a cache; what is in them is listed at the end. */
function places() {
  const home = join(folder, String(count++));
  const [out, temporary, cache] = ['out', 'tmp', 'cache'].map((name) => join(home, name)) as [
    string,
    string,
    string,
  ];
  for (const each of [out, temporary, cache]) mkdirSync(each, { recursive: true });
  const env = { ...process.env, TMPDIR: temporary, QUANTSCOPE_CACHE: cache };
  const left = () => [...readdirSync(out), ...readdirSync(temporary), ...readdirSync(cache)];
  return { output: join(out, 'int8.onnx'), env, left };
}

function collect(stream: NodeJS.ReadableStream | null): {
  text: string;
  has: (words: string) => Promise<void>;
} {
  const collected = { text: '', has: (words: string) => until(() => collected.text.includes(words)) };
  stream?.on('data', (data: Buffer) => (collected.text += data.toString()));
  return collected;
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((done) => setTimeout(done, 20));
}

/** As shells tell how a process ended. */
function ended(child: ChildProcess): Promise<number> {
  return new Promise((done) =>
    child.once('exit', (code, signal) =>
      done(signal === null ? (code ?? -1) : 128 + constants.signals[signal]),
    ),
  );
}

function isAlive(id: number): boolean {
  try {
    // One that has ended stays listed until its parent asks; that one was killed.
    if (process.platform === 'linux')
      return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${id}/stat`, 'utf8'));
    return process.kill(id, 0);
  } catch {
    return false;
  }
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

describe('a command at a model whose run does not end', () => {
  const begin = async () => {
    const { output, env, left } = places();
    const words = ['quantize', model, '--data', data, '--calibration', 'max', '-o', output];
    const child = spawn(process.execPath, ['dist/quantscope.js', ...words, '--progress', 'json'], { env });
    started.push(child.pid ?? NaN);
    const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
    await stdout.has('"calibrate"');
    return { child, code: ended(child), stdout, stderr, left };
  };

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)(
    'ends after %s with %i, one line, and nothing left behind',
    async (signal, expected) => {
      const { child, code, stdout, stderr, left } = await begin();
      child.kill(signal);
      expect(await code).toBe(expected);
      expect(stderr.text).toBe('quantscope: Cancelled.\n');
      expect(stdout.text.trimEnd().split('\n').at(-1)).toContain('"cancelled"');
      expect(left()).toEqual([]);
    },
    HANG_MS,
  );

  test(
    'ends at the second signal too',
    async () => {
      const { child, code, stderr, left } = await begin();
      child.kill('SIGINT');
      await pause(100);
      child.kill('SIGINT');
      expect(await code).toBe(130);
      expect(stderr.text).toBe('quantscope: Cancelled.\n');
      expect(left()).toEqual([]);
    },
    HANG_MS,
  );

  test(
    'ends too when nobody reads its lines any more',
    async () => {
      const { child, code, stderr, left } = await begin();
      child.stdout.destroy();
      // Its next line is the one that it was stopped.
      child.kill('SIGTERM');
      expect(await code).toBe(143);
      expect(stderr.text).toBe('quantscope: Cancelled.\n');
      expect(left()).toEqual([]);
    },
    HANG_MS,
  );
});

describe('an engine at a model whose run does not end', () => {
  test.each([
    ['stdio', 'told'],
    ['ipc', 'told'],
    ['stdio', 'null'],
    ['ipc', 'null'],
  ])(
    'ends when its client is killed: %s, its process %s',
    async (transport, told) => {
      const { output, env, left } = places();
      const words = ['test/engine/server/lostClient.mjs', transport, model, data, output, told];
      const client = spawn(process.execPath, words, { env });
      const stdout = collect(client.stdout);
      await stdout.has('\n');
      const engine = Number(stdout.text);
      started.push(engine);
      expect(isAlive(engine)).toBe(true);
      client.kill('SIGKILL');
      await until(() => !isAlive(engine));
      expect(left()).toEqual([]);
    },
    HANG_MS,
  );

  const begin = async (transport: '--stdio' | '--node-ipc') => {
    const { output, env, left } = places();
    const child = spawn(process.execPath, ['dist/engine.js', transport], {
      env,
      stdio: transport === '--stdio' ? 'pipe' : ['pipe', 'pipe', 'pipe', 'ipc'],
    });
    started.push(child.pid ?? NaN);
    const stderr = collect(child.stderr);
    const connection: ProtocolConnection =
      transport === '--node-ipc'
        ? createProtocolConnection(new IPCMessageReader(child), new IPCMessageWriter(child))
        : createProtocolConnection(
            new StreamMessageReader(child.stdout as NodeJS.ReadableStream),
            new StreamMessageWriter(child.stdin as NodeJS.WritableStream),
          );
    connection.listen();
    let isUnderWay = false;
    connection.onNotification('quantscope/progress', () => (isUnderWay = true));
    await connection.sendRequest('initialize', { processId: process.pid, rootUri: null, capabilities: {} });
    await connection.sendNotification('initialized', {});
    const settings = {
      ...{ data, preset: null, samples: null, weights: 'per-channel', calibration: 'max', profile: 'arm' },
      ...{ targetDrop: 0.5, output, keepFloat: null },
    };
    connection.sendRequest('quantscope/quantize', { path: model, settings }).catch(() => undefined);
    await until(() => isUnderWay);
    await pause(300);
    return { child, code: ended(child), connection, stderr, left };
  };
  const SIGKILL = 137;

  test.each(['--stdio', '--node-ipc'] as const)(
    'ends after shutdown and exit: %s',
    async (transport) => {
      const { code, connection, stderr, left } = await begin(transport);
      await connection.sendRequest('shutdown');
      await connection.sendNotification('exit');
      // Not by an abort: the system writes down what was in memory then.
      expect(await code).toBe(SIGKILL);
      expect(stderr.text).toBe('');
      expect(left()).toEqual([]);
    },
    HANG_MS,
  );

  test.each(['--stdio', '--node-ipc'] as const)(
    'ends when what it is spoken to over is closed: %s',
    async (transport) => {
      const { child, code, left } = await begin(transport);
      if (transport === '--stdio') child.stdin?.end();
      else child.disconnect();
      expect(await code).toBe(SIGKILL);
      expect(left()).toEqual([]);
    },
    HANG_MS,
  );

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)(
    'ends after %s with %i',
    async (signal, expected) => {
      const { child, code, stderr, left } = await begin('--stdio');
      child.kill(signal);
      expect(await code).toBe(expected);
      expect(stderr.text).toBe('');
      expect(left()).toEqual([]);
    },
    HANG_MS,
  );
});
