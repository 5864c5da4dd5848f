import type { Camera } from '../state/camera';
import type { Drawing } from './drawScene';
import type { Point, Size } from './layeredLayout';

const WIDTH = 92;

/** All of a scene, small, with a frame around what is seen. Long networks are pressed to its height. */
export class Minimap {
  readonly canvas = document.createElement('canvas');
  private picture: HTMLCanvasElement | undefined;
  private scale: Point = { x: 1, y: 1 };
  private size: Size = { width: WIDTH, height: 0 };

  /** @param onMove gets the point of the scene that was pointed at */
  constructor(onMove: (to: Point) => void) {
    this.canvas.className = 'minimap';
    this.canvas.setAttribute('aria-hidden', 'true');
    const move = (event: PointerEvent) => {
      const bounds = this.canvas.getBoundingClientRect();
      onMove({
        x: (event.clientX - bounds.left) / this.scale.x,
        y: (event.clientY - bounds.top) / this.scale.y,
      });
    };
    this.canvas.addEventListener('pointerdown', (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      move(event);
    });
    this.canvas.addEventListener('pointermove', (event) => {
      if (event.buttons === 1) move(event);
    });
  }

  /** Draws the scene anew, for a window of this height. */
  redraw({ scene, looks, palette }: Drawing, height: number, pixelRatio: number): void {
    const room = Math.max(40, Math.min(height - 20, 320));
    const fit = WIDTH / Math.max(scene.width, 1);
    const isWide = scene.height * fit < room;
    this.size = { width: WIDTH, height: isWide ? Math.max(scene.height * fit, 24) : room };
    this.scale = { x: fit, y: this.size.height / Math.max(scene.height, 1) };
    const picture = (this.picture = document.createElement('canvas'));
    for (const canvas of [picture, this.canvas]) {
      canvas.width = Math.round(this.size.width * pixelRatio);
      canvas.height = Math.round(this.size.height * pixelRatio);
    }
    this.canvas.style.width = `${this.size.width}px`;
    this.canvas.style.height = `${this.size.height}px`;
    const context = picture.getContext('2d');
    if (context === null) return;
    context.scale(pixelRatio, pixelRatio);
    scene.boxes.forEach((box, i) => {
      const look = looks[i];
      if (box.isOpen || look === undefined) return;
      const isPlain = look.color === null || look.strength === 0;
      context.fillStyle = isPlain || look.color === null ? palette.muted : palette[look.color];
      context.globalAlpha = isPlain ? 0.45 : 0.35 + 0.65 * look.strength;
      const size = { x: box.width * this.scale.x, y: box.height * this.scale.y };
      context.fillRect(
        box.x * this.scale.x,
        box.y * this.scale.y,
        Math.max(size.x, 1.5),
        Math.max(size.y, 0.75),
      );
    });
  }

  /** Moves the frame. */
  frame(camera: Camera, window: Size, color: string, pixelRatio: number): void {
    const context = this.canvas.getContext('2d');
    if (context === null || this.picture === undefined) return;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.drawImage(this.picture, 0, 0);
    context.scale(pixelRatio, pixelRatio);
    const left = Math.max(camera.x * this.scale.x, 1);
    const top = Math.max(camera.y * this.scale.y, 1);
    const right = Math.min((camera.x + window.width / camera.scale) * this.scale.x, this.size.width - 1);
    const bottom = Math.min((camera.y + window.height / camera.scale) * this.scale.y, this.size.height - 1);
    context.strokeStyle = color;
    context.lineWidth = 1.5;
    context.strokeRect(left, top, Math.max(right - left, 3), Math.max(bottom - top, 3));
  }
}
