import { xmlText } from './xmlText';

/** What the style sheet gives a shape, and an SVG of its own has to say itself. */
const properties = [
  ...['fill', 'fill-opacity', 'stroke', 'stroke-width', 'stroke-opacity', 'stroke-dasharray'],
  ...['stroke-linecap', 'stroke-linejoin', 'opacity', 'shape-rendering', 'text-anchor', 'dominant-baseline'],
  ...['font-family', 'font-size', 'font-weight', 'paint-order', 'display', 'visibility'],
];

/** A drawing as an SVG file that needs no style sheet, on the colour of what stands behind it. */
export function svgText(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const [shown, copied] = [svg, copy].map((root) => [root, ...root.querySelectorAll('*')]);
  shown?.forEach((element, i) => {
    const style = getComputedStyle(element);
    const target = copied?.[i];
    for (const property of properties) target?.setAttribute(property, style.getPropertyValue(property));
    target?.removeAttribute('style');
    target?.removeAttribute('class');
  });
  // Where the pointer or the keys are is no part of the picture.
  copy.querySelectorAll('[data-pointer]').forEach((element) => element.remove());
  const { width, height } = sizeOf(svg);
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('width', String(width));
  copy.setAttribute('height', String(height));
  copy.removeAttribute('aria-hidden');
  const ground = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  ground.setAttribute('width', '100%');
  ground.setAttribute('height', '100%');
  ground.setAttribute('fill', getComputedStyle(document.body).backgroundColor);
  copy.prepend(ground);
  return xmlText(copy);
}

/** In pixels of the page. */
export function sizeOf(svg: SVGSVGElement): { width: number; height: number } {
  const { width, height } = svg.getBoundingClientRect();
  return { width: Math.ceil(width), height: Math.ceil(height) };
}
