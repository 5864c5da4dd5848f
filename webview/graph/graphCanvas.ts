import { PNG_SCALE } from '../export/pngBase64';
import { type Camera } from '../state/camera';
import { fitted, isAnySeen, opening, showing, zoomed } from './cameraMoves';
import { drawScene, type Drawing } from './drawScene';
import { boxAt, boxBeside, type Direction } from './findBox';
import type { Point, Size } from './layeredLayout';
import { Minimap } from './minimap';
import type { Scene } from './scene';
import { ownValue } from '../../engine/shared/ownValue';

/** What happens on the canvas. */
export interface CanvasEvents {
  /** A box has the focus now, or none. */
  focus(box: number | null): void;
  /** A box is to be opened: by a double click, or Enter. */
  open(box: number): void;
  /** The group around a box is to be closed. */
  close(box: number): void;
  hover(box: number | null, at: Point): void;
  /** The camera has come to rest. */
  rest(camera: Camera): void;
}

const STEP = 1.25;
const arrows: Record<string, Direction> = {
  ArrowUp: 'up',
  ArrowDown: 'down',
  ArrowLeft: 'left',
  ArrowRight: 'right',
};

/** The canvas that shows a scene, and what mouse and keys do on it. */
export class GraphCanvas {
  readonly canvas = document.createElement('canvas');
  private readonly minimap = new Minimap((to) => this.centre(to));
  private drawing: Drawing | null = null;
  private camera: Camera = { x: 0, y: 0, scale: 1 };
  /** Whether the camera was set in sight of the scene. */
  private isPlaced = false;
  private size: Size = { width: 0, height: 0 };
  /** Of the pane when it was last seen: a hidden tab has none. */
  private seen: Size = { width: 0, height: 0 };
  private frame = 0;
  private resting = 0;
  private drag: { start: Point; camera: Camera; hasMoved: boolean } | null = null;

  constructor(
    parent: HTMLElement,
    private readonly events: CanvasEvents,
  ) {
    const { canvas } = this;
    canvas.className = 'graph-canvas';
    canvas.tabIndex = 0;
    canvas.setAttribute('role', 'application');
    parent.append(canvas, this.minimap.canvas);
    new ResizeObserver(() => this.resize()).observe(parent);
    canvas.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    canvas.addEventListener('pointerdown', (event) => this.press(event));
    canvas.addEventListener('pointermove', (event) => this.move(event));
    canvas.addEventListener('pointerup', (event) => this.release(event));
    canvas.addEventListener('pointerleave', () => this.setHover(null, { x: 0, y: 0 }));
    canvas.addEventListener('dblclick', (event) => {
      const box = this.boxUnder(event);
      if (box !== null) events.open(box);
    });
    canvas.addEventListener('keydown', (event) => this.key(event));
  }

  get hasRoom(): boolean {
    return this.size.width > 0;
  }

  /** Shows a scene; a new one from its beginning, or where `camera` looked before if there is anything to see. */
  show(drawing: Drawing, look: { camera: Camera | null } | null): void {
    this.drawing = drawing;
    if (look !== null) {
      // A pane of another width may have looked elsewhere.
      const isLost =
        look.camera !== null && this.hasRoom && !isAnySeen(look.camera, drawing.scene, this.size);
      const kept = isLost ? null : look.camera;
      this.camera = kept ?? this.beginning(drawing.scene);
      this.isPlaced = look.camera !== null || this.hasRoom;
    }
    this.minimap.redraw(drawing, this.size.height, devicePixelRatio);
    this.redraw();
  }

  /** Moves a box into sight. */
  reveal(box: number): void {
    const found = this.drawing?.scene.boxes[box];
    if (found !== undefined) this.look(showing(this.camera, found, this.size));
  }

  /** Keeps a box where it is on the screen while the scene around it changes. */
  hold(before: Point, after: Point): void {
    this.look({
      ...this.camera,
      x: this.camera.x + after.x - before.x,
      y: this.camera.y + after.y - before.y,
    });
  }

  zoomIn(): void {
    this.zoom(STEP);
  }

  zoomOut(): void {
    this.zoom(1 / STEP);
  }

  fit(): void {
    if (this.drawing !== null) this.look(fitted(this.drawing.scene, this.size));
  }

  /** What is shown, in the pixels of a saved picture. */
  picture(): HTMLCanvasElement {
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(this.size.width * PNG_SCALE);
    canvas.height = Math.round(this.size.height * PNG_SCALE);
    const context = canvas.getContext('2d');
    if (context === null || this.drawing === null) throw new Error('There is nothing to draw.');
    drawScene(context, this.drawing, this.camera, this.size, PNG_SCALE);
    // Behind what is drawn: a canvas lets the page show through.
    context.globalCompositeOperation = 'destination-over';
    context.resetTransform();
    context.fillStyle = this.drawing.palette.page;
    context.fillRect(0, 0, canvas.width, canvas.height);
    return canvas;
  }

  private beginning(scene: Scene): Camera {
    const start = scene.boxes[0];
    const top = { x: (start?.x ?? 0) + (start?.width ?? 0) / 2, y: start?.y ?? 0 };
    return opening(scene, this.size, top);
  }

  private zoom(factor: number): void {
    this.look(zoomed(this.camera, factor, { x: this.size.width / 2, y: this.size.height / 2 }));
  }

  private centre({ x, y }: Point): void {
    const { scale } = this.camera;
    this.look({ scale, x: x - this.size.width / 2 / scale, y: y - this.size.height / 2 / scale });
  }

  private look(camera: Camera): void {
    this.camera = camera;
    this.isPlaced = true;
    this.redraw();
    clearTimeout(this.resting);
    this.resting = window.setTimeout(() => this.events.rest(this.camera), 300);
  }

  private redraw(): void {
    if (this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      const context = this.canvas.getContext('2d');
      if (context === null || this.drawing === null || !this.hasRoom) return;
      drawScene(context, this.drawing, this.camera, this.size, devicePixelRatio);
      this.minimap.frame(this.camera, this.size, this.drawing.palette.focus, devicePixelRatio);
    });
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.canvas.parentElement ?? this.canvas;
    if (width === this.size.width && height === this.size.height) return;
    this.size = { width, height };
    this.canvas.width = Math.round(width * devicePixelRatio);
    this.canvas.height = Math.round(height * devicePixelRatio);
    // A hidden tab has no room; what was looked at in it is looked at again.
    if (width === 0) return;
    const { seen, camera, drawing } = this;
    this.seen = this.size;
    // What is in the middle stays there.
    if (seen.width > 0) this.camera = { ...camera, x: camera.x + (seen.width - width) / 2 / camera.scale };
    if (drawing === null) return;
    this.minimap.redraw(drawing, height, devicePixelRatio);
    // Who went out of sight of it all is not brought back.
    const wasSeen = seen.width === 0 || isAnySeen(camera, drawing.scene, seen);
    const isLost = wasSeen && !isAnySeen(this.camera, drawing.scene, this.size);
    if (this.isPlaced && !isLost) this.redraw();
    else this.look(this.beginning(drawing.scene));
  }

  private at(event: MouseEvent): Point {
    const bounds = this.canvas.getBoundingClientRect();
    return { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
  }

  private boxUnder(event: MouseEvent): number | null {
    const { x, y } = this.at(event);
    const { scale } = this.camera;
    if (this.drawing === null) return null;
    return boxAt(this.drawing.scene, { x: this.camera.x + x / scale, y: this.camera.y + y / scale });
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    // With Shift, and by two fingers sideways, it moves; else it zooms, faster by a pinch.
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const [dx, dy] =
        event.shiftKey && event.deltaX === 0 ? [event.deltaY, 0] : [event.deltaX, event.deltaY];
      const { x, y, scale } = this.camera;
      this.look({ scale, x: x + dx / scale, y: y + dy / scale });
      return;
    }
    const speed = event.ctrlKey ? 0.01 : 0.0015;
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 18 : event.deltaY;
    this.look(zoomed(this.camera, Math.exp(-pixels * speed), this.at(event)));
  }

  private press(event: PointerEvent): void {
    if (event.button > 1) return;
    this.canvas.focus();
    this.canvas.setPointerCapture(event.pointerId);
    this.drag = { start: this.at(event), camera: this.camera, hasMoved: false };
  }

  private move(event: PointerEvent): void {
    const here = this.at(event);
    if (this.drag === null) {
      this.setHover(this.boxUnder(event), here);
      return;
    }
    const { start, camera } = this.drag;
    const [dx, dy] = [here.x - start.x, here.y - start.y];
    if (!this.drag.hasMoved && Math.hypot(dx, dy) < 4) return;
    this.drag.hasMoved = true;
    this.canvas.classList.add('dragged');
    this.setHover(null, here);
    this.look({ ...camera, x: camera.x - dx / camera.scale, y: camera.y - dy / camera.scale });
  }

  private release(event: PointerEvent): void {
    this.canvas.classList.remove('dragged');
    if (this.drag?.hasMoved === false && event.button === 0) this.events.focus(this.boxUnder(event));
    this.drag = null;
  }

  private setHover(box: number | null, at: Point): void {
    if (this.drawing !== null && box !== this.drawing.hover) {
      this.drawing = { ...this.drawing, hover: box };
      this.redraw();
    }
    this.events.hover(box, at);
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || this.drawing === null) return;
    const { scene, focus } = this.drawing;
    const direction = ownValue(arrows, event.key);
    const run = (): boolean => {
      if (direction !== undefined) {
        const next = focus === null ? 0 : boxBeside(scene, focus, direction);
        if (next !== null && next < scene.boxes.length) this.events.focus(next);
        return true;
      }
      switch (event.key) {
        case '0':
          this.fit();
          return true;
        case '+':
        case '=':
          this.zoomIn();
          return true;
        case '-':
          this.zoomOut();
          return true;
        case 'Enter':
        case ' ':
          if (focus !== null) this.events.open(focus);
          return true;
        case 'Backspace':
          if (focus !== null) this.events.close(focus);
          return true;
        case 'Home':
          this.events.focus(0);
          return true;
        case 'Escape':
          this.events.focus(null);
          return true;
        default:
          return false;
      }
    };
    if (run()) event.preventDefault();
  }
}
