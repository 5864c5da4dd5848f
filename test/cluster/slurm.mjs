// `npm run test:slurm`: submits the jobs of docs/cluster.md to a Slurm of its own on this machine, and compares their report
// with that of one run. Needs root and Debian's slurm-wlm.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, hostname, tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const root = resolve(import.meta.dirname, '../..');
const MINUTES = 5;
/** Node and the programs that Debian puts where only root looks. */
const path = [process.env['PATH'], '/usr/sbin', '/sbin'].join(delimiter);
const children = [];

function isThere(program) {
  return path.split(delimiter).some((folder) => existsSync(join(folder, program)));
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** Starts a service that stays in the foreground; its log is told if it ends by itself. */
function start(program, parameters, env, folder) {
  const child = spawn(program, parameters, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (log += text));
  child.once('exit', (code) => {
    if (!children.includes(child)) return;
    console.error(`${program} ended with ${code}:\n${log.slice(-2000)}`);
  });
  children.push(child);
  writeFileSync(join(folder, `${program}.pid`), String(child.pid));
}

async function until(what, isDone) {
  const last = Date.now() + MINUTES * 60_000;
  while (!isDone()) {
    if (Date.now() > last) throw new Error(`Waited ${MINUTES} minutes for ${what}.`);
    await wait(250);
  }
}

/** A cluster of this one machine, on ports and in a folder of its own. */
async function startSlurm(folder) {
  const host = hostname().split('.')[0];
  const socket = join(folder, 'munge.socket');
  const key = join(folder, 'munge.key');
  writeFileSync(key, randomBytes(128), { mode: 0o400 });
  for (const name of ['state', 'spool']) mkdirSync(join(folder, name));
  const conf = join(folder, 'slurm.conf');
  const settings = {
    ClusterName: 'one',
    SlurmctldHost: `${host}(127.0.0.1)`,
    SlurmUser: 'root',
    AuthType: 'auth/munge',
    AuthInfo: `socket=${socket}`,
    SlurmctldPort: await freePort(),
    SlurmdPort: await freePort(),
    SlurmctldPidFile: join(folder, 'slurmctld.own.pid'),
    SlurmdPidFile: join(folder, 'slurmd.own.pid'),
    StateSaveLocation: join(folder, 'state'),
    SlurmdSpoolDir: join(folder, 'spool'),
    ProctrackType: 'proctrack/linuxproc',
    TaskPlugin: 'task/none',
    MpiDefault: 'none',
    SelectType: 'select/cons_tres',
    SelectTypeParameters: 'CR_CPU',
    ReturnToService: 2,
    NodeName: `${host} NodeAddr=127.0.0.1 CPUs=${availableParallelism()} State=UNKNOWN`,
    PartitionName: `main Nodes=${host} Default=YES MaxTime=INFINITE State=UP`,
  };
  writeFileSync(
    conf,
    Object.entries(settings)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  const env = { ...process.env, PATH: path, SLURM_CONF: conf };
  const files = ['pid', 'log', 'seed'].map((kind) => `--${kind}-file=${join(folder, `munged.${kind}`)}`);
  start(
    'munged',
    ['--foreground', '--force', `--key-file=${key}`, `--socket=${socket}`, ...files],
    env,
    folder,
  );
  await until('munged', () => existsSync(socket));
  start('slurmctld', ['-D', '-f', conf], env, folder);
  start('slurmd', ['-D', '-f', conf, '-N', host], env, folder);
  const state = () => spawnSync('sinfo', ['-h', '-o', '%T'], { env, encoding: 'utf8' }).stdout?.trim();
  await until('the node to be idle', () => state() === 'idle');
  return env;
}

/** The scripts that docs/cluster.md shows, by name. */
function scriptsOf(text) {
  const blocks = text.matchAll(/^`([\w.]+)`[^\n]*:\n\n```sh\n([\s\S]*?)```$/gm);
  return new Map([...blocks].map(([, name, script]) => [name, script]));
}

async function main() {
  const missing = ['munged', 'slurmctld', 'slurmd', 'sbatch'].filter((program) => !isThere(program));
  if (missing.length > 0) {
    console.log(`Slurm is not here (${missing.join(', ')}): apt-get install slurm-wlm. Skipped.`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'quantscope-slurm-'));
  // Munge wants to be sure that nobody else writes there.
  chmodSync(folder, 0o755);
  try {
    const work = join(folder, 'work');
    for (const name of ['work', 'bin']) mkdirSync(join(folder, name));
    const program = join(folder, 'bin', 'quantscope');
    writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${root}/dist/quantscope.js' "$@"\n`);
    chmodSync(program, 0o755);
    const env = {
      ...(await startSlurm(folder)),
      MODEL: join(root, 'test/zoo/models/mnist-cnn.onnx'),
      DATA: 'synthetic',
      QUANTSCOPE_CACHE: join(folder, 'cache'),
    };
    env.PATH = [join(folder, 'bin'), env.PATH].join(delimiter);
    const scripts = scriptsOf(readFileSync(join(root, 'docs/cluster.md'), 'utf8'));
    for (const [name, script] of scripts) writeFileSync(join(work, name), script);
    const began = Date.now();
    const options = { cwd: work, env, encoding: 'utf8' };
    const last = execFileSync('bash', ['submit.sh'], options).trim();
    console.log(
      `Submitted ${execFileSync('squeue', ['-h', '-o', '%i %j'], options).trim().split('\n').join(', ')}.`,
    );
    const left = () => spawnSync('squeue', ['-h', '-o', '%i %j %T %r'], options).stdout.trim();
    await until('the jobs', () => left() === '');
    const report = join(work, 'report.json');
    if (!existsSync(report)) {
      const logs = execFileSync('sh', ['-c', 'tail -n 5 slurm-*.out'], options);
      throw new Error(`Job ${last} wrote no report.\n${logs}`);
    }
    console.log(`Done after ${((Date.now() - began) / 1000).toFixed(0)} s.`);
    const alone = join(work, 'alone.json');
    const { MODEL, DATA } = env;
    execFileSync('quantscope', ['analyze', MODEL, '--data', DATA, '--json', alone], options);
    const layersOf = (file) => JSON.stringify(JSON.parse(readFileSync(file, 'utf8')).layers);
    if (layersOf(report) !== layersOf(alone))
      throw new Error('The array’s layers differ from those of one run.');
    console.log(`${JSON.parse(layersOf(report)).length} layers, each as in one run.`);
    rmSync(report);
    execFileSync('bash', ['submit.sh'], { ...options, env: { ...env, DATA: join(work, 'nowhere.npz') } });
    await until('the jobs that fail', () => left() === '');
    if (existsSync(report)) throw new Error('A report was made although its tasks failed.');
    console.log('Where tasks fail, what waits for them is cancelled.\n\n2 passed, 0 failed');
  } finally {
    for (const child of children.splice(0).reverse()) {
      const ended = new Promise((done) => child.once('exit', done));
      if (child.exitCode === null && child.kill()) await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

await main().catch((failure) => {
  console.error(failure.message);
  console.log('\n0 passed, 1 failed');
  process.exitCode = 1;
});
