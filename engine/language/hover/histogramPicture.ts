import { formatMethod } from '../../shared/format';
import type { LayerInput } from '../../shared/protocol/report';
import { Markdown, md } from '../markdown';

const WIDTH = 240;
const HEIGHT = 56;
const COLUMNS = 80;
/** Read on white and on black: their contrast is above 3 on both. */
const BARS = '#4a8fd4';
const CLIP = '#d1661c';
const AXIS = '#808080';

/** Counts of so many columns between −reach and reach; of negative values none where there are none. */
function columnsOf({ histogram }: LayerInput): { counts: number[]; from: number; to: number } {
  const { binWidth, positive, negative } = histogram;
  const [from, to] = [-negative.length * binWidth, Math.max(1, positive.length) * binWidth];
  const counts = new Array<number>(COLUMNS).fill(0);
  const add = (middle: number, count: number) => {
    const at = Math.min(COLUMNS - 1, Math.floor(((middle - from) / (to - from)) * COLUMNS));
    counts[at] = (counts[at] ?? 0) + count;
  };
  positive.forEach((count, i) => add((i + 0.5) * binWidth, count));
  negative.forEach((count, i) => add(-(i + 0.5) * binWidth, count));
  return { counts, from, to };
}

/**
 * A tensor's histogram with its clips as SVG, counts on a logarithmic scale. The clip in use is drawn through, those of other
 * calibrators are dashed; one beyond what was seen is left out. Holds numbers alone, no names.
 */
export function histogramSvg(input: LayerInput): string {
  const { counts, from, to } = columnsOf(input);
  const most = Math.log1p(Math.max(1, ...counts));
  const x = (value: number) => ((value - from) / (to - from)) * WIDTH;
  const step = WIDTH / COLUMNS;
  const bars = counts.flatMap((count, i) => {
    if (count <= 0) return [];
    const height = Math.max(1, (Math.log1p(count) / most) * (HEIGHT - 4));
    return [
      `M${(i * step).toFixed(1)} ${HEIGHT - 1}v${(-height).toFixed(1)}h${(step - 0.5).toFixed(1)}v${height.toFixed(1)}z`,
    ];
  });
  const line = (value: number, isUsed: boolean) =>
    value < from || value > to
      ? ''
      : `<path d="M${x(value).toFixed(1)} 0V${HEIGHT}" stroke="${CLIP}" stroke-width="${isUsed ? 2 : 1}"${isUsed ? '' : ' stroke-dasharray="2 3"'}/>`;
  const clips = Object.entries(input.clips)
    .filter(([, clip]) => Number.isFinite(clip) && clip > 0)
    .flatMap(([method, clip]) => [clip, -clip].map((value) => line(value, method === input.method)));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}">`,
    `<path d="${bars.join('')}" fill="${BARS}"/>`,
    `<path d="M0 ${HEIGHT - 0.5}H${WIDTH}" stroke="${AXIS}"/>`,
    ...clips,
    '</svg>',
  ].join('');
}

/** The picture in Markdown; nothing for a tensor without values. */
export function histogramPicture(input: LayerInput): Markdown[] {
  const { positive, negative } = input.histogram;
  if (positive.length + negative.length === 0) return [];
  const data = Buffer.from(histogramSvg(input)).toString('base64');
  const alt = `Histogram of its values, counts on a logarithmic scale; the line is the clip of ${formatMethod(input.method)}`;
  return [md`![${alt}](${Markdown.trusted(`data:image/svg+xml;base64,${data}`)})`];
}
