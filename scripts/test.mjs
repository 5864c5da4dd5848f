// `npm test`: set-up from nothing, then every check. Ends with the line `N passed, N failed`.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { root, setUp } from './setUp.mjs';

const total = { passed: 0, failed: 0 };
const { execPath: node } = process;

/**
 * Runs a program; what it writes is shown at once, or, of programs side by side, when it has ended.
 * @returns {Promise<{ passed: boolean, output: string, seconds: number }>}
 */
function run(parameters, { isAlone = false } = {}) {
  const start = performance.now();
  return new Promise((done) => {
    const child = spawn(node, parameters, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
        if (isAlone) process.stdout.write(text);
      });
    }
    child.once('close', (code) => {
      const seconds = Math.round((performance.now() - start) / 1000);
      done({ passed: code === 0, output: isAlone ? '' : output, seconds });
    });
  });
}

function count(name, { output, seconds }, passed, failed) {
  console.log(`\n— ${name}\n${output}${name}: ${passed} passed, ${failed} failed, ${seconds} s.`);
  total.passed += passed;
  total.failed += failed;
}

/** A check without tests of its own counts as one. */
async function check(name, parameters) {
  const done = await run(parameters);
  count(name, done, done.passed ? 1 : 0, done.passed ? 0 : 1);
}

async function units() {
  const file = join(root, 'out/units.json');
  rmSync(file, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const done = await run(['node_modules/vitest/vitest.mjs', 'run', ...reporters], { isAlone: true });
  if (!existsSync(file)) return count('Units (vitest)', done, 0, 1);
  const { numPassedTests, numFailedTests, numFailedTestSuites } = JSON.parse(readFileSync(file, 'utf8'));
  // A file that does not load fails as a suite without a failed test.
  const failed = Math.max(numFailedTests, numFailedTestSuites > 0 || !done.passed ? 1 : 0);
  return count('Units (vitest)', done, numPassedTests, failed);
}

/** Runs a mocha suite of ours and counts by its closing lines. */
async function mochaSuite(name, script) {
  const done = await run([script]);
  const number = (word) => Number(new RegExp(`^\\s*(\\d+) ${word}`, 'm').exec(done.output)?.[1] ?? 0);
  const failed = number('failing');
  count(name, done, number('passing'), !done.passed && failed === 0 ? 1 : failed);
}

/** What the tests need beside the locked packages. */
async function prepare(script) {
  const { passed, output } = await run([script]);
  process.stdout.write(output);
  if (!passed) throw new Error(`${script} failed.`);
}

async function main() {
  mkdirSync(join(root, 'out'), { recursive: true });
  setUp();
  // What is fetched waits for the network most of the time.
  await Promise.all([
    check('Lint (eslint)', ['node_modules/eslint/bin/eslint.js', '.']),
    (async () => {
      await check('Format (prettier)', ['node_modules/prettier/bin/prettier.cjs', '--check', '.']);
      await check('Types (tsc)', ['node_modules/typescript/bin/tsc', '-b']);
      await check('Rooms (dependency-cruiser)', [
        'node_modules/dependency-cruiser/bin/dependency-cruise.mjs',
        ...['engine', 'extension', 'webview'],
      ]);
    })(),
    (async () => {
      await prepare('scripts/setUpModels.mjs');
      await prepare('scripts/setUpEditor.mjs');
    })(),
  ]);
  await units();
  // Both wait for windows and engines most of the time.
  await Promise.all([
    mochaSuite('Extension in a real VS Code', 'scripts/testVSCode.mjs'),
    mochaSuite('Editor in a browser', 'scripts/testBrowser.mjs'),
  ]);
}

main()
  .catch((failure) => {
    console.error(failure.message);
    total.failed += 1;
  })
  .finally(() => {
    console.log(`\n${total.passed} passed, ${total.failed} failed`);
    process.exitCode = total.failed === 0 ? 0 : 1;
  });
