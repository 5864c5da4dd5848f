import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { TerminalProgress } from '../../../engine/cli/terminalProgress';
import { useCli } from './useCli';

const HANG_MS = 30_000;
const { model, data, output } = useCli();

/** Those that print much, little, at once, after long work, and JSON. */
const commands = [
  ['--help'],
  ['quantize', '--help'],
  ['inspect', model],
  ['inspect', model, '--shapes', '--progress', 'json'],
  ['lint', model, '--profile', 'x86'],
  ['data', model, '--data', data],
  ['quantize', model, '--data', data, '--calibration', 'max', '-o', output],
  ['quantize', model, '--data', data, '--calibration', 'max', '-o', output, '--progress', 'json'],
];
const named = commands.map(
  (words) => [words.map((word) => word.split('/').at(-1)).join(' '), words] as [string, string[]],
);

describe('stdout whose reader is gone', () => {
  test.each(named)(
    'ends the command with 141, as SIGPIPE does, without a word: %s',
    async (_, words) => {
      const child = spawn(process.execPath, ['dist/quantscope.js', ...words]);
      child.stdout.destroy();
      let stderr = '';
      child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
      const code = await new Promise((done) => child.once('close', done));
      expect(stderr).toBe('');
      expect(code).toBe(141);
    },
    HANG_MS,
  );
});

// Linux has a file that is always full.
describe.runIf(existsSync('/dev/full'))('a stream that takes nothing', () => {
  const run = (words: string[], stdio: ('full' | 'pipe')[]) => {
    const full = openSync('/dev/full', 'w');
    try {
      return spawnSync(process.execPath, ['dist/quantscope.js', ...words], {
        encoding: 'utf8',
        stdio: ['ignore', ...stdio.map((how) => (how === 'full' ? full : how))],
      });
    } finally {
      closeSync(full);
    }
  };

  test.each(named)(
    'is told of in one line where it is stdout: %s',
    (_, words) => {
      const { status, stderr } = run(words, ['full', 'pipe']);
      expect(stderr).toBe('quantscope: Cannot write to standard output: no space left on device.\n');
      expect(status).toBe(1);
    },
    HANG_MS,
  );

  test(
    'changes nothing else where it is stderr',
    () => {
      const good = run(['inspect', model], ['pipe', 'full']);
      expect(good.status).toBe(0);
      expect(good.stdout).toContain('tiny.onnx');
      expect(run(['inspect', `${model}.not`], ['pipe', 'full']).status).toBe(1);
      expect(run(['inspect'], ['pipe', 'full']).status).toBe(2);
      expect(run(['inspect', model], ['full', 'full']).status).toBe(1);
    },
    HANG_MS,
  );
});

describe('streams that are closed', () => {
  const inShell = (closed: string, ...words: string[]) =>
    spawnSync('/bin/sh', ['-c', `exec "$0" dist/quantscope.js "$@" ${closed}`, process.execPath, ...words], {
      encoding: 'utf8',
    });

  test.runIf(process.platform !== 'win32').each(['<&-', '>&-', '2>&-', '<&- >&- 2>&-'])(
    'leave a command to its work: %s',
    (closed) => {
      expect(inShell(closed, 'inspect', model).status).toBe(0);
      const { status, stderr } = inShell(closed, 'inspect', `${model}.not`);
      expect(status).toBe(1);
      expect(stderr).toMatch(closed.includes('2>') ? /^$/ : /^quantscope: .*\n$/);
    },
    HANG_MS,
  );
});

describe('progress', () => {
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });

  /** What is written to stderr of two stages. */
  const written = (isTerminal: boolean, term: string) => {
    vi.stubEnv('TERM', term);
    const before = Object.getOwnPropertyDescriptor(process.stderr, 'isTTY');
    Object.defineProperty(process.stderr, 'isTTY', { value: isTerminal, configurable: true });
    let text = '';
    vi.spyOn(process.stderr, 'write').mockImplementation((part) => {
      text += String(part);
      return true;
    });
    try {
      const progress = new TerminalProgress();
      for (const title of ['Calibrating', 'Scoring float'] as const)
        for (const done of [0, 1, 2])
          progress.onProgress({ stage: 'calibrate', title, done, total: 2, secondsLeft: 1 });
      progress.stop();
      return text;
    } finally {
      if (before === undefined) Reflect.deleteProperty(process.stderr, 'isTTY');
      else Object.defineProperty(process.stderr, 'isTTY', before);
    }
  };

  test('moves the cursor of a terminal that has one to move, and of no other', () => {
    expect(written(true, 'xterm-256color')).toContain('\u001b[');
    expect(written(true, 'dumb')).toBe('');
    expect(written(false, 'xterm-256color')).toBe('');
  });
});
