import { swatches, type LegendKey } from '../export/caption';
import type { Colouring } from '../state/graphState';
import type { Palette } from './palette';

/** Colours by what layers cost or compute on, or, before that is known, by families of operators. */
export type LegendName = Colouring | 'families';

type Kind = 'loss-scale' | 'worst' | 'dashed' | 'blue' | 'float' | 'gain' | 'mark' | 'plain';

/** What stands for what in a graph, by its colouring. */
export const graphLegends: Record<LegendName, readonly [kind: Kind, text: string][]> = {
  drop: [
    ['loss-scale', 'costs more'],
    ['worst', 'among the five that cost most'],
    ['dashed', 'float'],
  ],
  sqnr: [
    ['loss-scale', 'noisier'],
    ['worst', 'among the five noisiest'],
    ['dashed', 'float'],
  ],
  numbers: [
    ['blue', 'integers'],
    ['float', 'float, dashed'],
    ['plain', 'moves values, or not told'],
  ],
  families: [
    ['blue', 'convolutions'],
    ['gain', 'matrix products'],
    ['mark', 'recurrent layers and lookups'],
    ['plain', 'others'],
  ],
};

/** The legend as saved pictures draw it, which have no style sheet. */
export function graphKeys(name: LegendName, { loss, blue, gain, mark, muted }: Palette): LegendKey[] {
  const box = (fill: string, more: Record<string, string> = {}) => ({
    d: swatches.box,
    paint: { fill, 'fill-opacity': '0.6', stroke: muted, ...more },
  });
  const dashes = { 'stroke-dasharray': '3 2' };
  const looks: Record<Kind, Omit<LegendKey, 'text'>> = {
    'loss-scale': box(loss),
    worst: { d: swatches.peak, paint: { fill: loss } },
    dashed: box('none', dashes),
    float: box(mark, dashes),
    blue: box(blue),
    gain: box(gain),
    mark: box(mark),
    plain: box('none'),
  };
  return graphLegends[name].map(([kind, text]) => ({ text, ...looks[kind] }));
}
