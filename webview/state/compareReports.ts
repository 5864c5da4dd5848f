import type { LayerInput, LayerReport, Report } from '../../engine/shared/protocol/report';
import { isNoise } from '../../engine/shared/format';
import type { PlainTable } from './layerTable';
import { ownValue } from '../../engine/shared/ownValue';

/** One layer of both reports, or of the one that has it. */
export interface ComparedLayer {
  mine: LayerReport | null;
  other: LayerReport | null;
  /** On the metric of this report: `null` where the other was scored by another one, or has no such layer. */
  otherDrop: number | null;
  /** The other's drop less this one's: above 0 where the layer costs more there; `null` where they cannot be told apart. */
  difference: number | null;
  /** Of the difference, the two taken as independent: too large rather than too small where samples are shared. */
  standardError: number;
  /** Whether samples alone would hardly make such a difference. */
  isBeyondNoise: boolean;
  isDecisionOther: boolean;
  isClipOther: boolean;
}

/** The clip of an input, decided or found. */
export function clipOf({ decided, clips, method }: LayerInput): number | null {
  return decided ?? ownValue(clips, method) ?? null;
}

function areClipsOther(mine: LayerReport, other: LayerReport): boolean {
  if (mine.inputs.length !== other.inputs.length) return true;
  return mine.inputs.some((input, i) => {
    const there = other.inputs[i];
    const [a, b] = [clipOf(input), there === undefined ? null : clipOf(there)];
    if (a === null || b === null) return a !== b;
    return Math.abs(a - b) > 1e-6 * Math.max(Math.abs(a), Math.abs(b));
  });
}

function compareLayer(
  mine: LayerReport | null,
  other: LayerReport | null,
  isSameMetric: boolean,
): ComparedLayer {
  const otherDrop = isSameMetric ? (other?.drop ?? null) : null;
  if (mine === null || other === null)
    return {
      ...{ mine, other, otherDrop, difference: null, standardError: 0 },
      ...{ isBeyondNoise: false, isDecisionOther: false, isClipOther: false },
    };
  const found = other.drop - mine.drop;
  const difference = otherDrop !== null && Number.isFinite(found) ? found : null;
  const standardError = Math.hypot(mine.standardError, other.standardError);
  return {
    ...{ mine, other, otherDrop, difference, standardError },
    isBeyondNoise: difference !== null && !isNoise({ drop: difference, standardError }),
    isDecisionOther: mine.advice.decision !== other.advice.decision,
    isClipOther: areClipsOther(mine, other),
  };
}

/** Pairs by name, and those left by their weight: an exporter that renames nodes often keeps its weights' names. */
function pairLayers(mine: Report, other: Report): [LayerReport | null, LayerReport | null][] {
  const left = new Map(other.layers.map((layer) => [layer.name, layer]));
  const take = (layer: LayerReport | undefined) => {
    if (layer !== undefined) left.delete(layer.name);
    return layer ?? null;
  };
  const byName = new Map(mine.layers.map((layer) => [layer, take(left.get(layer.name))]));
  const byWeight = new Map([...left.values()].map((layer) => [layer.weight, layer]));
  const pairs = mine.layers.map((layer): [LayerReport, LayerReport | null] => {
    const named = byName.get(layer) ?? null;
    if (named !== null || layer.weight === null) return [layer, named];
    const candidate = byWeight.get(layer.weight);
    const isFree = candidate !== undefined && left.has(candidate.name);
    return [layer, isFree && candidate.opType === layer.opType ? take(candidate) : null];
  });
  return [...pairs, ...[...left.values()].map((layer): [null, LayerReport] => [null, layer])];
}

function rankOf(row: ComparedLayer): number {
  if (row.isBeyondNoise) return 0;
  if (row.isDecisionOther) return 1;
  if (row.mine === null || row.other === null) return 2;
  return row.isClipOther ? 3 : 4;
}

/** Whether anything but noise is different. */
export function isDifferent(row: ComparedLayer): boolean {
  return rankOf(row) < 4;
}

/**
 * The layers of two reports side by side, what differs most first: drops beyond noise, then decisions, then layers that only one has,
 * then clips, then the rest, the largest difference of drop first within each.
 */
export function compareReports(mine: Report, other: Report): ComparedLayer[] {
  const isSameMetric = mine.float.metric === other.float.metric;
  return pairLayers(mine, other)
    .map((pair) => compareLayer(...pair, isSameMetric))
    .map((row) => ({ row, rank: rankOf(row), size: Math.abs(row.difference ?? 0) }))
    .sort((a, b) => a.rank - b.rank || b.size - a.size)
    .map(({ row }) => row);
}

const halves: [title: string, of: (layer: LayerReport) => string | number | null][] = [
  ['Drop', ({ drop }) => drop],
  ['Standard error of the drop', ({ standardError }) => standardError],
  ['SQNR (dB)', ({ sqnrDb }) => sqnrDb],
  ['Decision', ({ advice }) => advice.decision],
  ['Clip', ({ inputs: [first] }) => (first === undefined ? null : clipOf(first))],
];

/** The comparison as a table for other programs. */
export function comparedTable(rows: readonly ComparedLayer[], label: string): PlainTable {
  const plain = (value: string | number | null) =>
    value === null || (typeof value === 'number' && !Number.isFinite(value)) ? '' : value;
  return {
    head: [
      ...['Layer', `Layer, ${label}`, 'Operator', 'Difference of drop', 'Standard error', 'Beyond noise'],
      ...halves.flatMap(([title]) => [title, `${title}, ${label}`]),
    ],
    body: rows.map((row) => [
      ...[row.mine?.name ?? '', row.other?.name ?? '', (row.mine ?? row.other)?.opType ?? ''],
      ...[plain(row.difference), row.difference === null ? '' : plain(row.standardError)],
      row.isBeyondNoise ? 'yes' : 'no',
      ...halves.flatMap(([, of]) =>
        [row.mine, row.other].map((layer) => (layer === null ? '' : plain(of(layer)))),
      ),
    ]),
  };
}
