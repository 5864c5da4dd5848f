// What every command needs first: the locked packages and a build. Plain Node: it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..');

/**
 * Runs a command in the repository, its output shown, and answers whether it succeeded.
 * @param {string} command
 * @param {string[]} parameters
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 */
export function run(command, parameters, options = {}) {
  return spawnSync(command, parameters, { cwd: root, stdio: 'inherit', ...options }).status === 0;
}

/** The locked packages are installed when npm's own copy of the lockfile is as new as ours. */
function packagesAreThere() {
  const installed = join(root, 'node_modules/.package-lock.json');
  const wanted = join(root, 'package-lock.json');
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs;
}

/** Installs the packages if they are missing or old, and builds dist/. Throws when either fails. */
export function setUp() {
  if (!packagesAreThere()) {
    console.log('Installing the locked npm packages (npm ci) …');
    if (!run('npm', ['ci', '--no-audit', '--no-fund'])) throw new Error('npm ci failed.');
  }
  console.log('Building dist/ …');
  if (!run(process.execPath, ['esbuild.mjs'])) throw new Error('The build failed.');
}
