import { group } from 'd3-array';
import type { LayerRow } from './layerRows';

/** A line of the list: a row, or the head of a group of them. */
export type ListItem =
  | { kind: 'row'; key: string; row: LayerRow; group: string | null }
  | { kind: 'group'; key: string; rows: readonly LayerRow[]; isOpen: boolean };

/** What tells a group's head from a layer of the same name. */
const GROUP = 'group:';
/** Groups with more of the layers than this share are divided further. */
const LARGE = 0.25;

/** The key of a row in the list. */
export function rowKey(name: string): string {
  return `layer:${name}`;
}

/** The parts of a layer's path before its own name: `/encoder/layer.0/MatMul` → encoder, layer.0. */
function pathOf(name: string): string[] {
  return partsOf(name).slice(0, -1);
}

const separatorOf = (name: string) => (name.includes('/') ? '/' : '.');

function partsOf(name: string): string[] {
  return name.split(separatorOf(name)).filter((part) => part !== '');
}

/** A layer's name without the path of its block, under whose head it stands. */
export function withinBlock(name: string, block: string): string {
  if (block === '') return name;
  return partsOf(name).slice(block.split('/').length).join(separatorOf(name));
}

/** Letters that the end of a name may have at most. */
const LONGEST_END = 28;

/**
 * A path in two parts: where room is short, the first gives way, since the last part tells layers apart. Names that are no
 * paths, and those with letters that may run from right to left, stay whole.
 */
export function nameParts(name: string): [start: string, end: string] {
  const at = name.lastIndexOf('/', name.lastIndexOf('/') - 1);
  const from = name.length - at <= LONGEST_END ? at : name.lastIndexOf('/');
  if (from <= 0 || name.length - from > LONGEST_END || !/^[ -~]*$/.test(name)) return [name, ''];
  return [name.slice(0, from), name.slice(from)];
}

/**
 * The block of every layer, told by names: its path as far as that tells blocks apart, which is one part behind what all
 * layers share, and further where a block would hold more than a quarter of them. Empty for layers without a path.
 */
export function blockNames(names: readonly string[]): string[] {
  const paths = names.map(pathOf);
  const depths = new Array<number>(names.length).fill(0);
  const divide = (members: readonly number[], depth: number) => {
    const byPart = group(members, (i) => paths[i]?.[depth] ?? null);
    for (const [part, inside] of byPart) {
      if (part === null) continue;
      for (const i of inside) depths[i] = depth + 1;
      const goesOn = byPart.size === 1 || inside.length > LARGE * names.length;
      if (goesOn && inside.length > 1) divide(inside, depth + 1);
    }
  };
  divide([...names.keys()], 0);
  return paths.map((path, i) => path.slice(0, depths[i]).join('/'));
}

/** The list without groups. */
export function plainItems(rows: readonly LayerRow[]): ListItem[] {
  return rows.map((row) => ({ kind: 'row', key: rowKey(row.summary.name), row, group: null }));
}

/**
 * Rows gathered by block. Groups stand in the order of their first rows, so the worst is on top where the worst row is.
 * @param blocks the block of a row, by its place in the model
 * @param closed keys of groups whose rows are not listed
 */
export function groupedItems(
  rows: readonly LayerRow[],
  blocks: readonly string[],
  closed: ReadonlySet<string>,
): ListItem[] {
  const groups = group(rows, (row) => blocks[row.index] ?? '');
  return [...groups].flatMap(([block, inside]): ListItem[] => {
    const key = `${GROUP}${block}`;
    const isOpen = !closed.has(key);
    const head: ListItem = { kind: 'group', key, rows: inside, isOpen };
    const items = isOpen ? plainItems(inside).map((item) => ({ ...item, group: key })) : [];
    return [head, ...items];
  });
}

/** The block of a group; empty for layers whose names tell of none. */
export function blockOf(key: string): string {
  return key.slice(GROUP.length);
}

/** What a group is called. */
export function groupTitle(key: string): string {
  return blockOf(key) || '(no block)';
}

/** The row of a group that costs most; `null` where nothing is measured. */
export function worstOf(rows: readonly LayerRow[]): LayerRow | null {
  return rows.reduce<LayerRow | null>(
    (worst, row) =>
      row.alone !== null && (worst?.alone == null || row.alone.drop > worst.alone.drop) ? row : worst,
    null,
  );
}
