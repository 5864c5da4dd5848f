import { badData } from '../samples/badData';
import type { ElementType, InputSpec, Sample, Tensor, TensorData, Truth } from '../samples/dataset';
import { shapeText, sizeOf } from '../samples/elementTypes';
import { checkFinite, fitInput } from '../samples/fitInput';
import { jsonTensor } from '../formats/jsonTensor';
import { JsonValue } from '../samples/jsonValue';
import { readTruth } from '../manifest/readTruth';

const MOST_NAME = 200;
const HINT =
  'Yield an object with an array for each input: { x: { dims: [1, 3], data: new Float32Array(3) } }.';

/** The element type that an array's class stands for. A Uint16Array that is `float16` says so. */
const typesOf: readonly (readonly [new (length: number) => TensorData, ElementType])[] = [
  [Float32Array, 'float32'],
  [Float64Array, 'float64'],
  [Int8Array, 'int8'],
  [Uint8Array, 'uint8'],
  [Int16Array, 'int16'],
  [Uint16Array, 'uint16'],
  [Int32Array, 'int32'],
  [Uint32Array, 'uint32'],
  [BigInt64Array, 'int64'],
  [BigUint64Array, 'uint64'],
];

/**
 * A sample as a user's module made it: an object with a member for each input, or the input itself when the model has
 * one. An input is a tensor (`dims`, `data` and, where the array does not tell it, `type`), an array in the model's own shape,
 * a number, or nested lists of numbers. `truth` and `name` are optional.
 * @param where what errors call the sample
 * @throws EngineError `bad-data`
 */
export function moduleSample(value: unknown, inputs: readonly InputSpec[], where: string): Sample {
  const members = membersOf(value, inputs, where);
  const isInput = (key: string) => inputs.some((spec) => spec.name === key);
  const name = isInput('name') ? undefined : members.get('name');
  const truth = isInput('truth') ? undefined : members.get('truth');
  const unknown = [...members.keys()].find((key) => !isInput(key) && key !== 'name' && key !== 'truth');
  if (unknown !== undefined)
    throw badData(
      `${where} has "${unknown}", and the model takes ${inputs.map((spec) => `"${spec.name}"`).join(', ')}.`,
      HINT,
    );
  const called = typeof name === 'string' && name !== '' ? name.slice(0, MOST_NAME) : where;
  const feeds = inputs.map((spec) => {
    if (!members.has(spec.name)) throw badData(`${called} has no "${spec.name}".`, HINT);
    return [spec.name, inputTensor(members.get(spec.name), spec, `${called}: "${spec.name}"`)] as const;
  });
  return { name: called, feeds: Object.fromEntries(feeds), truth: truthOf(truth, called) };
}

function membersOf(value: unknown, inputs: readonly InputSpec[], where: string): Map<string, unknown> {
  const [only] = inputs;
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isObject && !ArrayBuffer.isView(value)) {
    const isSample = inputs.every((spec) => Object.hasOwn(value, spec.name));
    if (isSample || !isTensor(value)) return new Map(Object.entries(value));
  }
  if (only === undefined || inputs.length > 1 || value === undefined || value === null)
    throw badData(`${where} is ${value === undefined || value === null ? 'nothing' : 'no object'}.`, HINT);
  return new Map([[only.name, value]]);
}

function isTensor(value: object): value is { type: unknown; dims: unknown; data: unknown } {
  return 'dims' in value && 'data' in value;
}

function truthOf(truth: unknown, where: string): Truth {
  if (truth === undefined || truth === null) return null;
  if (typeof truth === 'string') return truth;
  if (Array.isArray(truth)) return readTruth(new JsonValue(where, 'truth', truth));
  const number = typeof truth === 'bigint' ? Number(truth) : truth;
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0) return number;
  throw badData(
    `${where} has a truth that is neither a class index, a text nor a list.`,
    'Write a whole number, a text, a list of 0 and 1, or lists of coordinates.',
  );
}

function inputTensor(value: unknown, spec: InputSpec, where: string): Tensor {
  if (typeof value === 'object' && value !== null && isTensor(value)) {
    const { type, dims, data } = value;
    if (!Array.isArray(dims) || !dims.every((dim) => Number.isInteger(Number(dim)) && Number(dim) >= 0))
      throw badData(`${where} has dims that are no list of whole numbers.`, HINT);
    return fitted(arrayOf(data, type, spec, where), dims.map(Number), spec, where);
  }
  if (!ArrayBuffer.isView(value)) return jsonTensor(value, spec, where);
  const array = arrayOf(value, undefined, spec, where);
  return fitted(array, ownDims(array.data.length, spec, where), spec, where);
}

type Elements = Pick<Tensor, 'type' | 'data'>;

function arrayOf(data: unknown, given: unknown, spec: InputSpec, where: string): Elements {
  if (Array.isArray(data)) {
    const numbers = data.flat(Infinity);
    if (
      !numbers.every((one) => typeof one === 'number' || typeof one === 'bigint' || typeof one === 'boolean')
    )
      throw badData(`${where} holds what is no number.`, HINT);
    return { type: 'float64', data: Float64Array.from(numbers, Number) };
  }
  const known = typesOf.find(([kind]) => data instanceof kind);
  if (known === undefined) throw badData(`${where} has data that is no array of numbers.`, HINT);
  const [, type] = known;
  // Both lie in arrays of another type.
  const said = given ?? (spec.type === 'bool' && type === 'uint8' ? 'bool' : type);
  const agrees =
    said === type || (said === 'bool' && type === 'uint8') || (said === 'float16' && type === 'uint16');
  if (!agrees)
    throw badData(
      `${where} says "${typeof said === 'string' ? said : typeof said}", and its array holds ${type}.`,
      HINT,
    );
  return { type: said as ElementType, data: data as TensorData };
}

/** The model's own shape, when its length leaves no choice. */
function ownDims(length: number, spec: InputSpec, where: string): number[] {
  const { dims } = spec;
  const open = dims?.flatMap((dim, axis) => (dim === null ? [axis] : [])) ?? [];
  // With several open dimensions the batch is taken for one.
  const free = open.length > 1 && open[0] === 0 ? open.slice(1) : open;
  const rest = sizeOf((dims ?? []).map((dim) => dim ?? 1));
  const fits =
    dims !== null && free.length <= 1 && (free.length === 1 ? length % rest === 0 : length === rest);
  if (fits) return dims.map((dim, axis) => dim ?? (free[0] === axis ? length / rest : 1));
  throw badData(
    `${where} has ${length} values, and the model's input takes ${dims === null ? 'any shape' : shapeText(dims)}.`,
    'Give it as { dims, data }.',
  );
}

function fitted({ type, data }: Elements, dims: number[], spec: InputSpec, where: string): Tensor {
  if (sizeOf(dims) !== data.length)
    throw badData(`${where} has ${data.length} values for the shape ${shapeText(dims)}.`, HINT);
  const tensor: Tensor = { type, dims, data };
  checkFinite(tensor, where);
  return fitInput(tensor, spec, where, HINT);
}
