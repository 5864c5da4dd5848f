import { scaleLinear, type ScaleLinear } from 'd3-scale';
import { plotArea, type PlotArea } from './plotArea';

/** Of a layer, in the model's own order: decibels of signal to noise, `null` or no number where nobody knows. */
export interface JourneyLayer {
  name: string;
  /** At its own output, fed with float inputs. */
  sqnrDb: number | null;
  /** At its output with everything in int8: what came before is in it. */
  pathDb: number | null;
}

/** Neighbouring layers that are drawn as one; of many, what the noisiest of them shows. */
export interface JourneyBin {
  first: number;
  last: number;
  /** Index of the layer that adds most noise. */
  worst: number;
  ownDb: number | null;
  pathDb: number | null;
}

export interface JourneyMark {
  layer: number;
  bin: number;
  x: number;
  /** Top of its bar, and of all that is drawn there. */
  y: number;
  top: number;
}

export interface JourneyGeometry {
  plot: PlotArea;
  bins: JourneyBin[];
  /** Pixels of a bin. */
  pitch: number;
  /** Decibels to pixels: the noisier, the higher. */
  y: ScaleLinear<number, number>;
  /** What each adds, as bars, as SVG path data. */
  bars: string;
  /** What there is at each output in int8, as SVG path data; broken where nobody knows. */
  path: string;
  /** The same down to what each adds: what was carried, as SVG path data. */
  carried: string;
  /** The layers that add most by far. */
  marks: JourneyMark[];
}

const MOST_BINS = 600;
const MOST_MARKS = 3;
/** Decibels below the middle layer from which one stands out. */
const STANDS_OUT_DB = 6;
const DB_ENDS = [-10, 70] as const;
const MARGIN = { left: 46, right: 10, top: 30, bottom: 30 };

function known(value: number | null): value is number {
  return value !== null && Number.isFinite(value);
}

function least(values: readonly (number | null)[]): number | null {
  const numbers = values.filter(known);
  return numbers.length === 0 ? null : Math.min(...numbers);
}

/** Layers in bins of one size, at most so many. */
export function journeyBins(layers: readonly JourneyLayer[], most = MOST_BINS): JourneyBin[] {
  const size = Math.max(1, Math.ceil(layers.length / Math.max(1, most)));
  return Array.from({ length: Math.ceil(layers.length / size) }, (_, bin) => {
    const first = bin * size;
    const last = Math.min(layers.length, first + size) - 1;
    const part = layers.slice(first, last + 1);
    const ownDb = least(part.map((l) => l.sqnrDb));
    const worst =
      first +
      Math.max(
        0,
        part.findIndex((l) => l.sqnrDb === ownDb),
      );
    return { first, last, worst, ownDb, pathDb: least(part.map((l) => l.pathDb)) };
  });
}

/** Whether most of the noise at a layer's output came with what it reads. */
export function isCarried({ sqnrDb, pathDb }: JourneyLayer): boolean {
  // Twice the power is 3 dB: as much again as it adds itself.
  return known(sqnrDb) && known(pathDb) && pathDb < sqnrDb - 10 * Math.log10(2);
}

/** Indexes of the layers that add far more noise than the middle one, the worst first; the worst one where none does. */
export function worstIntroducers(layers: readonly JourneyLayer[], most = MOST_MARKS): number[] {
  const order = layers
    .flatMap(({ sqnrDb }, index) => (known(sqnrDb) ? [{ sqnrDb, index }] : []))
    .sort((a, b) => a.sqnrDb - b.sqnrDb);
  const middle = order[Math.floor(order.length / 2)]?.sqnrDb ?? 0;
  const far = order.filter(({ sqnrDb }) => sqnrDb <= middle - STANDS_OUT_DB);
  return (far.length === 0 ? order.slice(0, 1) : far.slice(0, most)).map(({ index }) => index);
}

/** Where the noise of a network in int8 comes in, and where it is carried on, along its layers. */
export function errorJourney(
  layers: readonly JourneyLayer[],
  { width, height }: { width: number; height: number },
): JourneyGeometry {
  const plot = plotArea({ width, height }, MARGIN);
  const room = plot.right - plot.left;
  const bins = journeyBins(layers, Math.min(MOST_BINS, Math.max(1, Math.floor(room))));
  const pitch = room / Math.max(1, bins.length);
  const within = (db: number) => Math.max(DB_ENDS[0], Math.min(DB_ENDS[1], db));
  const all = bins.flatMap(({ ownDb, pathDb }) => [ownDb, pathDb].filter(known).map(within));
  const y = scaleLinear()
    .domain(all.length === 0 ? [0, 40] : [Math.min(0, ...all), Math.max(...all) + 3])
    .range([plot.top, plot.bottom]);
  const at = (db: number) => y(within(db)).toFixed(1);
  const left = (bin: number) => (plot.left + bin * pitch).toFixed(1);
  const gap = pitch >= 4 ? 1 : 0;

  const bars = bins
    .map(({ ownDb }, i) =>
      known(ownDb)
        ? `M${left(i)} ${plot.bottom}V${at(ownDb)}h${(pitch - gap).toFixed(1)}V${plot.bottom}z`
        : '',
    )
    .join('');
  let isOn = false;
  const path = bins
    .map(({ pathDb }, i) => {
      if (!known(pathDb)) {
        isOn = false;
        return '';
      }
      const move = isOn ? `V${at(pathDb)}` : `M${left(i)} ${at(pathDb)}`;
      isOn = true;
      return `${move}H${left(i + 1)}`;
    })
    .join('');
  const carried = bins
    .map(({ ownDb, pathDb }, i) =>
      known(ownDb) && known(pathDb) && pathDb < ownDb
        ? `M${left(i)} ${at(ownDb)}V${at(pathDb)}h${(pitch - gap).toFixed(1)}V${at(ownDb)}z`
        : '',
    )
    .join('');
  const size = bins[0] === undefined ? 1 : bins[0].last - bins[0].first + 1;
  const marks = worstIntroducers(layers).map((layer) => {
    const bin = Math.floor(layer / size);
    const db = layers[layer]?.sqnrDb ?? 0;
    const path = bins[bin]?.pathDb ?? null;
    const top = y(Math.min(within(db), known(path) ? within(path) : Infinity));
    return { layer, bin, x: plot.left + (bin + 0.5) * pitch, y: y(within(db)), top };
  });
  return { plot, bins, pitch, y, bars, path, carried, marks };
}
