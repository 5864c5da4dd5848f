import type { Point } from '../graph/layeredLayout';

/** What of a scene is seen: the scene's point in the upper left corner, and pixels per unit. */
export interface Camera extends Point {
  scale: number;
}
