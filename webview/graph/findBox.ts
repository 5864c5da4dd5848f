import type { Point } from './layeredLayout';
import type { Box, Scene } from './scene';

/** The innermost box at a point; of an open group only its title. */
export function boxAt({ boxes }: Scene, { x, y }: Point): number | null {
  for (let i = boxes.length - 1; i >= 0; i--) {
    const box = boxes[i];
    if (box === undefined || x < box.x || x > box.x + box.width || y < box.y) continue;
    if (y <= box.y + (box.isOpen ? 26 : box.height)) return i;
  }
  return null;
}

export type Direction = 'up' | 'down' | 'left' | 'right';

const middle = (box: Box): number => box.x + box.width / 2;

/** The box that an arrow leads to: along an edge up or down, to the nearest beside it left or right. */
export function boxBeside({ boxes, links }: Scene, from: number, direction: Direction): number | null {
  const here = boxes[from];
  if (here === undefined) return null;
  const candidates =
    direction === 'down'
      ? links.filter((link) => link.from === from).map((link) => link.to)
      : direction === 'up'
        ? links.filter((link) => link.to === from).map((link) => link.from)
        : boxes.flatMap((box, i) => {
            const isBeside =
              i !== from && !box.isOpen && box.y < here.y + here.height && here.y < box.y + box.height;
            return isBeside && (direction === 'left') === middle(box) < middle(here) ? [i] : [];
          });
  let best: number | null = null;
  let nearest = Infinity;
  for (const i of candidates) {
    const box = boxes[i];
    if (box === undefined) continue;
    const distance = Math.abs(middle(box) - middle(here)) + Math.abs(box.y - here.y);
    if (distance < nearest) [best, nearest] = [i, distance];
  }
  return best;
}
