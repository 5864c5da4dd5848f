import type { Camera } from '../state/camera';
import type { Point, Size } from './layeredLayout';

/** Pixels that points of a coarse path are apart at least. */
const STEP = 2;

/** Index of the first point that lies below `y`; points go down. */
function firstBelow(points: readonly Point[], y: number): number {
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle]?.y ?? Infinity) > y) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The points that a window may show, with one on either side: an edge past thousands of ranks has as many. */
export function seenPoints(points: readonly Point[], top: number, bottom: number): readonly Point[] {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return [];
  // An edge of a circle leads up, straight.
  if (first.y > last.y) return last.y > bottom || first.y < top ? [] : points;
  if (last.y < top || first.y > bottom) return [];
  return points.slice(Math.max(0, firstBelow(points, top) - 1), firstBelow(points, bottom) + 1);
}

function isBeside(points: readonly Point[], left: number, right: number): boolean {
  return points.every(({ x }) => x < left) || points.every(({ x }) => x > right);
}

/** Whether a part of the scene shows anything of an edge. */
export function isLinkSeen(all: readonly Point[], { x, y, width, height }: Point & Size): boolean {
  return !isBeside(seenPoints(all, y, y + height), x, x + width);
}

/** What is seen, and how finely. */
export interface Tracing {
  camera: Camera;
  seen: Size;
  /** Without curves, and without points too near to be told apart. */
  isCoarse: boolean;
  /** Points that other edges of the same path lead over; what edges of one source share is drawn once. */
  traced: Set<Point>;
}

/**
 * Adds what a camera sees of an edge to the path of a context, but for what is in it.
 * @returns whether anything of the edge can be seen
 */
export function traceLink(
  context: Pick<CanvasRenderingContext2D, 'moveTo' | 'lineTo' | 'bezierCurveTo'>,
  all: readonly Point[],
  { camera, seen, isCoarse, traced }: Tracing,
): boolean {
  const points = seenPoints(all, camera.y, camera.y + seen.height);
  // Edges that share points share them from the source on.
  const start = Math.max(
    0,
    points.findLastIndex((point) => traced.has(point)),
  );
  let last = points[start];
  if (last === undefined || isBeside(points, camera.x, camera.x + seen.width)) return false;
  const end = points.length - 1;
  context.moveTo(last.x, last.y);
  traced.add(last);
  for (let i = start + 1; i <= end; i++) {
    const point = points[i];
    if (point === undefined) break;
    traced.add(point);
    if (isCoarse && i < end && Math.abs(point.y - last.y) * camera.scale < STEP) continue;
    if (isCoarse || last.x === point.x) context.lineTo(point.x, point.y);
    else {
      const middle = (last.y + point.y) / 2;
      context.bezierCurveTo(last.x, middle, point.x, middle, point.x, point.y);
    }
    last = point;
  }
  return true;
}
