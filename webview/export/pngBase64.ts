import { xmlText } from './xmlText';

/** Pixels for each of the page's, so that it prints sharply. */
export const PNG_SCALE = 2;

/** What is on a canvas as the bytes of a PNG, in base64. */
function canvasBase64(canvas: HTMLCanvasElement): string {
  return canvas.toDataURL('image/png').replace(/^[^,]*,/, '');
}

function newCanvas(width: number, height: number) {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('This browser draws no pictures.');
  return { canvas, context };
}

/**
 * A picture as the bytes of a PNG, in base64.
 * @param svg needs no style sheet
 * @param below a canvas in the PNG's pixels that stands below the picture
 */
export async function pngBase64(svg: SVGSVGElement, below?: HTMLCanvasElement): Promise<string> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(xmlText(svg))}`;
  await image.decode();
  const [width, height] = ['width', 'height'].map((name) => PNG_SCALE * Number(svg.getAttribute(name)));
  const { canvas, context } = newCanvas(width ?? 0, (height ?? 0) + (below?.height ?? 0));
  context.drawImage(image, 0, 0, width ?? 0, height ?? 0);
  if (below !== undefined) context.drawImage(below, 0, height ?? 0);
  return canvasBase64(canvas);
}
