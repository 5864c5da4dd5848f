// Puts a real VS Code on this machine from npm and Debian alone: code-server, the Node it wants, and Chromium.
// Everything lands in .vscode-test/editor/ (untracked) and stays there; `npm ci` never touches it.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const VERSIONS = { node: '24.21.0', 'code-server': '4.139.1' };
const home = join(import.meta.dirname, '..', '.vscode-test', 'editor');
const stamp = join(home, 'complete.json');
const server = join(home, 'node_modules', 'code-server');
const nodePackage = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
const CHROMIUMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/**
 * Installs what is missing and returns where things are.
 * Throws an Error that says what to install by hand when this machine cannot do it.
 * @returns {{ node: string, codeServer: string, chromium: string }} Three absolute paths.
 */
export function setUpEditor({ log = console.log } = {}) {
  if (process.platform !== 'linux') {
    throw new Error('code-server is set up on Linux only. Elsewhere set QUANTSCOPE_VSCODE=download.');
  }
  installCodeServer(log);
  return {
    node: join(home, 'node_modules', nodePackage, 'bin', 'node'),
    codeServer: join(server, 'out', 'node', 'entry.js'),
    chromium: findChromium() ?? installChromium(log),
  };
}

function installCodeServer(log) {
  const wanted = JSON.stringify({ ...VERSIONS, nodePackage });
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  log(
    `Installing code-server ${VERSIONS['code-server']} from npm into .vscode-test/editor (about 800 MB, once).`,
  );
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  const dependencies = { [nodePackage]: VERSIONS.node, 'code-server': VERSIONS['code-server'] };
  writeFileSync(join(home, 'package.json'), JSON.stringify({ private: true, dependencies }));
  // Scripts would compile native modules that the editor does without; `npm ci` refuses these shrinkwraps.
  for (const folder of [home, join(server, 'lib', 'vscode'), join(server, 'lib', 'vscode', 'extensions')]) {
    run(
      'npm',
      ['install', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'],
      {
        cwd: folder,
      },
    );
  }
  buildLogger(log);
  writeFileSync(stamp, wanted);
}

/** The one native module worth a compiler: without it the editor's Output panel stays empty, all else works. */
function buildLogger(log) {
  const nodeHome = join(home, 'node_modules', nodePackage);
  const env = {
    ...process.env,
    PATH: `${join(nodeHome, 'bin')}:${process.env.PATH ?? ''}`,
    npm_config_nodedir: nodeHome,
    npm_config_ignore_scripts: 'false',
  };
  const options = { cwd: join(server, 'lib', 'vscode'), env, stdio: 'ignore' };
  if (spawnSync('npm', ['rebuild', '@vscode/spdlog'], options).status !== 0) {
    log("The editor's logger needs a C++ compiler and Python: its Output panel will stay empty.");
  }
}

function findChromium() {
  const folders = (process.env.PATH ?? '').split(':');
  const places = CHROMIUMS.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [process.env.QUANTSCOPE_CHROMIUM, ...places].find((path) => path && existsSync(path));
}

function installChromium(log) {
  const debian = existsSync('/etc/debian_version');
  if (!debian || process.getuid?.() !== 0) {
    throw new Error(
      `No Chromium found (looked for ${CHROMIUMS.join(', ')} on PATH). ` +
        (debian ? 'Run as root: apt-get install chromium.' : 'Install Chromium or Google Chrome.') +
        ' Or set QUANTSCOPE_CHROMIUM to its path.',
    );
  }
  log("Installing Debian's chromium.");
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['update', '-q'], { env });
  run('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'], {
    env,
  });
  const found = findChromium();
  if (found === undefined) throw new Error('apt-get installed chromium, but it is not on PATH.');
  return found;
}

/** Quiet unless it fails: then the whole output is the message. */
function run(command, parameters, options) {
  const done = spawnSync(command, parameters, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  if (done.status === 0) return;
  const output = `${done.stdout ?? ''}${done.stderr ?? ''}${done.error?.message ?? ''}`.trim();
  throw new Error(`${command} ${parameters.join(' ')} failed in ${options.cwd ?? process.cwd()}:\n${output}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { node, codeServer, chromium } = setUpEditor();
  console.log(`Editor ready: ${codeServer} (Node at ${node}), browser ${chromium}.`);
}
