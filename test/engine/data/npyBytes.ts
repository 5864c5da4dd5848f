import type { TensorData } from '../../../engine/data/samples/dataset';

export interface NpyFields {
  /** NumPy's name of the type, such as `<f4`. */
  descr: string;
  shape: number[];
  data: TensorData | Uint8Array;
  fortran?: boolean;
}

/** An array file as NumPy writes it (format 1.0), also one whose header lies. */
export function npyBytes({ descr, shape, data, fortran = false }: NpyFields): Uint8Array {
  const tuple = shape.length === 1 ? `${shape[0] ?? 0},` : shape.join(', ');
  const order = fortran ? 'True' : 'False';
  const dict = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${tuple}), }`;
  const header = dict.padEnd(Math.ceil((dict.length + 11) / 64) * 64 - 11, ' ') + '\n';
  const prefix = Uint8Array.of(0x93, ...Buffer.from('NUMPY'), 1, 0, header.length & 0xff, header.length >> 8);
  const values = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return new Uint8Array(Buffer.concat([prefix, Buffer.from(header, 'latin1'), values]));
}

/** A float32 array file; the values count up from 0. */
export function countingNpy(shape: number[]): Uint8Array {
  const size = shape.reduce((product, dim) => product * dim, 1);
  return npyBytes({ descr: '<f4', shape, data: Float32Array.from({ length: size }, (_, i) => i) });
}
