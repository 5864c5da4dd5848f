import { sizeOf, svgText } from './svgText';

/** Pixels for each of the page's, so that it prints sharply. */
export const PNG_SCALE = 2;

/** What is on a canvas as the bytes of a PNG, in base64. */
export function canvasBase64(canvas: HTMLCanvasElement): string {
  return canvas.toDataURL('image/png').replace(/^[^,]*,/, '');
}

/** A drawing as the bytes of a PNG, in base64. */
export async function pngBase64(svg: SVGSVGElement): Promise<string> {
  const { width, height } = sizeOf(svg);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgText(svg))}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = width * PNG_SCALE;
  canvas.height = height * PNG_SCALE;
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('This browser draws no pictures.');
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvasBase64(canvas);
}
