#!/usr/bin/env node
// Stands in for the `code` program that @vscode/test-cli starts, where VS Code cannot be downloaded:
// takes its flags, runs the extension tests in code-server with a headless browser, ends with their exit code.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { format } from 'node:util';
import { openBrowser } from './browser.mjs';
import { CALM, startEditor } from './editor.mjs';

const RUN_TIMEOUT = Number(process.env.QUANTSCOPE_TEST_TIMEOUT ?? 480_000);

const LOG = join(import.meta.dirname, '..', 'out', 'editor.log');
/** What the workbench says about itself on the same channel as the tests' own output. */
const CHATTER = /^(Resolv|Creating a socket|\[[\w: -]+\]|Updating additional)/;

function print(type, parts) {
  const text = `${format(...parts)}\n`;
  writeFileSync(LOG, text, { flag: 'a' });
  // Errors are the editor's own: native modules that npm's scripts would have compiled, and no gallery.
  if (type !== 'error' && type !== 'warn' && !CHATTER.test(text)) process.stdout.write(text);
}

function readFlags(parameters) {
  const valueOf = (name) =>
    parameters.filter((p) => p.startsWith(`--${name}=`)).map((p) => p.slice(name.length + 3));
  const [extensionDir, ...others] = valueOf('extensionDevelopmentPath');
  const [tests] = valueOf('extensionTestsPath');
  if (extensionDir === undefined || tests === undefined || others.length > 0) {
    throw new Error('Expected one --extensionDevelopmentPath=… and --extensionTestsPath=….');
  }
  return { extensionDir, tests, folder: parameters.find((p) => !p.startsWith('-')) };
}

/** Settles with the tests' exit code, or rejects when the page, the editor or the clock ends the run first. */
async function runTests(editor, browser, { extensionDir, tests }) {
  const page = await browser.newPage();
  const url = editor.urlOf([
    ['extensionDevelopmentPath', editor.remote(extensionDir)],
    ['extensionTestsPath', editor.remote(tests)],
  ]);
  return new Promise((done, fail) => {
    const late = setTimeout(
      () =>
        fail(new Error(`The tests did not end within ${RUN_TIMEOUT / 1000} s (QUANTSCOPE_TEST_TIMEOUT).`)),
      RUN_TIMEOUT,
    );
    const end = (settle) => (value) => {
      clearTimeout(late);
      settle(value);
    };
    const failed = end(fail);
    page.on('crash', () => failed(new Error('The page crashed.')));
    void editor.exited.then(() => failed(new Error('The editor ended before the tests did.')));
    const load = async () => {
      await page.exposeFunction('codeAutomationLog', print);
      await page.exposeFunction('codeAutomationExit', end(done));
      await page.goto(url);
    };
    load().catch(failed);
  });
}

async function main() {
  const flags = readFlags(process.argv.slice(2));
  mkdirSync(dirname(LOG), { recursive: true });
  writeFileSync(LOG, '');
  const editor = await startEditor({ folder: flags.folder, testable: true, settings: CALM });
  let browser;
  const stop = async () => {
    await browser?.close();
    await editor.stop();
  };
  for (const name of ['SIGINT', 'SIGTERM']) {
    process.once(name, () => void stop().finally(() => process.exit(130)));
  }
  try {
    browser = await openBrowser();
    const code = await runTests(editor, browser, flags);
    if (code !== 0) console.error(`All that the editor wrote is in ${LOG}.`);
    return code;
  } finally {
    await stop();
  }
}

main().then(
  (code) => process.exit(code),
  (failure) => {
    console.error(String(failure?.message ?? failure));
    process.exit(1);
  },
);
