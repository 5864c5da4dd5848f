// The licences of what is published with the extension, in one text.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setUp.mjs';

/** What may be published in a package under MIT. */
const PERMISSIVE = /^\(?(MIT|ISC|0BSD|Apache-2\.0|BSD-[23]-Clause|BlueOak-1\.0\.0|Public Domain|Unlicense)\b/;
const LICENCE_FILE = /^(licen[cs]e|notice|thirdpartynotices)(\.(md|txt))?$/i;

/** Packages from onnxruntime's repository, which come without its licence. */
const ONNXRUNTIME = ['onnxruntime-node', 'onnxruntime-common'];
const versionOf = (name) =>
  JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;

/**
 * A text that onnxruntime publishes with its library, and not with its packages for Node: of the version that is installed.
 * @param {'LICENSE' | 'ThirdPartyNotices.txt'} file
 * @returns {string} its path
 * @throws where another version is installed than the texts are of
 */
export function onnxruntimeText(file) {
  const version = versionOf('onnxruntime-node');
  const folder = `scripts/licences/onnxruntime-${version}`;
  const path = join(root, folder, file);
  if (!existsSync(path))
    throw new Error(
      `There is no ${folder}/${file}. Take it from the wheel of onnxruntime ${version} on PyPI.`,
    );
  return path;
}

/** The package that a file belongs to: `node_modules/@a/b/c.js` is of `node_modules/@a/b`. */
export function packageOf(file) {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
}

function noticeOf(folder) {
  const at = join(root, folder);
  const { name, version, license, author, repository } = JSON.parse(
    readFileSync(join(at, 'package.json'), 'utf8'),
  );
  if (!PERMISSIVE.test(license ?? '')) throw new Error(`${name} ${version} is under ${license}.`);
  const texts = readdirSync(at)
    .filter((file) => LICENCE_FILE.test(file))
    .map((file) => readFileSync(join(at, file), 'utf8').trim());
  if (ONNXRUNTIME.includes(name)) texts.push(readFileSync(onnxruntimeText('LICENSE'), 'utf8').trim());
  if (name === 'onnxruntime-node')
    texts.push('ThirdPartyNotices.txt has the notices of what its library contains.');
  const by = typeof author === 'object' ? author.name : author;
  const from = typeof repository === 'object' ? repository.url : repository;
  const told = [`License: ${license}`, by && `By ${by}`, from && `From ${from}`].filter(Boolean).join('\n');
  return [`${name} ${version}`, ...(texts.length > 0 ? texts : [told])].join('\n\n');
}

/**
 * Our licence, and below it that of every package with a file among `files`.
 * @param {Iterable<string>} files paths from the root of the repository
 * @throws for a package whose licence is not known to be permissive
 */
export function notices(files) {
  const folders = new Set([...files].map(packageOf).filter((folder) => folder !== undefined));
  const parts = [...folders]
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .sort()
    .map(noticeOf);
  const own = readFileSync(join(root, 'LICENSE'), 'utf8').trim();
  const line = `\n\n${'-'.repeat(80)}\n\n`;
  return `${[own, 'Quantscope contains the following packages.', ...parts].join(line)}\n`;
}
