// Starts code-server, the editor of the tests and of `npm start`, and stops exactly what it started.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setUpEditor } from './setUpEditor.mjs';

const START_TIMEOUT = 60_000;
const STOP_TIMEOUT = 5_000;

/** Settings for tests: what moves in the window is drawn by the processor that the engine needs. */
export const CALM = { 'workbench.reduceMotion': 'on', 'editor.cursorBlinking': 'solid' };

/**
 * Starts an editor on 127.0.0.1 with empty settings of its own and waits until it answers.
 * @param {object} options
 * @param {string} [options.folder] The folder that `url` opens.
 * @param {string} [options.extensionDir] An unpacked, built extension to install by a link.
 * @param {string} [options.vsix] A packaged extension to install as a person does.
 * @param {number} [options.port] 0 takes a free one.
 * @param {Record<string, unknown>} [options.settings] User settings.
 * @param {boolean} [options.trusted] Whether every folder is trusted without asking.
 * @param {boolean} [options.testable] Let a page run extension tests (see codeServerAsCode.mjs).
 * @returns {Promise<{ url: string, urlOf(payload: [string, string][]): string, remote(path: string): string,
 *   exited: Promise<void>, stop(): Promise<void> }>}
 *   `urlOf` adds a payload to the page, `remote` is a path as the page names it, `exited` settles when it ends.
 */
export async function startEditor({
  folder,
  extensionDir,
  vsix,
  port = 0,
  settings = {},
  trusted = true,
  testable = false,
} = {}) {
  const { node, codeServer } = setUpEditor();
  const home = makeHome(extensionDir, settings);
  const places = [
    ...['--config', join(home, 'config.yaml'), '--user-data-dir', join(home, 'user')],
    ...['--extensions-dir', join(home, 'extensions')],
  ];
  if (vsix !== undefined) installVsix(node, [codeServer, ...places, '--install-extension', vsix]);
  const flags = [
    ...places,
    ...['--bind-addr', `127.0.0.1:${port}`, '--auth', 'none'],
    '--disable-telemetry',
    '--disable-update-check',
    ...(trusted ? ['--disable-workspace-trust'] : []),
    '--disable-getting-started-override',
    ...(testable ? ['--vscode-option', 'enable-smoke-test-driver'] : []),
  ];
  // Its own process group: everything below it ends with one signal, and Ctrl+C reaches us first.
  const server = spawn(node, [codeServer, ...flags], { env: cleanEnvironment(), detached: true });
  const exited = new Promise((done) => server.once('exit', () => done()));
  const stop = async () => {
    await stopGroup(server, exited);
    rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  try {
    const address = await listening(server);
    const host = new URL(address).host;
    const remote = (path) => `vscode-remote://${host}${resolve(path)}`;
    const urlOf = (payload) => {
      const url = new URL(address);
      if (folder !== undefined) url.searchParams.set('folder', resolve(folder));
      if (payload.length > 0) url.searchParams.set('payload', JSON.stringify(payload));
      return url.href;
    };
    return { url: urlOf([]), urlOf, remote, exited, stop };
  } catch (failure) {
    await stop();
    throw failure;
  }
}

function makeHome(extensionDir, settings) {
  const home = mkdtempSync(join(tmpdir(), 'quantscope-editor-'));
  mkdirSync(join(home, 'user', 'User'), { recursive: true });
  mkdirSync(join(home, 'extensions'));
  writeFileSync(join(home, 'config.yaml'), '');
  const quiet = {
    'workbench.startupEditor': 'none',
    'workbench.enableExperiments': false,
    'workbench.secondarySideBar.defaultVisibility': 'hidden',
    'chat.disableAIFeatures': true,
    'extensions.autoCheckUpdates': false,
    'git.openRepositoryInParentFolders': 'never',
  };
  writeFileSync(join(home, 'user', 'User', 'settings.json'), JSON.stringify({ ...quiet, ...settings }));
  if (extensionDir !== undefined) {
    symlinkSync(resolve(extensionDir), join(home, 'extensions', 'quantscope.quantscope-0.1.0'));
  }
  return home;
}

function installVsix(node, parameters) {
  const done = spawnSync(node, parameters, { env: cleanEnvironment(), encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`Installing the package failed:\n${done.stdout}${done.stderr}`);
}

/** Inside a VS Code terminal these variables would make our editor talk to that one. */
function cleanEnvironment() {
  const env = { ...process.env, VSCODE_TEST_OPTIONS: process.env.VSCODE_TEST_OPTIONS };
  for (const name of Object.keys(env)) {
    const foreign = name.startsWith('VSCODE_') && name !== 'VSCODE_TEST_OPTIONS';
    if (foreign || name === 'NODE_OPTIONS' || name.startsWith('npm_') || env[name] === undefined) {
      delete env[name];
    }
  }
  return env;
}

function listening(server) {
  return new Promise((done, fail) => {
    let output = '';
    const late = setTimeout(
      () => fail(new Error(`The editor was not up within ${START_TIMEOUT / 1000} s.\n${output}`)),
      START_TIMEOUT,
    );
    const read = (chunk) => {
      output = (output + chunk).slice(-20_000);
      const address = /HTTP server listening on (http:\S+)/.exec(output)?.[1];
      if (address === undefined) return;
      clearTimeout(late);
      done(address);
    };
    server.stdout.setEncoding('utf8').on('data', read);
    server.stderr.setEncoding('utf8').on('data', read);
    server.once('error', fail);
    server.once('exit', (code) => {
      clearTimeout(late);
      fail(new Error(`The editor ended with code ${code} before it was up.\n${output}`));
    });
  });
}

async function stopGroup(server, exited) {
  if (server.pid === undefined) return;
  signal(server.pid, 'SIGTERM');
  const late = new Promise((done) => setTimeout(done, STOP_TIMEOUT).unref());
  await Promise.race([exited, late]);
  // The group may outlive its leader: extension hosts wait for their page to come back.
  signal(server.pid, 'SIGKILL');
}

function signal(pid, name) {
  try {
    process.kill(-pid, name);
  } catch {
    // The group has ended already.
  }
}
