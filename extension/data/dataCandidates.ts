import { basename, dirname } from 'node:path';

export interface DataCandidate {
  path: string;
  icon: 'folder' | 'file';
}

export interface DataGroup {
  label: string;
  candidates: DataCandidate[];
}

interface DataKind {
  /** Over the group in the list. */
  label: string;
  /** Finds files that tell of the data. */
  glob: string;
  /** What is data where such a file lies. */
  dataOf: (file: string) => DataCandidate;
}

const itself = (path: string): DataCandidate => ({ path, icon: 'file' });
const folderOf = (file: string): DataCandidate => ({ path: dirname(file), icon: 'folder' });

/** What to look for in a workspace, the most telling kind first; docs/data.md describes each. */
export const dataKinds = [
  { label: 'Folders with a quantscope.json', glob: '**/quantscope.json', dataOf: folderOf },
  {
    label: 'ONNX test data',
    glob: '**/test_data_set_*/input_0.pb',
    dataOf: (file) => folderOf(dirname(file)),
  },
  { label: 'Array files', glob: '**/*.npz', dataOf: itself },
  { label: 'Folders of arrays', glob: '**/*.npy', dataOf: folderOf },
  { label: 'JSON lines', glob: '**/*.{jsonl,ndjson}', dataOf: itself },
  { label: 'Modules that yield feeds', glob: '**/{feeds,*.feeds}.{mjs,js}', dataOf: itself },
  { label: 'Folders of pictures', glob: '**/*.{png,jpg,jpeg,bmp}', dataOf: folderOf },
] as const satisfies readonly DataKind[];

/** So many files side by side are samples of one folder. */
const MANY_FILES = 6;
const MOST_PER_GROUP = 20;

/**
 * The data that files tell of, in groups without empty ones. Samples inside data that is offered whole are left out.
 * @param found for each of {@link dataKinds}, the files that its glob finds
 */
export function groupData(found: readonly (readonly string[])[]): DataGroup[] {
  const taken = new Set<string>();
  return dataKinds.flatMap(({ label, dataOf }, kind) => {
    const candidates = new Map<string, DataCandidate>();
    for (const candidate of gathered((found[kind] ?? []).map(dataOf)))
      if (!isWithin(candidate.path, taken)) candidates.set(candidate.path, candidate);
    const shown = [...candidates.values()]
      .sort((a, b) => (a.path < b.path ? -1 : 1))
      .slice(0, MOST_PER_GROUP);
    for (const { path, icon } of candidates.values()) if (icon === 'folder') taken.add(path);
    return shown.length === 0 ? [] : [{ label, candidates: shown }];
  });
}

/** Files, or their folder where there are many of them. */
function gathered(candidates: readonly DataCandidate[]): DataCandidate[] {
  const counts = new Map<string, number>();
  for (const { path, icon } of candidates)
    if (icon === 'file') counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  return candidates.map((one) =>
    one.icon === 'file' && (counts.get(dirname(one.path)) ?? 0) >= MANY_FILES ? folderOf(one.path) : one,
  );
}

function isWithin(path: string, folders: ReadonlySet<string>): boolean {
  for (let at = path; ; at = dirname(at)) {
    if (folders.has(at)) return true;
    if (dirname(at) === at || basename(at) === '') return false;
  }
}

/** Endings of the files that a person may pick: data, or what data is found by. */
export const dataEndings = ['npz', 'npy', 'jsonl', 'ndjson', 'csv', 'txt', 'json', 'mjs', 'js', 'cjs'];

/** The data that a picked file stands for: its folder for a manifest, and for an array, which is one sample of many. */
export function dataOfFile(file: string): string {
  return basename(file) === 'quantscope.json' || /\.npy$/i.test(file) ? dirname(file) : file;
}
