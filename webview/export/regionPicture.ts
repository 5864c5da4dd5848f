import type { Picture } from './addExport';
import { quoted, type Caption } from './caption';
import { captioned } from './captioned';
import { pngBase64 } from './pngBase64';
import { paintLike } from './svgText';
import { xmlText } from './xmlText';

const NAMESPACE = 'http://www.w3.org/2000/svg';

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

function append<K extends keyof SVGElementTagNameMap>(
  parent: Element,
  tag: K,
  attributes: Record<string, string | number>,
): SVGElementTagNameMap[K] {
  const element = parent.appendChild(document.createElementNS(NAMESPACE, tag));
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

/** What of an element is in sight where the elements around it cut it off, up to a region. */
function sightOf(element: Element, region: Element): Box {
  let { left, right, top, bottom } = region.getBoundingClientRect();
  for (let around = element; around !== region; around = around.parentElement ?? region) {
    if (getComputedStyle(around).overflow === 'visible') continue;
    const box = around.getBoundingClientRect();
    [left, right] = [Math.max(left, box.left), Math.min(right, box.right)];
    [top, bottom] = [Math.max(top, box.top), Math.min(bottom, box.bottom)];
  }
  return { left, right, top, bottom };
}

/** The lines that a text is broken into on the page. */
function linesOf(node: Text): { text: string; box: Box }[] {
  const range = document.createRange();
  const lines: { text: string; box: Box }[] = [];
  for (const { index, 0: word } of node.data.matchAll(/\S+/g)) {
    range.setStart(node, index);
    range.setEnd(node, index + word.length);
    const { left, right, top, bottom } = range.getBoundingClientRect();
    const last = lines.at(-1);
    if (last === undefined || top >= last.box.bottom)
      lines.push({ text: word, box: { left, right, top, bottom } });
    else {
      last.text += ` ${word}`;
      last.box.right = right;
    }
  }
  return lines;
}

/** Part of a pixel, so that what only touches an edge is in sight. */
const NEAR = 1;

function drawText(parent: Element, node: Text, element: Element, region: HTMLElement): void {
  const { fontSize, fontWeight, fontFamily, color } = getComputedStyle(element);
  const sight = sightOf(element, region);
  for (const { text, box } of linesOf(node)) {
    if (box.bottom > sight.bottom + NEAR || box.left >= sight.right || box.right === box.left) continue;
    const share = Math.min(1, (sight.right + NEAR - box.left) / (box.right - box.left));
    const cut = share < 1 ? `${text.slice(0, Math.max(0, Math.floor(text.length * share) - 2))}…` : text;
    append(parent, 'text', {
      x: box.left.toFixed(1),
      // Fonts reach about a quarter of their size below the line.
      y: (box.bottom - 0.24 * parseFloat(fontSize)).toFixed(1),
      ...{ fill: color, 'font-size': fontSize, 'font-weight': fontWeight, 'font-family': fontFamily },
    }).textContent = element.classList.contains('name') ? quoted(cut) : cut;
  }
}

/** The ground of an element and the line around it, where it has them. */
function drawBox(parent: Element, element: Element): void {
  const { backgroundColor, borderTopWidth, borderTopColor, borderTopLeftRadius } = getComputedStyle(element);
  const line = parseFloat(borderTopWidth);
  if (line === 0 && backgroundColor === 'rgba(0, 0, 0, 0)') return;
  const { left, top, width, height } = element.getBoundingClientRect();
  append(parent, 'rect', {
    ...{ x: left + line / 2, y: top + line / 2, rx: parseFloat(borderTopLeftRadius) },
    ...{ width: Math.max(0, width - line), height: Math.max(0, height - line) },
    ...{ fill: backgroundColor, stroke: line > 0 ? borderTopColor : 'none', 'stroke-width': line },
  });
}

/** A drawing within the page: its lengths may be shares of its own size, and stretched to it. */
function drawSvg(parent: Element, svg: SVGSVGElement): void {
  const { left, top, width, height } = svg.getBoundingClientRect();
  const edge = parseFloat(getComputedStyle(svg).borderTopWidth);
  const [x, y] = [left + edge, top + edge];
  const size = { width: width - 2 * edge, height: height - 2 * edge };
  const copy = append(parent, 'svg', { x, y, ...size, overflow: 'visible' });
  for (const name of ['viewBox', 'preserveAspectRatio']) {
    const value = svg.getAttribute(name);
    if (value !== null) copy.setAttribute(name, value);
  }
  paintLike(svg, copy);
}

function drawCanvas(parent: Element, canvas: HTMLCanvasElement): void {
  const { left, top, width, height } = canvas.getBoundingClientRect();
  append(parent, 'image', { x: left, y: top, width, height, href: canvas.toDataURL() });
}

function drawAll(parent: Element, element: Element, region: HTMLElement): void {
  if (element.classList.contains('for-readers')) return;
  drawBox(parent, element);
  if (element instanceof SVGSVGElement) drawSvg(parent, element);
  else if (element instanceof HTMLCanvasElement) drawCanvas(parent, element);
  else
    for (const child of element.childNodes) {
      if (child instanceof Element) drawAll(parent, child, region);
      else if (child instanceof Text) drawText(parent, child, element, region);
    }
}

/** A part of the page as it stands there, boxes, words and drawings, below its caption; it needs no style sheet. */
function regionSvg(region: HTMLElement, caption: Caption): SVGSVGElement {
  const { left, top, width, height } = region.getBoundingClientRect();
  const drawing = document.createElementNS(NAMESPACE, 'g');
  drawAll(append(drawing, 'g', { transform: `translate(${-left},${-top})` }), region, region);
  return captioned(drawing, { width, height }, caption);
}

/** A part of the page as what is written into files, as it is when they are. */
export function regionPicture(region: HTMLElement, caption: () => Caption): Picture {
  return {
    svg: () => xmlText(regionSvg(region, caption())),
    png: () => pngBase64(regionSvg(region, caption())),
  };
}
