import { symbol, symbolDiamond, symbolSquare, symbolTriangle } from 'd3-shape';

/** The networks of a report that every picture compares. */
export type Variant = 'float' | 'int8' | 'advised';

const symbols = { float: symbolDiamond, int8: symbolSquare, advised: symbolTriangle };

/** The outline of a network's mark around the origin, so that shape tells them apart and not colour alone, as SVG path data. */
export function variantMark(variant: Variant, area = 52): string {
  return symbol(symbols[variant], area)() ?? '';
}
