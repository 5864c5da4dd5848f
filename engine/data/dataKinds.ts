import { dirname, join } from 'node:path';
import type { Dataset, InputSpec, OpenOptions } from './samples/dataset';
import { MANIFEST_NAME } from './manifest/manifest';
import { openCsv } from './formats/openCsv';
import { manifestFiles, openFolder } from './formats/openFolder';
import { openJsonLines } from './formats/openJsonLines';
import { openModule } from './module/openModule';
import { openNpz } from './formats/openNpz';
import { openSampleFolder, sampleFolderFiles } from './formats/openSampleFolder';
import { openTextLines } from './formats/openTextLines';
import { TOKENIZER_NAME } from './formats/tokenizer';
import { holdsTestData, openTestData, testDataFiles } from './formats/openTestData';

export interface DataKind {
  /** As errors and help call it: `an .npz file`. */
  what: string;
  open: (path: string, inputs: readonly InputSpec[], options: OpenOptions) => Promise<Dataset>;
  /** Every file that is read of it, as a path, some of which may be missing. What a module reads is its own matter. */
  files: (path: string) => Promise<string[]>;
}

const itself = (path: string) => Promise.resolve([path]);
const withTokenizer = (path: string) => Promise.resolve([path, join(dirname(path), TOKENIZER_NAME)]);

/** Files by their names' endings. */
export const fileKinds: readonly (DataKind & { pattern: RegExp })[] = [
  { what: 'an .npz file', pattern: /\.npz$/i, open: openNpz, files: itself },
  { what: 'a .jsonl file', pattern: /\.(jsonl|ndjson)$/i, open: openJsonLines, files: withTokenizer },
  { what: 'a .csv file', pattern: /\.csv$/i, open: openCsv, files: itself },
  {
    what: 'a .txt file with a tokenizer.json beside it',
    pattern: /\.txt$/i,
    open: openTextLines,
    files: withTokenizer,
  },
  {
    what: 'a .mjs or .js module that yields feeds (it is run)',
    pattern: /\.[cm]?js$/i,
    open: openModule,
    files: itself,
  },
];

/** Folders by the names in them; the first that fits is taken. */
export const folderKinds: readonly (DataKind & { holds: (names: readonly string[]) => boolean })[] = [
  {
    what: `a folder with a ${MANIFEST_NAME}`,
    holds: (names) => names.includes(MANIFEST_NAME),
    open: openFolder,
    files: manifestFiles,
  },
  {
    what: 'a folder of ONNX test data (test_data_set_0)',
    holds: holdsTestData,
    open: openTestData,
    files: testDataFiles,
  },
  {
    what: 'a folder of .npy or .npz files, or of pictures with a preset',
    holds: () => true,
    open: openSampleFolder,
    files: sampleFolderFiles,
  },
];

/** Whether opening this data runs what is in it. */
export function runsCode(path: string): boolean {
  return fileKinds.find(({ pattern }) => pattern.test(path))?.open === openModule;
}

/** All that data can be, as one list for people. */
export function dataKinds(): string {
  const kinds = [...fileKinds, ...folderKinds].map(({ what }) => what);
  return `${kinds.join(', ')}, or "synthetic" for made-up samples`;
}
