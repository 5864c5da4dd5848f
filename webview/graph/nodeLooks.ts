import type { GraphNode, ModelGraph } from '../../engine/shared/protocol/model';
import { formatDb, formatDropNumber, isNoise } from '../../engine/shared/format';
import { isKeptInFloat, layerRows, type LayerRow } from '../state/layerRows';
import type { State } from '../state/state';
import type { Colouring } from '../state/graphState';
import type { ColorName } from './palette';

/** How a node is drawn besides its texts. */
export interface NodeLook {
  /** `null` where there is nothing to tell. */
  color: ColorName | null;
  /** From 0 to 1: how much of the colour. */
  strength: number;
  /** What the colour tells, in figures. */
  value: string;
  isFloat: boolean;
  /** Among the few that cost most, or are noisiest. */
  isWorst: boolean;
}

export const plainLook: NodeLook = { color: null, strength: 0, value: '', isFloat: false, isWorst: false };
/** So many layers are marked as the worst. */
const WORST = 5;

/** Families of operators, told apart before there are measurements. */
const families: [color: ColorName, types: ReadonlySet<string>][] = [
  ['blue', new Set(['Conv', 'ConvTranspose', 'ConvInteger', 'QLinearConv'])],
  ['gain', new Set(['MatMul', 'Gemm', 'MatMulInteger', 'QLinearMatMul', 'Einsum'])],
  ['mark', new Set(['LSTM', 'GRU', 'RNN', 'Gather'])],
];

/** Whether there is anything measured to colour by. */
export function isMeasured({ report, measured }: State): boolean {
  return report !== null || measured.size > 0;
}

/** The looks of all nodes of a graph, by what is known of the layers. */
export function nodeLooks({ nodes }: ModelGraph, state: State): NodeLook[] {
  if (!isMeasured(state)) return nodes.map(familyLook);
  const colouring = state.view.graph.colouring;
  const rows = new Map(layerRows(state).map((row) => [row.summary.name, row]));
  const lookOf = layerLooks([...rows.values()], state, colouring);
  const runs = new Map(state.report?.nodes.map(({ name, kind }) => [name, kind]));
  return nodes.map((node) => {
    const row = rows.get(node.layer ?? '');
    if (row !== undefined) {
      const look = lookOf(row);
      const isItself = node.name === node.layer;
      return isItself ? look : { ...look, value: '', isWorst: false };
    }
    const kind = runs.get(node.name);
    const isFloat = kind === 'float';
    if (colouring !== 'numbers' || kind === undefined || kind === 'conversion')
      return { ...plainLook, isFloat };
    return { ...plainLook, color: isFloat ? 'mark' : 'blue', strength: 0.6, isFloat };
  });
}

function familyLook({ opType }: GraphNode): NodeLook {
  const color = families.find(([, types]) => types.has(opType))?.[0];
  return color === undefined ? plainLook : { ...plainLook, color, strength: 0.6 };
}

function layerLooks(
  rows: readonly LayerRow[],
  { report }: State,
  colouring: Colouring,
): (row: LayerRow) => NodeLook {
  const metric = report?.float.metric ?? 'top1';
  const cost = (row: LayerRow): number | null => {
    if (colouring === 'sqnr') return row.sqnrDb === null ? null : -row.sqnrDb;
    return row.alone?.drop ?? null;
  };
  const known = rows.flatMap((row) => cost(row) ?? []).filter(Number.isFinite);
  const most = known.reduce((a, b) => Math.max(a, b), -Infinity);
  const least = colouring === 'sqnr' ? known.reduce((a, b) => Math.min(a, b), Infinity) : 0;
  const matters = (row: LayerRow) =>
    colouring === 'sqnr' || (row.alone !== null && row.alone.drop > 0 && !isNoise(row.alone));
  const worst = new Set(
    rows
      .filter((row) => cost(row) !== null && matters(row))
      .sort((a, b) => (cost(b) ?? 0) - (cost(a) ?? 0))
      .slice(0, WORST),
  );
  return (row) => {
    const isFloat = isKeptInFloat(row) || row.report?.ranAsInteger === false;
    const found = cost(row);
    const isWorst = worst.has(row);
    if (colouring === 'numbers') {
      const value = isFloat ? 'float' : (row.state.choice ?? 'int8');
      return { color: isFloat ? 'mark' : 'blue', strength: 0.6, value, isFloat, isWorst };
    }
    if (found === null) return { ...plainLook, isFloat };
    const value =
      colouring === 'sqnr' ? formatDb(-found) : report === null ? '' : formatDropNumber(metric, found);
    const share = (found - least) / Math.max(most - least, 1e-12);
    const strength = matters(row) ? Math.min(Math.max(share, 0.08), 1) : 0;
    return { color: 'loss', strength, value, isFloat, isWorst };
  };
}

/** What a closed group looks like: as the worst of what it holds. */
export function groupLook(looks: Iterable<NodeLook>): NodeLook {
  let all = plainLook;
  for (const look of looks) {
    const stronger = look.color !== null && (all.color === null || look.strength > all.strength) ? look : all;
    all = {
      ...stronger,
      value: '',
      isFloat: all.isFloat || look.isFloat,
      isWorst: all.isWorst || look.isWorst,
    };
  }
  return all;
}
