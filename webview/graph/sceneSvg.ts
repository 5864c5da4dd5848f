import type { Caption } from '../export/caption';
import { captioned } from '../export/captioned';
import { drawScene, type Drawing } from './drawScene';
import { SvgContext } from './svgContext';

const MARGIN = 24;

/** All of a scene below its caption, with the texts and colours that it has on the screen; nothing in it has the focus. */
export function sceneSvg(drawing: Drawing, caption: Caption): SVGSVGElement {
  const { scene } = drawing;
  const size = { width: scene.width + 2 * MARGIN, height: scene.height + 2 * MARGIN };
  const all = document.createElementNS('http://www.w3.org/2000/svg', 'g');
  const ruler = document.createElement('canvas').getContext('2d');
  const context = new SvgContext(all, (text, font) => {
    if (ruler === null) return 0;
    ruler.font = font;
    return ruler.measureText(text).width;
  });
  const plainly = { ...drawing, focus: null, hover: null, found: new Set<number>() };
  drawScene(context, plainly, { x: -MARGIN, y: -MARGIN, scale: 1 }, size, 1);
  return captioned(all, size, caption);
}
