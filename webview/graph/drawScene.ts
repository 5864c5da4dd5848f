import type { BoxLook } from './boxLooks';
import { type Camera } from '../state/camera';
import { READABLE } from './cameraMoves';
import type { Point, Size } from './layeredLayout';
import type { Palette } from './palette';
import type { Box, Link, Scene } from './scene';
import { traceLink } from './traceLink';

/** What is drawn, and what of it stands out. */
export interface Drawing {
  scene: Scene;
  looks: readonly BoxLook[];
  palette: Palette;
  focus: number | null;
  hover: number | null;
  /** Boxes that a search found. */
  found: ReadonlySet<number>;
}

/** Of a canvas' context what a scene is drawn with. */
export interface SceneContext extends Pick<
  CanvasRenderingContext2D,
  'fillStyle' | 'strokeStyle' | 'lineWidth' | 'globalAlpha' | 'font' | 'textAlign' | 'textBaseline'
> {
  setTransform(a: number, b: number, c: number, d: number, e: number, f: number): void;
  clearRect(x: number, y: number, width: number, height: number): void;
  fillRect(x: number, y: number, width: number, height: number): void;
  strokeRect(x: number, y: number, width: number, height: number): void;
  beginPath(): void;
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  bezierCurveTo(x1: number, y1: number, x2: number, y2: number, x: number, y: number): void;
  rect(x: number, y: number, width: number, height: number): void;
  closePath(): void;
  fill(): void;
  stroke(): void;
  setLineDash(pattern: number[]): void;
  fillText(text: string, x: number, y: number, maxWidth?: number): void;
}

/** Below, boxes are spots of colour. */
const SPOTS = 0.12;

function isSeen(box: Point & Size, camera: Camera, seen: Size): boolean {
  return (
    box.x <= camera.x + seen.width &&
    box.x + box.width >= camera.x &&
    box.y <= camera.y + seen.height &&
    box.y + box.height >= camera.y
  );
}

/** Draws what a camera sees of a scene; texts, curves and arrows only where they can be told. */
export function drawScene(
  context: SceneContext,
  drawing: Drawing,
  camera: Camera,
  window: Size,
  pixelRatio: number,
): void {
  const { scene, looks, palette, focus } = drawing;
  const seen = { width: window.width / camera.scale, height: window.height / camera.scale };
  const isReadable = camera.scale >= READABLE;
  context.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
  context.clearRect(0, 0, window.width, window.height);
  const zoom = camera.scale * pixelRatio;
  context.setTransform(zoom, 0, 0, zoom, -camera.x * zoom, -camera.y * zoom);

  const visible = scene.boxes.flatMap((box, i) => (isSeen(box, camera, seen) ? [i] : []));
  for (const i of visible) {
    const box = scene.boxes[i];
    if (box?.isOpen === true) drawFrame(context, box, looks[i], palette, camera.scale);
  }

  context.lineWidth = 1 / Math.min(camera.scale, 1);
  context.strokeStyle = palette.muted;
  context.globalAlpha = camera.scale < SPOTS ? 0.35 : 0.6;
  const isCoarse = camera.scale < READABLE / 2;
  const traced = new Set<Point>();
  context.beginPath();
  const links = scene.links.filter(({ points }) => {
    const height = (points.at(-1)?.y ?? 0) - (points[0]?.y ?? 0);
    // What is shorter than a pixel or two is hidden by its ends.
    if (camera.scale < SPOTS && points.length === 2 && height * camera.scale <= 2) return false;
    return traceLink(context, points, { camera, seen, isCoarse, traced });
  });
  context.stroke();
  context.globalAlpha = 1;
  if (isReadable) drawArrows(context, links, palette.muted);
  const ends = links.filter(({ from, to }) => focus !== null && (from === focus || to === focus));
  if (ends.length > 0) {
    context.strokeStyle = palette.focus;
    context.lineWidth = 2 / Math.min(camera.scale, 1);
    context.beginPath();
    const near = { camera, seen, isCoarse, traced: new Set<Point>() };
    for (const { points } of ends) traceLink(context, points, near);
    context.stroke();
    if (isReadable) drawArrows(context, ends, palette.focus);
  }

  if (camera.scale < SPOTS) drawSpots(context, visible, drawing);
  else
    for (const i of visible) {
      const [box, look] = [scene.boxes[i], looks[i]];
      if (box === undefined || look === undefined || box.isOpen) continue;
      drawBox(context, box, look, palette, camera.scale);
    }
  for (const i of visible) drawOutline(context, drawing, i, camera.scale);
}

function drawArrows(context: SceneContext, links: readonly Link[], color: string): void {
  context.fillStyle = color;
  context.beginPath();
  for (const { points } of links) {
    const end = points.at(-1);
    if (end === undefined) continue;
    context.moveTo(end.x, end.y);
    context.lineTo(end.x - 3.5, end.y - 6);
    context.lineTo(end.x + 3.5, end.y - 6);
  }
  context.fill();
}

function drawFrame(
  context: SceneContext,
  box: Box,
  look: BoxLook | undefined,
  palette: Palette,
  scale: number,
): void {
  context.globalAlpha = 0.35;
  context.fillStyle = palette.box;
  context.fillRect(box.x, box.y, box.width, box.height);
  context.globalAlpha = 0.7;
  context.strokeStyle = palette.muted;
  context.lineWidth = 1 / Math.min(scale, 1);
  context.setLineDash([4, 3]);
  context.strokeRect(box.x, box.y, box.width, box.height);
  context.setLineDash([]);
  context.globalAlpha = 1;
  if (scale < READABLE || look === undefined) return;
  context.font = `600 11px ${palette.font}`;
  context.textBaseline = 'middle';
  context.fillStyle = palette.text;
  context.fillText(look.title, box.x + 8, box.y + 14, box.width - 16);
}

/** Boxes as spots, all of one colour and strength at once. */
function drawSpots(
  context: SceneContext,
  visible: readonly number[],
  { scene, looks, palette }: Drawing,
): void {
  const spots = new Map<string, { color: string; alpha: number; boxes: Box[] }>();
  for (const i of visible) {
    const [box, look] = [scene.boxes[i], looks[i]];
    if (box === undefined || look === undefined || box.isOpen) continue;
    const step = look.color === null ? 0 : Math.ceil(look.strength * 5);
    const key = step === 0 ? '' : `${look.color} ${step}`;
    const alike = spots.get(key);
    if (alike !== undefined) alike.boxes.push(box);
    else if (step === 0 || look.color === null)
      spots.set(key, { color: palette.muted, alpha: 0.5, boxes: [box] });
    else spots.set(key, { color: palette[look.color], alpha: 0.4 + 0.12 * step, boxes: [box] });
  }
  for (const { color, alpha, boxes } of spots.values()) {
    context.fillStyle = color;
    context.globalAlpha = alpha;
    context.beginPath();
    for (const { x, y, width, height } of boxes) context.rect(x, y, width, height);
    context.fill();
  }
  context.globalAlpha = 1;
}

function drawBox(context: SceneContext, box: Box, look: BoxLook, palette: Palette, scale: number): void {
  const { x, y, width, height } = box;
  context.fillStyle = palette.box;
  context.fillRect(x, y, width, height);
  if (look.color !== null && look.strength > 0) {
    context.fillStyle = palette[look.color];
    context.globalAlpha = (palette.isHighContrast ? 0.3 : 0.42) * look.strength;
    context.fillRect(x, y, width, height);
    context.globalAlpha = 1;
    context.fillRect(x, y, 4, height);
  }
  context.strokeStyle = palette.muted;
  context.globalAlpha = palette.isHighContrast ? 1 : 0.55;
  context.lineWidth = 1 / Math.min(scale, 1);
  if (look.isFloat) context.setLineDash([3, 2]);
  context.strokeRect(x, y, width, height);
  context.setLineDash([]);
  if (box.group !== null) context.strokeRect(x + 3, y + 3, width - 6, height - 6);
  context.globalAlpha = 1;
  if (look.isWorst) drawWorst(context, x + width, y, palette);
  if (scale < READABLE) return;
  const isTall = look.line !== '';
  const baseline = isTall ? y + 13 : y + height / 2;
  context.textBaseline = 'middle';
  context.fillStyle = palette.text;
  context.font = `${isTall ? 600 : 400} 11px ${palette.font}`;
  context.fillText(look.title, x + 10, baseline, width - 16);
  const value = look.value === '' && look.isFloat ? 'F' : look.value;
  if (value !== '') {
    context.textAlign = 'right';
    context.font = `600 11px ${palette.font}`;
    context.fillText(value, x + width - 7, baseline);
    context.textAlign = 'left';
  }
  if (!isTall) return;
  context.font = `11px ${palette.font}`;
  context.fillStyle = palette.isHighContrast ? palette.text : palette.muted;
  context.fillText(look.line, x + 10, y + height - 12, width - 18);
}

/** A triangle on the corner, which needs no colour to be told. */
function drawWorst(context: SceneContext, right: number, top: number, palette: Palette): void {
  context.beginPath();
  context.moveTo(right, top - 9);
  context.lineTo(right + 9, top + 6);
  context.lineTo(right - 9, top + 6);
  context.closePath();
  context.fillStyle = palette.loss;
  context.fill();
  context.strokeStyle = palette.page;
  context.lineWidth = 1.5;
  context.stroke();
}

function drawOutline(
  context: SceneContext,
  { scene, palette, focus, hover, found }: Drawing,
  i: number,
  scale: number,
): void {
  const box = scene.boxes[i];
  const color =
    i === focus ? palette.focus : found.has(i) ? palette.found : i === hover ? palette.muted : null;
  if (box === undefined || color === null) return;
  const grow = (i === focus ? 2 : 1) / Math.min(scale, 1);
  context.strokeStyle = color;
  context.lineWidth = (i === focus ? 2.5 : 1.5) / Math.min(scale, 1);
  context.strokeRect(box.x - grow, box.y - grow, box.width + 2 * grow, box.height + 2 * grow);
}
