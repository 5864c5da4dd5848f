import { openDataset } from '../../engine/data/openDataset';
import type { Tensor } from '../../engine/onnx/tensors/tensor';

/** A line of text in the middle of a white page: on noise the networks answer next to nothing. */
export async function page(height: number, width = 320, index = 0): Promise<Tensor> {
  const dataset = await openDataset('sample/lines', [{ name: 'x', type: 'float32', dims: null }]);
  const { feeds } = await dataset.calibration.load(index);
  const line = feeds['x'];
  const [, , rows = 0, columns = 0] = line?.dims ?? [];
  const data = new Float32Array(3 * height * width).fill(1);
  const top = (height - rows) / 2;
  for (let c = 0; c < 3; c++)
    for (let y = 0; y < rows; y++)
      for (let x = 0; x < Math.min(columns, width); x++)
        data[(c * height + top + y) * width + x] = Number(line?.data[(c * rows + y) * columns + x]);
  return { type: 'float32', dims: [1, 3, height, width], data };
}
