import type { Camera } from '../state/camera';
import type { Point, Size } from './layeredLayout';
import type { Scene } from './scene';
import { isLinkSeen } from './traceLink';

/** At the least, a chain of 20,000 nodes is seen from end to end. */
const SCALES = { least: 0.0005, most: 3 };

/** Below, texts are no longer read. */
export const READABLE = 0.5;

/** Zooms and keeps the point of the window where it is. */
export function zoomed(camera: Camera, factor: number, at: Point): Camera {
  const scale = Math.min(Math.max(camera.scale * factor, SCALES.least), SCALES.most);
  return {
    scale,
    x: camera.x + at.x / camera.scale - at.x / scale,
    y: camera.y + at.y / camera.scale - at.y / scale,
  };
}

/** All of a scene, with a margin. */
export function fitted(scene: Size, window: Size): Camera {
  const margin = 24;
  const scale = Math.min(
    (window.width - 2 * margin) / Math.max(scene.width, 1),
    (window.height - 2 * margin) / Math.max(scene.height, 1),
    1.25,
  );
  const held = Math.max(scale, SCALES.least);
  return {
    scale: held,
    x: (scene.width - window.width / held) / 2,
    y: (scene.height - window.height / held) / 2,
  };
}

/** Where one begins to look: all of it where that is readable, else its beginning. */
export function opening(scene: Size, window: Size, start: Point): Camera {
  const all = fitted(scene, window);
  if (all.scale >= READABLE) return all;
  const scale = 0.9;
  return { scale, x: start.x - window.width / 2 / scale, y: start.y - 40 / scale };
}

/** Whether any box is in sight, be it by its edge, or anything of what joins them. */
export function isAnySeen({ x, y, scale }: Camera, { boxes, links }: Scene, window: Size): boolean {
  const [width, height] = [window.width / scale, window.height / scale];
  return (
    boxes.some(
      (box) => box.x < x + width && box.x + box.width > x && box.y < y + height && box.y + box.height > y,
    ) || links.some(({ points }) => isLinkSeen(points, { x, y, width, height }))
  );
}

/** Moved as little as is needed for a box to be seen, and to its middle where it was not. */
export function showing(camera: Camera, box: Point & Size, window: Size): Camera {
  const scale = Math.max(camera.scale, READABLE + 0.1);
  const seen = { width: window.width / scale, height: window.height / scale };
  const isSeen =
    scale === camera.scale &&
    box.x >= camera.x &&
    box.y >= camera.y &&
    box.x + box.width <= camera.x + seen.width &&
    box.y + Math.min(box.height, 40) <= camera.y + seen.height;
  if (isSeen) return camera;
  return {
    scale,
    x: box.x + box.width / 2 - seen.width / 2,
    y: box.y + Math.min(box.height, seen.height) / 2 - seen.height / 2,
  };
}
