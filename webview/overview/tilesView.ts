import { select } from 'd3-selection';
import type { Int8Result, Report, TargetVerdict } from '../../engine/shared/protocol/report';
import {
  baseName,
  capitalized,
  describeDifference,
  formatBytes,
  formatDate,
  formatInterval,
  formatMethod,
  formatMetric,
  formatMilliseconds,
  formatPlural,
  formatScore,
  formatShare,
  formatShrink,
  formatSpeedup,
  formatSpread,
} from '../../engine/shared/format';
import { describeVerdict, verdictWord } from '../../engine/shared/accuracyTarget';
import { tilePlaces, type TilePlace, type TileValue } from '../chart/tileScale';
import { variantMark, type Variant } from '../chart/variantMarks';
import { addPictureExport } from '../export/addExport';
import { quoted, type Caption } from '../export/caption';
import { regionPicture } from '../export/regionPicture';
import { add, emptied, whenChanged, type Host, type Update } from '../ui/dom';
import { addIcon, verdictIcon } from '../ui/icons';

interface TileRow extends TileValue {
  variant: Variant;
  text: string;
  /** For the tooltip; empty for none. */
  spread: string;
}

interface Tile {
  title: string;
  hint: string;
  /** Of the advised model, in large figures. */
  figure: string;
  words: string;
  /** What came of the target; `null` for what has none. */
  verdict: TargetVerdict | null;
  rows: TileRow[];
  /** Bars from zero, or dots on a line that holds all of them. */
  from: number | null;
}

const names: Record<Variant, string> = { float: 'Float', int8: 'Int8', advised: 'Advised' };

function exactly(value: number): TileValue {
  return { value, low: value, high: value };
}

function wordsOf({ metric, difference, verdict }: Int8Result, targetDrop: number): string {
  const said = describeVerdict(metric, targetDrop, verdict);
  if (verdict.kind === 'not-measurable') return capitalized(said);
  return `${describeDifference(metric, difference).replace(/ \(.*$/, '')}, ${said}`;
}

function accuracyTile({ float, int8, advised, settings }: Report): Tile {
  const { metric } = float;
  const row = (variant: 'int8' | 'advised', { score, difference }: Int8Result): TileRow => ({
    ...{ variant, value: score, text: formatScore(metric, score) },
    // The interval is of the difference over the same samples.
    low: score + difference.low - difference.difference,
    high: score + difference.high - difference.difference,
    spread: `Against float, 95%: ${formatInterval(metric, difference)}`,
  });
  return {
    title: formatMetric(metric),
    hint: 'Lines are where 95% of such samples would put the difference from float',
    figure: formatScore(metric, advised.score),
    words: wordsOf(advised, settings.targetDrop),
    verdict: advised.verdict,
    rows: [
      { variant: 'float', ...exactly(float.score), text: formatScore(metric, float.score), spread: '' },
      row('int8', int8),
      row('advised', advised),
    ],
    from: null,
  };
}

function sizeTile({ float, int8, advised }: Report): Tile {
  const row = (variant: Variant, bytes: number): TileRow => ({
    ...{ variant, ...exactly(bytes), text: formatBytes(bytes), spread: '' },
  });
  return {
    title: 'Size',
    hint: 'Of the file',
    figure: formatBytes(advised.bytes),
    words: `${formatShrink(float.bytes, advised.bytes)} than float`.replace('same size than', 'same size as'),
    verdict: null,
    rows: [row('float', float.bytes), row('int8', int8.bytes), row('advised', advised.bytes)],
    from: 0,
  };
}

function latencyTile({ float, int8, advised }: Report): Tile {
  const row = (
    variant: Variant,
    { latencyMs, latencySpread }: Pick<Int8Result, 'latencyMs' | 'latencySpread'>,
  ): TileRow => ({
    ...{ variant, value: latencyMs, low: latencySpread.low, high: latencySpread.high },
    text: formatMilliseconds(latencyMs),
    spread: `Middle half of the runs: ${formatSpread(latencySpread)} ms`,
  });
  return {
    title: 'Latency',
    hint: 'Median of one sample on one thread; lines are the middle half of the runs',
    figure: formatMilliseconds(advised.latencyMs),
    words: formatSpeedup(advised.speedup),
    verdict: null,
    rows: [row('float', float), row('int8', int8), row('advised', advised)],
    from: 0,
  };
}

function integerShare({ integerNodes, floatNodes }: Int8Result): number {
  const all = integerNodes + floatNodes;
  return all === 0 ? 0 : integerNodes / all;
}

function nodesTile({ int8, advised }: Report): Tile {
  const row = (variant: Variant, share: number): TileRow => ({
    ...{ variant, ...exactly(share), text: formatShare(share), spread: '' },
  });
  return {
    title: 'Integer nodes',
    hint: 'Of the nodes of the graph as onnxruntime runs it; conversions are not counted',
    figure: formatShare(integerShare(advised)),
    words: `${advised.integerNodes} of ${formatPlural(advised.integerNodes + advised.floatNodes, 'node')}`,
    verdict: null,
    rows: [row('float', 0), row('int8', integerShare(int8)), row('advised', integerShare(advised))],
    from: 0,
  };
}

/** One network's mark on its line, and what it is certain to. */
function drawTrack(frame: HTMLElement, place: TilePlace | null, { variant }: TileRow, isBar: boolean): void {
  const element = frame.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'svg'));
  const svg = select(element).attr('class', 'tile-track').attr('aria-hidden', 'true');
  svg.append('line').attr('class', 'tile-line').attr('x2', '100%').attr('y1', 8).attr('y2', 8);
  if (place === null) return;
  const percent = (value: number) => `${value.toFixed(2)}%`;
  if (isBar)
    svg
      .append('rect')
      .attr('class', 'tile-bar')
      .attr('y', 6)
      .attr('height', 4)
      .attr('width', percent(place.at));
  if (place.high > place.low) {
    const line = svg.append('g').attr('class', 'tile-interval');
    const stroke = (x1: number, x2: number, y1: number, y2: number) =>
      line.append('line').attr('x1', percent(x1)).attr('x2', percent(x2)).attr('y1', y1).attr('y2', y2);
    stroke(place.low, place.high, 8, 8);
    stroke(place.low, place.low, 5, 11);
    stroke(place.high, place.high, 5, 11);
  }
  svg
    .append('svg')
    .attr('x', percent(place.at))
    .attr('y', 8)
    .attr('overflow', 'visible')
    .append('path')
    .attr('class', `variant-mark ${variant}`)
    .attr('d', variantMark(variant, 40));
}

function drawTile(parent: HTMLElement, tile: Tile): void {
  const item = add(parent, 'li', 'card tile');
  add(item, 'h2', 'tile-title muted', tile.title).title = tile.hint;
  const line = add(item, 'p', 'tile-figure');
  add(line, 'strong', '', tile.figure);
  const { verdict } = tile;
  if (verdict !== null) {
    addIcon(line, verdictIcon(verdict), `Target ${verdictWord(verdict)}`);
    line.title = verdict.reason;
  }
  add(item, 'p', 'tile-words muted', tile.words);
  const rows = add(item, 'div', 'tile-rows');
  rows.setAttribute('role', 'list');
  const places = tilePlaces(tile.rows, tile.from);
  tile.rows.forEach((row, i) => {
    const line = add(rows, 'div', `tile-row ${row.variant}`);
    line.setAttribute('role', 'listitem');
    if (row.spread !== '') line.title = row.spread;
    add(line, 'span', 'tile-name', names[row.variant]);
    drawTrack(line, places[i] ?? null, row, tile.from !== null);
    add(line, 'span', 'tile-value', row.text);
    if (row.spread !== '') add(line, 'span', 'for-readers', row.spread);
  });
}

function captionOf({ model, settings, created }: Report): Caption {
  const samples = formatPlural(settings.evaluationSamples, 'sample');
  return {
    title: `Float against int8: ${quoted(baseName(model.path))}`,
    words:
      `${samples} of ${quoted(baseName(settings.data))}, ${formatMethod(settings.method)}, weights ${settings.weights}, ${settings.profile}, ${formatDate(created)}. ` +
      'Lines with ends: 95% intervals of the difference from float, and the middle half of the times.',
    keys: [],
  };
}

/** Accuracy, size, latency and the share of integer nodes at a glance; hidden before there is a report. */
export function mountTiles(parent: HTMLElement, host: Host): Update {
  const section = add(parent, 'section', 'tiles-panel');
  section.setAttribute('aria-label', 'At a glance');
  return whenChanged(
    (state) => [state.report],
    ({ report }) => {
      emptied(section);
      section.hidden = report === null;
      if (report === null) return;
      const list = add(section, 'ul', 'tiles');
      for (const tileOf of [accuracyTile, sizeTile, latencyTile, nodesTile]) drawTile(list, tileOf(report));
      const picture = regionPicture(list, () => captionOf(report));
      addPictureExport(section, picture, () => `${baseName(report.model.path)}-overview`, host);
    },
  );
}
