import type { Budget, MetricName, Resource } from './protocol/choices';
import type {
  Int8Result,
  LatencySpread,
  NotebookEntry,
  ScoreDifference,
  LayerReport,
} from './protocol/report';
import type { QuantizedModel, QuantizedTensor, ValueRange } from './protocol/model';
import { NORMAL_95 } from './confidence';

const NOTHING = '–';
/** With a true minus sign and no negative zero. */
function signed(text: string): string {
  return text.startsWith('-') ? (Number(text) === 0 ? text.slice(1) : `−${text.slice(1)}`) : text;
}

function fixed(value: number, digits: number): string {
  return signed(value.toFixed(digits));
}

function plain(value: number): string {
  return signed(value.toLocaleString('en-US', { maximumFractionDigits: 0 }));
}

/** Significant digits without an exponent, for small shares. */
function decimal(value: number, digits: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: digits });
}

function significant(value: number, digits: number): string {
  return signed(String(Number(value.toPrecision(digits))));
}

const metricNames: Record<MetricName, string> = {
  top1: 'Top-1 accuracy',
  top5: 'Top-5 accuracy',
  ctc: 'Character accuracy',
  frames: 'Frame accuracy',
  iou: 'IoU',
  segments: 'F1 of line segments',
  sqnr: 'SQNR',
  cosine: 'Cosine similarity',
  agreement: 'Agreement with float',
};

/** The metric's name for people. */
export function formatMetric(metric: MetricName): string {
  return metricNames[metric];
}

/** A score in its metric's own unit: `98.1%`, `31.2 dB`, `0.9987`. */
export function formatScore(metric: MetricName, score: number): string {
  // JSON carries an infinite SQNR (float against itself) as null.
  if (!Number.isFinite(score)) return NOTHING;
  if (metric === 'sqnr') return `${fixed(score, 1)} dB`;
  if (metric === 'cosine') return formatCosine(score);
  return `${fixed(score * 100, 1)}%`;
}

/** The unit of {@link formatDropNumber}, as in "Drop, points". */
export function dropUnit(metric: MetricName): string {
  if (metric === 'sqnr') return 'dB';
  return metric === 'cosine' ? '' : 'points';
}

/** A drop as it changes the score, without its unit: `−45.3` for a loss, `+0.4` for a gain. */
export function formatDropNumber(metric: MetricName, drop: number): string {
  if (!Number.isFinite(drop)) return NOTHING;
  const digits = metric === 'cosine' ? 4 : 1;
  const change = metric === 'sqnr' || metric === 'cosine' ? -drop : -drop * 100;
  const text = fixed(change, digits);
  return Number(change.toFixed(digits)) > 0 ? `+${text}` : text;
}

/** A drop with its unit: `−45.3 points`, `−3.1 dB`, `0.0 points`. */
export function formatDrop(metric: MetricName, drop: number): string {
  const number = formatDropNumber(metric, drop);
  const unit = dropUnit(metric);
  return number === NOTHING || unit === '' ? number : `${number} ${unit}`;
}

/** A drop's amount without its direction: `45.3 points`, `3.1 dB`. */
export function formatAmount(metric: MetricName, drop: number): string {
  return formatDrop(metric, drop).replace(/^[−+]/, '');
}

/** Where 95% of differences lie, without their unit: `−0.9 to +0.2`; nothing where one sample tells of no spread. */
export function formatInterval(metric: MetricName, { low, high }: ScoreDifference): string {
  return low === high ? '' : `${formatDropNumber(metric, -low)} to ${formatDropNumber(metric, -high)}`;
}

/** A difference with its interval: `0.3 points below float (95%: −0.9 to +0.2)`, `level with float`. */
export function describeDifference(metric: MetricName, found: ScoreDifference): string {
  const number = formatDropNumber(metric, -found.difference);
  if (number === NOTHING) return NOTHING;
  const amount = formatAmount(metric, -found.difference);
  const words =
    Number(number.replace('−', '-')) === 0
      ? 'level with float'
      : `${amount} ${found.difference < 0 ? 'below' : 'above'} float`;
  const interval = formatInterval(metric, found);
  return interval === '' ? words : `${words} (95%: ${interval})`;
}

/** A score with what it lost against float, where that could be measured: `97.1%, 0.3 points below float (95%: −0.9 to +0.2)`. */
export function describeScore({
  metric,
  score,
  difference,
  verdict,
}: Pick<Int8Result, 'metric' | 'score' | 'difference' | 'verdict'>): string {
  const own = formatScore(metric, score);
  return verdict.kind === 'not-measurable' ? own : `${own}, ${describeDifference(metric, difference)}`;
}

/** How a notebook's entry differs from float, with its standard error, without their unit: `−0.5 ± 0.2`. */
export function formatChange(
  metric: MetricName,
  { difference, standardError }: Pick<NotebookEntry, 'difference' | 'standardError'>,
): string {
  const number = formatDropNumber(metric, -difference);
  return number === NOTHING
    ? number
    : `${number} ± ${formatAmount(metric, standardError).split(' ')[0] ?? ''}`;
}

/** A layer's drop with its standard error and unit: `−45.3 ± 2.1 points`. */
export function formatMeasuredDrop(
  metric: MetricName,
  { drop, standardError }: Pick<LayerReport, 'drop' | 'standardError'>,
): string {
  const number = formatChange(metric, { difference: -drop, standardError });
  const unit = dropUnit(metric);
  return number === NOTHING || unit === '' ? number : `${number} ${unit}`;
}

/** Whether a layer's drop may be nothing but which samples there are: 0 lies within the interval of 95%. */
export function isNoise({ drop, standardError }: Pick<LayerReport, 'drop' | 'standardError'>): boolean {
  const { low, high } = dropInterval({ drop, standardError });
  return low <= 0 && high >= 0;
}

/** Where 95% of such samples would put a layer's drop. */
export function dropInterval({ drop, standardError }: Pick<LayerReport, 'drop' | 'standardError'>): {
  low: number;
  high: number;
} {
  const half = NORMAL_95 * standardError;
  return { low: drop - half, high: drop + half };
}

/** A sentence's beginning. */
export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A cosine with four decimals: `0.9987`. */
export function formatCosine(value: number): string {
  return Number.isFinite(value) ? fixed(value, 4) : NOTHING;
}

/** Decibels with one decimal. */
export function formatDb(value: number): string {
  return Number.isFinite(value) ? `${fixed(value, 1)} dB` : NOTHING;
}

/** How little a layer is alike to the others: `0.87`; nothing where it cannot be told. */
export function formatOrthogonality(value: number | null): string {
  return value === null ? '' : fixed(value, 2);
}

function scaled(value: number, units: readonly string[], trim: boolean): string {
  let unit = 0;
  // 999.95 would round to 1000.0 of this unit.
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? plain(value) : trim ? String(Number(value.toFixed(1))) : fixed(value, 1)} ${units[unit] ?? ''}`.trimEnd();
}

/** A size in decimal units: `812 B`, `3.2 MB`. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, ['B', 'kB', 'MB', 'GB', 'TB'], false);
}

/** A count at a glance: `981`, `12.3 k`, `2.1 M`. */
export function formatCount(count: number): string {
  return scaled(count, ['', 'k', 'M', 'G', 'T'], true);
}

/** A count to the last one: `12,403`. */
export function formatExactCount(count: number): string {
  return plain(count);
}

/** `1 layer`, `3 layers`, `5,000 layers`. */
export function formatPlural(count: number, one: string, many = `${one}s`): string {
  return `${plain(count)} ${count === 1 ? one : many}`;
}

/** A tensor's value to three significant digits. */
export function formatValue(value: number): string {
  return significant(value, 3);
}

/** A share of a whole as a percentage; a small one keeps two significant digits. */
export function formatShare(share: number): string {
  if (share === 0) return '0%';
  const percent = share * 100;
  if (percent < 0.0001) return '< 0.0001%';
  return percent < 1 ? `${decimal(percent, 2)}%` : `${fixed(percent, 1)}%`;
}

/** A target such as 0.01 as `1%`. */
export function formatTarget(targetDrop: number): string {
  return `${significant(targetDrop * 100, 3)}%`;
}

/** Milliseconds to three significant digits. */
export function formatMilliseconds(milliseconds: number): string {
  return `${milliseconds >= 100 ? plain(milliseconds) : significant(milliseconds, 3)} ms`;
}

/** What a network takes of a resource: `3.2 MB`, `12.3 ms`, `1.9 G bit operations`. */
export function formatResource(resource: Resource, value: number): string {
  if (resource === 'bytes') return formatBytes(value);
  return resource === 'latency' ? formatMilliseconds(value) : `${formatCount(value)} bit operations`;
}

/** A budget as it was given: `bytes = 30% of float`, `latency = 12 ms`. */
export function formatBudget({ resource, limit, isShare }: Budget): string {
  return `${resource} = ${isShare ? `${formatShare(limit)} of float` : formatResource(resource, limit)}`;
}

function ratio(value: number): string {
  return `${fixed(value, value >= 10 ? 0 : 1)}×`;
}

/** How the second latency compares with the first: `1.4× faster`, `1.2× slower`, `same speed`. */
export function formatSpeed(before: number, after: number): string {
  const gain = before / after;
  if (!Number.isFinite(gain) || gain === 0) return NOTHING;
  if (gain >= 1.05) return `${ratio(gain)} faster`;
  return gain > 1 / 1.05 ? 'same speed' : `${ratio(1 / gain)} slower`;
}

/** A speed with where the middle half of the runs lies: `1.6× faster (1.5–1.7)`. */
export function formatSpeedup({ median, low, high }: { median: number } & LatencySpread): string {
  const words = formatSpeed(median, 1);
  if (words === NOTHING) return words;
  const isSame = words === 'same speed';
  const [from, to] = median < 1 && !isSame ? [1 / high, 1 / low] : [low, high];
  const digits = isSame ? 2 : from >= 10 ? 0 : 1;
  const ends = [fixed(from, digits), fixed(to, digits)];
  return ends[0] === ends[1] ? words : `${words} (${ends.join('–')}${isSame ? '×' : ''})`;
}

/** The middle half of measured times, without their unit: `8.71–9.3`. */
export function formatSpread({ low, high }: LatencySpread): string {
  const [from = '', to = ''] = [low, high].map((ms) => formatMilliseconds(ms).replace(' ms', ''));
  return from === to ? from : `${from}–${to}`;
}

/** How the second size compares with the first: `3.7× smaller`, `1.1× larger`, `same size`. */
export function formatShrink(before: number, after: number): string {
  const gain = before / after;
  if (!Number.isFinite(gain) || gain === 0) return NOTHING;
  if (gain >= 1.05) return `${ratio(gain)} smaller`;
  return gain > 1 / 1.05 ? 'same size' : `${ratio(1 / gain)} larger`;
}

/** A span of time in at most two units: `8 s`, `2 min 5 s`, `1 h 4 min`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A calibration method for people: `Percentile 99.9%`, `Entropy`. */
export function formatMethod(method: string): string {
  const [kind = '', value] = method.split(':');
  if (kind === 'percentile') return `Percentile ${value ?? ''}%`;
  return kind === 'mse' ? 'MSE' : capitalized(kind);
}

/** A calibration method in few letters, for a line's label: `99.9%`, `entropy`. */
export function shortMethod(method: string): string {
  const [kind = '', value] = method.split(':');
  return value === undefined ? kind : `${value}%`;
}

/** `2026-03-01 14:05` in local time; the text itself if it is no date. */
export function formatDate(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** A tensor's shape: `64 × 3 × 7 × 7`; `scalar` for rank 0. */
export function formatShape(dims: readonly (number | string)[] | null): string {
  if (dims === null) return 'unknown shape';
  return dims.length === 0 ? 'scalar' : dims.join(' × ');
}

/** The last part of a path with either kind of slash. */
export function baseName(path: string): string {
  return path.split(/[\\/]/).findLast((part) => part !== '') ?? path;
}

/** At most `limit` characters: the beginning and the end with an ellipsis between them. */
export function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const half = Math.floor((limit - 1) / 2);
  return `${text.slice(0, limit - 1 - half)}…${text.slice(text.length - half)}`;
}

const forms: Record<QuantizedModel['form'], string> = {
  qdq: '(QDQ)',
  qoperator: '(QOperator)',
  dynamic: '(dynamic)',
  'weight-only': '(weights only)',
  mixed: '(several forms)',
};

/** How a model's layers are quantized, after their number: `3 layers (QDQ)`. */
export function describeForm(form: QuantizedModel['form']): string {
  return forms[form];
}

/** One value or a range of many: `0.0123`, `0.001 … 0.05`; a dash for what only the run knows. */
export function formatRange(range: ValueRange | null): string {
  if (range === null) return NOTHING;
  const [min, max] = [formatValue(range.min), formatValue(range.max)];
  return min === max ? min : `${min} … ${max}`;
}

/** What the scales of a tensor are for: `one`, `64, axis 0`, `128, blocks of 32`. */
export function formatScaleCount({ scale, axis, blockSize }: QuantizedTensor): string {
  if (scale === null) return 'computed when it runs';
  if (scale.count === 1) return 'one';
  const along = axis === null ? '' : `, axis ${axis}`;
  return blockSize === null
    ? `${plain(scale.count)}${along}`
    : `${plain(scale.count)}, blocks of ${blockSize}`;
}

/** How many blocks there are of each kind: `26 HardSwish, 5 LayerNorm`. */
export function formatBlocks(blocks: readonly { kind: string }[]): string {
  const counts = new Map<string, number>();
  for (const { kind } of blocks) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ');
}

/** What is no number, by kind: `3 NaN, 1 +∞`. */
export function formatNotFinite({
  nan,
  positive,
  negative,
}: Record<'nan' | 'positive' | 'negative', number>): string {
  const kinds = [
    [nan, 'NaN'],
    [positive, '+∞'],
    [negative, '−∞'],
  ] as const;
  return kinds.flatMap(([count, kind]) => (count === 0 ? [] : [`${formatCount(count)} ${kind}`])).join(', ');
}
