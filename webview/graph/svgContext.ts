import type { SceneContext } from './drawScene';

const NAMESPACE = 'http://www.w3.org/2000/svg';

/** A tenth of a pixel is as fine as one sees. */
function plain(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Draws into an SVG what is drawn on a canvas, as far as scenes need it: shapes keep their place among those before them. */
export class SvgContext implements SceneContext {
  fillStyle: SceneContext['fillStyle'] = '#000';
  strokeStyle: SceneContext['strokeStyle'] = '#000';
  lineWidth = 1;
  globalAlpha = 1;
  font = '10px sans-serif';
  textAlign: SceneContext['textAlign'] = 'left';
  textBaseline: SceneContext['textBaseline'] = 'alphabetic';
  private dashes: number[] = [];
  private path = '';
  private group: SVGElement;

  /** @param widthOf tells the width of a text in pixels */
  constructor(
    private readonly root: SVGElement,
    private readonly widthOf: (text: string, font: string) => number,
  ) {
    this.group = root;
  }

  setTransform(a: number, b: number, c: number, d: number, e: number, f: number): void {
    const group = document.createElementNS(NAMESPACE, 'g');
    group.setAttribute('transform', `matrix(${[a, b, c, d, e, f].join(' ')})`);
    this.group = this.root.appendChild(group);
  }

  clearRect(): void {
    // A file begins empty.
  }

  fillRect(x: number, y: number, width: number, height: number): void {
    this.filled(this.addRect(x, y, width, height));
  }

  strokeRect(x: number, y: number, width: number, height: number): void {
    this.stroked(this.addRect(x, y, width, height));
  }

  beginPath(): void {
    this.path = '';
  }

  moveTo(x: number, y: number): void {
    this.path += `M${plain(x)} ${plain(y)}`;
  }

  lineTo(x: number, y: number): void {
    this.path += `L${plain(x)} ${plain(y)}`;
  }

  bezierCurveTo(x1: number, y1: number, x2: number, y2: number, x: number, y: number): void {
    this.path += `C${[x1, y1, x2, y2, x, y].map(plain).join(' ')}`;
  }

  rect(x: number, y: number, width: number, height: number): void {
    this.path += `M${plain(x)} ${plain(y)}h${plain(width)}v${plain(height)}h${plain(-width)}z`;
  }

  closePath(): void {
    this.path += 'Z';
  }

  fill(): void {
    if (this.path !== '') this.filled(this.add('path', { d: this.path }));
  }

  stroke(): void {
    if (this.path !== '') this.stroked(this.add('path', { d: this.path }));
  }

  setLineDash(pattern: number[]): void {
    this.dashes = pattern;
  }

  fillText(text: string, x: number, y: number, maxWidth = Infinity): void {
    const [, weight, size, family] = /^(?:(\d+) )?(\S+) (.*)$/.exec(this.font) ?? [];
    const element = this.add('text', { x: plain(x), y: plain(y) });
    element.textContent = text;
    // Programs that show files know no other way to centre a line.
    if (this.textBaseline === 'middle') element.setAttribute('dy', '0.35em');
    if (this.textAlign === 'right') element.setAttribute('text-anchor', 'end');
    element.setAttribute('font-size', size ?? '10px');
    element.setAttribute('font-family', family ?? 'sans-serif');
    if (weight !== undefined) element.setAttribute('font-weight', weight);
    if (this.widthOf(text, this.font) > maxWidth) {
      element.setAttribute('textLength', plain(maxWidth));
      element.setAttribute('lengthAdjust', 'spacingAndGlyphs');
    }
    this.filled(element);
  }

  private add(name: 'path' | 'rect' | 'text', attributes: Record<string, string>): SVGElement {
    const element = document.createElementNS(NAMESPACE, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return this.group.appendChild(element);
  }

  private addRect(x: number, y: number, width: number, height: number): SVGElement {
    return this.add('rect', { x: plain(x), y: plain(y), width: plain(width), height: plain(height) });
  }

  private filled(element: SVGElement): void {
    if (typeof this.fillStyle === 'string') element.setAttribute('fill', this.fillStyle);
    if (this.globalAlpha < 1) element.setAttribute('fill-opacity', String(this.globalAlpha));
  }

  private stroked(element: SVGElement): void {
    element.setAttribute('fill', 'none');
    if (typeof this.strokeStyle === 'string') element.setAttribute('stroke', this.strokeStyle);
    if (this.globalAlpha < 1) element.setAttribute('stroke-opacity', String(this.globalAlpha));
    if (this.lineWidth !== 1) element.setAttribute('stroke-width', plain(this.lineWidth));
    if (this.dashes.length > 0) element.setAttribute('stroke-dasharray', this.dashes.join(' '));
  }
}
