// `npm test`: set-up from nothing, then every check. Ends with the line `N passed, N failed`.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, run, setUp } from './setUp.mjs';
import { setUpModels } from './setUpModels.mjs';

const total = { passed: 0, failed: 0 };

function count(name, passed, failed) {
  console.log(`\n${name}: ${passed} passed, ${failed} failed.`);
  total.passed += passed;
  total.failed += failed;
}

/** A check without tests of its own counts as one. */
function check(name, command, parameters) {
  console.log(`\n— ${name}`);
  const passed = run(command, parameters);
  count(name, passed ? 1 : 0, passed ? 0 : 1);
}

function units() {
  console.log('\n— Units (vitest)');
  const file = join(root, 'out/units.json');
  rmSync(file, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const passed = run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...reporters]);
  if (!existsSync(file)) return count('Units', 0, 1);
  const { numPassedTests, numFailedTests, numFailedTestSuites } = JSON.parse(readFileSync(file, 'utf8'));
  // A file that does not load fails as a suite without a failed test.
  const failed = Math.max(numFailedTests, numFailedTestSuites > 0 || !passed ? 1 : 0);
  return count('Units', numPassedTests, failed);
}

/** Runs a mocha suite of ours and counts by its closing lines. */
function mochaSuite(name, script) {
  console.log(`\n— ${name}`);
  return new Promise((done) => {
    const child = spawn(process.execPath, [script], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      process.stdout.write(text);
      output += text;
    });
    child.once('close', (code) => {
      const number = (word) => Number(new RegExp(`^\\s*(\\d+) ${word}`, 'm').exec(output)?.[1] ?? 0);
      const failed = number('failing');
      count(name, number('passing'), code !== 0 && failed === 0 ? 1 : failed);
      done();
    });
  });
}

async function main() {
  mkdirSync(join(root, 'out'), { recursive: true });
  setUp();
  setUpModels();
  check('Format (prettier)', process.execPath, ['node_modules/prettier/bin/prettier.cjs', '--check', '.']);
  check('Lint (eslint)', process.execPath, ['node_modules/eslint/bin/eslint.js', '.']);
  check('Types (tsc)', process.execPath, ['node_modules/typescript/bin/tsc', '-b']);
  // The view's own tests need the browser, so it is set up before them.
  const { setUpEditor } = await import('./setUpEditor.mjs');
  setUpEditor();
  units();
  await mochaSuite('Extension in a real VS Code', 'scripts/testVSCode.mjs');
  await mochaSuite('Editor in a browser', 'scripts/testBrowser.mjs');
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
