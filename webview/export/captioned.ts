import { layOutCaption, MARGIN, type Caption, type CaptionPart, type LegendKey } from './caption';

const NAMESPACE = 'http://www.w3.org/2000/svg';
const fonts: Record<CaptionPart, { size: number; weight: number }> = {
  title: { size: 13, weight: 600 },
  words: { size: 11, weight: 400 },
  key: { size: 11, weight: 400 },
};

function append(parent: Element, tag: string, attributes: Record<string, string | number>): Element {
  const element = parent.appendChild(document.createElementNS(NAMESPACE, tag));
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

/** The page's own colours and font, as files can write them. */
function pageLooks() {
  const { color, backgroundColor, fontFamily } = getComputedStyle(document.body);
  return { color, backgroundColor, fontFamily };
}

/**
 * An SVG of its own: a drawing on the page's colour, below its caption.
 * @param drawing needs no style sheet any more
 * @param size of the drawing, in pixels
 */
export function captioned(
  drawing: SVGElement,
  size: { width: number; height: number },
  caption: Caption,
): SVGSVGElement {
  const { color, backgroundColor, fontFamily } = pageLooks();
  const ruler = document.createElement('canvas').getContext('2d');
  const widthOf = (text: string, part: CaptionPart) => {
    if (ruler === null) return 0;
    ruler.font = `${fonts[part].weight} ${fonts[part].size}px ${fontFamily}`;
    return ruler.measureText(text).width;
  };
  // Narrow drawings leave no room for words.
  const width = Math.ceil(Math.max(size.width, 280));
  const layout = layOutCaption(caption, width, widthOf);
  const root = document.createElementNS(NAMESPACE, 'svg');
  root.setAttribute('xmlns', NAMESPACE);
  root.setAttribute('width', String(width + 2 * MARGIN));
  root.setAttribute(
    'height',
    String(Math.ceil(layout.height + size.height + (size.height > 0 ? MARGIN : 0))),
  );
  append(root, 'title', {}).textContent = caption.title;
  append(root, 'rect', { width: '100%', height: '100%', fill: backgroundColor });
  const head = append(root, 'g', { 'font-family': fontFamily, fill: color });
  for (const { x, y, key } of layout.swatches)
    append(head, 'path', { d: key.d, transform: `translate(${x.toFixed(1)},${y})`, ...key.paint });
  for (const { x, y, part, text } of layout.texts) {
    const { size: fontSize, weight } = fonts[part];
    const line = append(head, 'text', { x: x.toFixed(1), y, 'font-size': fontSize, 'font-weight': weight });
    line.textContent = text;
  }
  drawing.setAttribute('transform', `translate(${MARGIN},${layout.height})`);
  root.append(drawing);
  return root;
}

const painted = ['fill', 'fill-opacity', 'stroke', 'stroke-width', 'stroke-dasharray', 'opacity'] as const;

/** What a legend says of the first that a drawing has of something; nothing where it has none. */
export function keyOf(svg: Element, selector: string, d: string, text: string): LegendKey[] {
  const drawn = svg.querySelector(selector);
  if (drawn === null) return [];
  const style = getComputedStyle(drawn);
  return [
    { text, d, paint: Object.fromEntries(painted.map((name) => [name, style.getPropertyValue(name)])) },
  ];
}
