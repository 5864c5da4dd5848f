// What `QUANTSCOPE_VERSION` stands for in a build: measurements of two builds go together only where it is the same.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const versionOf = (file) => JSON.parse(readFileSync(file, 'utf8')).version;
const own = versionOf(new URL('../package.json', import.meta.url));
const runtime = versionOf(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));

export const engineVersion = `${own} with onnxruntime ${runtime}`;
