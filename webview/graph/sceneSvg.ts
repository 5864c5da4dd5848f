import { drawScene, type Drawing } from './drawScene';
import { SvgContext } from './svgContext';

const MARGIN = 24;

/** All of a scene, with the texts and colours that it has on the screen; nothing in it has the focus. */
export function sceneSvg(drawing: Drawing): SVGSVGElement {
  const { scene, palette } = drawing;
  const size = { width: scene.width + 2 * MARGIN, height: scene.height + 2 * MARGIN };
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('width', String(Math.ceil(size.width)));
  svg.setAttribute('height', String(Math.ceil(size.height)));
  const ruler = document.createElement('canvas').getContext('2d');
  const context = new SvgContext(svg, (text, font) => {
    if (ruler === null) return 0;
    ruler.font = font;
    return ruler.measureText(text).width;
  });
  context.fillStyle = palette.page;
  context.fillRect(0, 0, size.width, size.height);
  const plainly = { ...drawing, focus: null, hover: null, found: new Set<number>() };
  drawScene(context, plainly, { x: -MARGIN, y: -MARGIN, scale: 1 }, size, 1);
  return svg;
}
