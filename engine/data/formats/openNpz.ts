import { badData } from '../samples/badData';
import { castTensor } from '../samples/castTensor';
import type { Dataset, InputSpec, Sample, Tensor } from '../samples/dataset';
import { shapeText, sizeOf } from '../samples/elementTypes';
import { checkFinite, checkShape, fitInput } from '../samples/fitInput';
import { readNpz } from './readNpz';
import { splitSamples } from '../samples/splitSamples';

const TRUTH_NAMES = ['truth', 'labels'];

/** An array cut into samples along its first axis: sample i is `size` elements from i · size on. */
interface Cut {
  spec: InputSpec;
  array: Tensor;
  /** Shape of one sample. */
  dims: number[];
  size: number;
}

/**
 * Opens an `.npz` file with one array per input of the model.
 *
 * An array of its input's rank holds one sample per index of the first axis, and a sample keeps a first axis of 1;
 * an array of one rank more holds whole inputs one after another. Whole numbers in an array `truth` or `labels` of
 * shape [samples] make the metric `top1`; without them it is `agreement` with float. Values and shapes are checked here, types as
 * samples are loaded.
 * @throws EngineError `not-found` or `bad-data`
 */
export async function openNpz(path: string, inputs: readonly InputSpec[]): Promise<Dataset> {
  const inputNames = inputs.map((spec) => spec.name);
  const truthNames = TRUTH_NAMES.filter((name) => !inputNames.includes(name));
  const { names, arrays } = await readNpz(path, [...inputNames, ...truthNames]);
  const cuts = inputs.map((spec) => {
    const array = arrays.get(spec.name);
    if (array !== undefined) return cutArray(array, spec, `${path}: array "${spec.name}"`);
    throw badData(
      `${path} has no array "${spec.name}"; it holds ${names.length === 0 ? 'no arrays' : quoted(names)}.`,
      `The model's inputs are ${quoted(inputNames)}: name one array after each.`,
    );
  });
  const count = cuts[0]?.array.dims[0] ?? 0;
  for (const { spec, array } of cuts) {
    if (array.dims[0] === count) continue;
    throw badData(
      `${path}: "${cuts[0]?.spec.name ?? ''}" holds ${count} samples and "${spec.name}" ${array.dims[0] ?? 0}.`,
      'Every array needs the same number of samples.',
    );
  }
  const truthName = truthNames.find((name) => arrays.has(name));
  const truths =
    truthName === undefined ? null : readTruths(arrays.get(truthName), count, `${path}: "${truthName}"`);
  const load = (index: number): Promise<Sample> =>
    new Promise((resolve) => {
      const feeds = Object.fromEntries(cuts.map((cut) => [cut.spec.name, sampleOf(cut, index)]));
      resolve({ name: `#${index}`, feeds, truth: truths?.[index] ?? null });
    });
  const metric = truths === null ? 'agreement' : 'top1';
  return { ...splitSamples({ length: count, load }), metric, alphabet: [], warnings: [] };
}

function cutArray(array: Tensor, spec: InputSpec, where: string): Cut {
  const rank = spec.dims?.length ?? array.dims.length;
  const stacked = array.dims.length === rank + 1;
  if (!stacked && (array.dims.length !== rank || rank === 0))
    throw badData(
      `${where} has the shape ${shapeText(array.dims)}, and the model's input takes ${shapeText(spec.dims ?? [])}.`,
      `Give it ${rank === 0 ? 'the shape [samples]' : `${rank} axes, the first one counting samples, or ${rank + 1}`}.`,
    );
  const [count = 0, ...rest] = array.dims;
  if (count === 0)
    throw badData(`${where} holds no samples.`, 'Its first axis counts samples: store at least one.');
  const dims = stacked ? rest : [1, ...rest];
  const batch = spec.dims?.[0] ?? 1;
  const hint =
    !stacked && batch > 1
      ? `The model takes ${batch} at a time: store whole batches, in the shape ${shapeText([null, ...(spec.dims ?? [])])}.`
      : `Store it in the shape ${shapeText([null, ...(spec.dims?.slice(stacked ? 0 : 1) ?? [])])}.`;
  checkShape(dims, spec, where, hint);
  checkFinite(array, where, ([sample = 0, ...position]) => `in sample ${sample} at [${position.join(',')}]`);
  return { spec, array, dims, size: sizeOf(dims) };
}

function sampleOf({ spec, array, dims, size }: Cut, index: number): Tensor {
  // A copy: a view would carry the whole array along to a worker.
  const data = array.data.slice(index * size, (index + 1) * size);
  return fitInput({ type: array.type, dims, data }, spec, `Array "${spec.name}", sample #${index}`, '');
}

function readTruths(array: Tensor | undefined, count: number, where: string): number[] | null {
  if (array === undefined) return null;
  const hint = `Store one whole number from 0 on per sample, ${count} in all.`;
  if (array.dims.length !== 1 || array.dims[0] !== count)
    throw badData(`${where} has the shape ${shapeText(array.dims)}, and there are ${count} samples.`, hint);
  const truths = Array.from(castTensor(array, 'int32', where).data, Number);
  const negative = truths.findIndex((truth) => truth < 0);
  if (negative >= 0) throw badData(`${where} has ${String(truths[negative])} for sample ${negative}.`, hint);
  return truths;
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}
