import { add, type Host } from '../ui/dom';
import { addIcon } from '../ui/icons';
import type { PlainTable } from '../state/layerTable';
import type { Caption } from './caption';
import { csvText } from './csvText';
import { pngBase64 } from './pngBase64';
import { saveFile } from './saveFile';
import { plainSvg, svgText } from './svgText';

function addSaveButton(
  parent: HTMLElement,
  kind: string,
  label: string,
  save: () => void,
): HTMLButtonElement {
  const button = add(parent, 'button', 'save-button');
  button.type = 'button';
  button.dataset['save'] = kind;
  button.title = label;
  button.setAttribute('aria-label', label);
  addIcon(button, 'save');
  add(button, 'span', '', kind.toUpperCase());
  button.addEventListener('click', save);
  return button;
}

/** A drawing as what is written into files: text of an SVG, bytes of a PNG in base64. */
export interface Picture {
  svg: () => string;
  png: () => Promise<string>;
}

/**
 * Appends the buttons that save a picture, as it is when one is pressed.
 * @param name of the file, without its ending
 */
export function addPictureExport(
  parent: HTMLElement,
  picture: Picture,
  name: () => string,
  host: Host,
): HTMLElement {
  const bar = add(parent, 'div', 'save-bar');
  addSaveButton(bar, 'svg', 'Save as SVG', () => saveFile(host, 'svg', name(), picture.svg()));
  const png = addSaveButton(bar, 'png', 'Save as PNG', () => {
    picture.png().then(
      (data) => saveFile(host, 'png', name(), data),
      () => (png.title = 'The picture could not be drawn. Save as SVG instead.'),
    );
  });
  return bar;
}

/**
 * Appends the buttons that save a plot below what it says of itself.
 * @param name of the file, without its ending
 */
export function addExport(
  parent: HTMLElement,
  svg: SVGSVGElement,
  { name, caption }: { name: string; caption: () => Caption },
  host: Host,
): void {
  const picture = {
    svg: () => svgText(svg, caption()),
    png: () => pngBase64(plainSvg(svg, caption())),
  };
  addPictureExport(parent, picture, () => name, host);
}

/** Appends the button that saves a table as CSV, as it is when the button is pressed. */
export function addTableExport(
  parent: HTMLElement,
  table: () => PlainTable,
  name: () => string,
  host: Host,
): HTMLButtonElement {
  return addSaveButton(parent, 'csv', 'Save as CSV', () => saveFile(host, 'csv', name(), csvText(table())));
}
