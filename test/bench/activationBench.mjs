// `npm run bench:activation`: how long the packaged extension takes to activate in a real VS Code, and its engine to answer
// first. Each round is a fresh editor with the package installed.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBrowser } from '../../scripts/browser.mjs';
import { startEditor } from '../../scripts/editor.mjs';
import { buildRelease, makePackage, ownTarget } from '../../scripts/package.mjs';
import { makeTestWorkspace } from '../../scripts/testWorkspace.mjs';
import { buildBench } from './buildBench.mjs';

const ROUNDS = 5;

/** Runs in the extension host; its figures come back in a file. */
const PROBE = `
const { writeFileSync } = require('node:fs');
const vscode = require('vscode');
exports.run = async () => {
  const extension = vscode.extensions.getExtension('quantscope.quantscope');
  const small = vscode.extensions.getExtension('vscode.merge-conflict');
  const wasActive = extension.isActive || small.isActive;
  const timed = async (one) => {
    const started = performance.now();
    const api = await one.activate();
    return [performance.now() - started, api];
  };
  const [yardstick] = await timed(small);
  const [activation, api] = await timed(extension);
  const open = async (path) => {
    const model = vscode.Uri.file(path);
    const asked = performance.now();
    await vscode.commands.executeCommand('vscode.openWith', model, 'quantscope.model');
    while (!api.messagesFor(model).some(({ type }) => type === 'model'))
      await new Promise((done) => setTimeout(done, 2));
    return performance.now() - asked;
  };
  const opening = await open(process.env.QUANTSCOPE_BENCH_MODEL);
  const big = await open(process.env.QUANTSCOPE_BENCH_BIG);
  writeFileSync(
    process.env.QUANTSCOPE_BENCH_RESULT,
    JSON.stringify({ wasActive, yardstick, activation, opening, big }),
  );
};
`;

const middle = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const range = (values) => `${Math.min(...values).toFixed(0)}–${Math.max(...values).toFixed(0)}`;

async function measure(browser, vsix, folder, home) {
  const result = join(home, 'result.json');
  rmSync(result, { force: true });
  process.env.QUANTSCOPE_BENCH_MODEL = join(folder, 'model/rec.onnx');
  process.env.QUANTSCOPE_BENCH_BIG = join(home, 'big.onnx');
  process.env.QUANTSCOPE_BENCH_RESULT = result;
  const editor = await startEditor({ folder: join(folder, 'empty'), vsix, testable: true });
  const page = await browser.newPage();
  try {
    const ended = new Promise((done) => void page.exposeFunction('codeAutomationExit', done));
    await page.exposeFunction('codeAutomationLog', () => undefined);
    // The probe is an extension with a test in it; ours is the installed package.
    await page.goto(
      editor.urlOf([
        ['extensionDevelopmentPath', editor.remote(join(home, 'probe'))],
        ['extensionTestsPath', editor.remote(join(home, 'probe/probe.js'))],
      ]),
    );
    await ended;
    return JSON.parse(readFileSync(result, 'utf8'));
  } finally {
    await page.close();
    await editor.stop();
  }
}

const { out } = await buildBench(['makeModels.ts']);
const home = mkdtempSync(join(tmpdir(), 'quantscope-activation-'));
process.env.QUANTSCOPE_CACHE = join(home, 'cache');
const browser = await openBrowser();
try {
  mkdirSync(join(home, 'probe'));
  const manifest = {
    name: 'probe',
    publisher: 'quantscope',
    version: '0.0.1',
    engines: { vscode: '^1.90.0' },
  };
  writeFileSync(join(home, 'probe/package.json'), JSON.stringify(manifest));
  writeFileSync(join(home, 'probe/probe.js'), PROBE);
  // A workspace with a model would have activated the extension before it is timed.
  const folder = join(home, 'workspace');
  makeTestWorkspace(join(folder, 'model'));
  mkdirSync(join(folder, 'empty'));
  const made = spawnSync(process.execPath, [
    join(out, 'makeModels.mjs'),
    join(home, 'big.onnx'),
    join(home, 'long.onnx'),
  ]);
  if (made.status !== 0) throw new Error(String(made.stderr));
  const vsix = makePackage(ownTarget(), buildRelease()).file;
  const rounds = [];
  for (let i = 0; i < ROUNDS; i++) rounds.push(await measure(browser, vsix, folder, home));
  if (rounds.some(({ wasActive }) => wasActive))
    throw new Error('An extension was active before it was timed.');
  console.log(
    `${cpus().length} cores, ${cpus()[0].model.trim()}, ${process.platform}, ${ROUNDS} fresh editors:`,
  );
  for (const [name, what] of [
    ['yardstick', "activation of one of the editor's own small extensions (merge-conflict)"],
    ['activation', 'activation of ours'],
    ['opening', 'from opening a 10.8 MB model to its first answer, start of the engine included'],
    ['big', 'from opening a 100 MB model to its first answer, the engine running'],
  ]) {
    const times = rounds.map((round) => round[name]);
    console.log(`  ${what}: ${middle(times).toFixed(0)} ms (${range(times)})`);
  }
} finally {
  await browser.close();
  rmSync(home, { recursive: true, force: true });
}
