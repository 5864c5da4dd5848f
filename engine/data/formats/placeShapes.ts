import type { Shapes } from '../samples/dataset';
import type { Preprocess } from '../manifest/manifest';
import { paddedSize } from '../images/preprocessImage';
import { resizedFrame, type Size } from '../images/resizePixels';

/**
 * Shapes in pixels of a picture, the left upper corner of its first pixel at 0, 0, as fractions of the width and the height of
 * what a model is fed with: scaled, cropped and padded as the picture is.
 */
export function placeShapes(
  shapes: Shapes,
  picture: Size,
  { resize, pad }: Pick<Preprocess, 'resize' | 'pad'>,
  where?: string,
): Shapes {
  const { width, height } = picture;
  const { scaled, kept } =
    resize === undefined
      ? { scaled: { width, height }, kept: { width, height, left: 0, top: 0 } }
      : resizedFrame(picture, resize, where);
  const whole = paddedSize(kept, pad);
  return shapes.map((shape) =>
    shape.map((value, i) =>
      i % 2 === 0
        ? ((value * scaled.width) / width - kept.left) / whole.width
        : ((value * scaled.height) / height - kept.top) / whole.height,
    ),
  );
}
