// A Python for the benches that compare with Python packages, in a virtual environment of its own.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

// Its onnxruntime sends telemetry of its own too; every process that a bench starts inherits this.
process.env.ORT_DISABLE_TELEMETRY = '1';
process.env.ORT_TELEMETRY_DISABLED = '1';

/**
 * Path of a Python in which `check` runs: QUANTSCOPE_PYTHON if that is set, else .venv in `folder`, which is made, and
 * filled from the folder's requirements.txt, if there is a python3; else undefined.
 */
export function findPython(check, folder = import.meta.dirname) {
  const quiet = { encoding: 'utf8', timeout: 600_000 };
  const works = (python) => spawnSync(python, ['-c', check], quiet).status === 0;
  const given = process.env.QUANTSCOPE_PYTHON;
  if (given !== undefined) return works(given) ? given : undefined;
  const venv = join(folder, '.venv');
  const own = join(venv, 'bin', 'python');
  if (!existsSync(own)) spawnSync('python3', ['-m', 'venv', venv], quiet);
  if (!works(own)) {
    const requirements = join(folder, 'requirements.txt');
    spawnSync(own, ['-m', 'pip', 'install', '-q', '-r', requirements], quiet);
  }
  return works(own) ? own : undefined;
}
