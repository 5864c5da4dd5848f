import { badData } from './badData';
import type { ElementType, Tensor } from './dataset';
import { isFloat, newTensorData } from './elementTypes';
import { halfToNumber, numberToHalf } from '../../onnx/tensors/float16';

/** Smallest and largest value of each integer type. */
const ranges: Partial<Record<ElementType, readonly [number | bigint, number | bigint]>> = {
  bool: [0, 1],
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
};

/**
 * The same values in another element type. Floats become other floats by rounding; every other change must keep
 * each value exactly. `where` is what errors call the tensor. Returns the tensor itself when the type fits.
 * @throws EngineError `bad-data` that names the first value that does not fit
 */
export function castTensor(tensor: Tensor, type: ElementType, where: string): Tensor {
  if (tensor.type === type) return tensor;
  const source = tensor.type === 'float16' ? Float32Array.from(tensor.data, fromHalf) : tensor.data;
  const target = newTensorData(type, source.length);
  const rounding = isFloat(tensor.type);
  for (let i = 0; i < source.length; i++) {
    const value = source[i] ?? 0;
    const kept = isFloat(type) ? keptByFloat(value, type, rounding) : keptByInteger(value, type);
    if (!kept)
      throw badData(
        `${where} is ${tensor.type}, the model takes ${type}, and ${String(value)} has no equal there.`,
        `Store it as ${type}.`,
      );
    if (target instanceof BigInt64Array || target instanceof BigUint64Array) target[i] = BigInt(value);
    else target[i] = type === 'float16' ? numberToHalf(Number(value)) : Number(value);
  }
  return { type, dims: tensor.dims, data: target };
}

function fromHalf(bits: number | bigint): number {
  return halfToNumber(Number(bits));
}

function keptByInteger(value: number | bigint, type: ElementType): boolean {
  const [min, max] = ranges[type] ?? [0, -1];
  // Comparisons of a number with a bigint are exact.
  return (typeof value === 'bigint' || Number.isInteger(value)) && value >= min && value <= max;
}

function keptByFloat(value: number | bigint, type: ElementType, rounding: boolean): boolean {
  const number = Number(value);
  const stored = roundTo(number, type);
  if (rounding) return Number.isFinite(stored) || !Number.isFinite(number);
  return Number.isFinite(stored) && stored >= value && stored <= value;
}

function roundTo(value: number, type: ElementType): number {
  if (type === 'float64') return value;
  return type === 'float32' ? Math.fround(value) : halfToNumber(numberToHalf(value));
}
