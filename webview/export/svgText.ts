import type { Caption } from './caption';
import { captioned } from './captioned';
import { xmlText } from './xmlText';

/** What the style sheet gives a shape, and an SVG of its own has to say itself. */
const properties = [
  ...['fill', 'fill-opacity', 'stroke', 'stroke-width', 'stroke-opacity', 'stroke-dasharray'],
  ...['stroke-linecap', 'stroke-linejoin', 'opacity', 'shape-rendering', 'text-anchor', 'dominant-baseline'],
  ...['font-family', 'font-size', 'font-weight', 'paint-order', 'display', 'visibility', 'vector-effect'],
];

/** Fills an empty element with what a drawing holds, looking as it does on the page without its style sheet. */
export function paintLike(svg: SVGSVGElement, copy: SVGElement): void {
  copy.append(...[...svg.childNodes].map((node) => node.cloneNode(true)));
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
}

/** A plot as a picture that needs no style sheet, below its caption. */
export function plainSvg(svg: SVGSVGElement, caption: Caption): SVGSVGElement {
  const copy = document.createElementNS('http://www.w3.org/2000/svg', 'g');
  paintLike(svg, copy);
  const { width, height } = svg.getBoundingClientRect();
  return captioned(copy, { width, height }, caption);
}

/** A plot as the text of an SVG file. */
export function svgText(svg: SVGSVGElement, caption: Caption): string {
  return xmlText(plainSvg(svg, caption));
}
