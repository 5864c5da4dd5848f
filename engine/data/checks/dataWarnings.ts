import { formatPlural, formatShape, formatValue } from '../../shared/format';
import type { InputUse } from '../../onnx/summary/inputUses';
import { channelSuspicions } from './channelWarnings';
import type { Dataset } from '../samples/dataset';
import { quoted, type Evidence } from './evidence';
import type { SeenSample, SeenTensor } from './inspectSamples';
import { pixelSuspicions } from './pixelWarnings';

/** With fewer, a histogram's tail is chance. Half of them calibrate when the data is split. */
const FEWEST_SAMPLES = 16;
/** How many times farther than half of the samples one may reach before it is named. */
const FAR_FACTORS = { image: 20, wave: 1000, table: 100, tokens: Infinity };
/** Inputs that carry what an earlier run left, or say what counts: zeros or ones throughout are right there. */
const STATE = /state|hidden|cache|past|mask|memory|token_type|^[hc](n|0|_?in)?$/i;

/**
 * What looks wrong with data, as sentences with the figures and the way out. Says only what was seen: a model may
 * want just that.
 * @param uses what the model's graph tells of its inputs
 */
export function suspicions(
  dataset: Pick<Dataset, 'calibration' | 'shared' | 'color'>,
  seen: readonly SeenSample[],
  uses: ReadonlyMap<string, InputUse>,
): string[] {
  const remedy =
    dataset.color === undefined
      ? { normalize: 'prepare the arrays as in training', layout: 'transpose the arrays' }
      : {
          normalize: 'set "scale", "mean" and "std" under "preprocess"',
          layout: 'set "layout" under "preprocess"',
        };
  const evidence = evidenceOf(seen, uses, remedy);
  return [
    ...fewSamples(dataset),
    ...equalSamples(seen),
    ...evidence.flatMap((one) => [
      ...nonFiniteValues(one),
      ...(isState(one, evidence.length) ? [] : constantInput(one)),
      ...channelSuspicions(one),
      ...pixelSuspicions(one),
      ...differentRanges(one),
    ]),
  ];
}

/** What was seen of each input. */
function evidenceOf(
  seen: readonly SeenSample[],
  uses: ReadonlyMap<string, InputUse>,
  remedy: Evidence['remedy'],
): Evidence[] {
  const inputs = [...new Set(seen.flatMap((sample) => [...sample.inputs.keys()]))];
  return inputs.map((input): Evidence => {
    const tensors = seen.flatMap(({ name, inputs: of }) => {
      const tensor = of.get(input);
      return tensor === undefined ? [] : [{ sample: name, tensor }];
    });
    return { input, tensors, use: uses.get(input) ?? null, remedy };
  });
}

/**
 * Why samples tell nothing of a model: all are the same, or each input is one value everywhere. Empty where they tell something;
 * what is said is what {@link suspicions} say.
 */
export function emptyData(seen: readonly SeenSample[]): string[] {
  const evidence = evidenceOf(seen, new Map(), { normalize: '', layout: '' });
  const data = evidence.filter((one) => !isState(one, evidence.length));
  const constant = data.map((one) => (isConstantThroughout(one) ? constantInput(one) : []));
  const isEmpty = constant.length > 0 && constant.every((said) => said.length > 0);
  return [...equalSamples(seen), ...(isEmpty ? constant.flat() : [])];
}

function fewSamples({ calibration: { length }, shared }: Pick<Dataset, 'calibration' | 'shared'>): string[] {
  if (length >= (shared ? FEWEST_SAMPLES : FEWEST_SAMPLES / 2)) return [];
  const both = shared ? ', and the same ones evaluate' : '';
  return [
    `${formatPlural(length, 'sample')} ${length === 1 ? 'calibrates' : 'calibrate'}${both}: ranges measured on so few are chance. Give at least ${FEWEST_SAMPLES}, better a few dozen.`,
  ];
}

function equalSamples(seen: readonly SeenSample[]): string[] {
  const [first] = seen;
  if (first === undefined || seen.length < 2 || seen.some(({ digest }) => digest !== first.digest)) return [];
  return [
    `All ${seen.length} samples that were looked at hold the same values, from ${quoted(first.name)} on. Check the script that wrote them: calibration needs different inputs.`,
  ];
}

function nonFiniteValues({ input, tensors }: Evidence): string[] {
  const bad = tensors.filter(({ tensor }) => tensor.nonFinite > 0);
  const [first] = bad;
  if (first === undefined) return [];
  return [
    `Input ${quoted(input)} gets ${formatPlural(first.tensor.nonFinite, 'value')} that ${first.tensor.nonFinite === 1 ? 'is' : 'are'} NaN or infinite in ${quoted(first.sample)}${andMore(bad.length - 1)}. Remove such samples, or change the preprocessing that makes them.`,
  ];
}

/** Zeros or ones are right for what is handed from run to run, where another input carries the data. */
function isState({ input, tensors }: Evidence, inputs: number): boolean {
  const whole = tensors.every(({ tensor }) => !tensor.type.startsWith('float'));
  return inputs > 1 && (whole || STATE.test(input));
}

function isConstant({ tensor: { min, max, nonFinite, dims } }: Evidence['tensors'][number]): boolean {
  return min === max && nonFinite === 0 && dims.some((dim) => dim > 1);
}

function isConstantThroughout({ tensors }: Evidence): boolean {
  return tensors.length > 0 && tensors.every(isConstant);
}

function constantInput({ input, tensors }: Evidence): string[] {
  const constant = tensors.filter(isConstant);
  const [first] = constant;
  if (first === undefined) return [];
  const value = formatValue(first.tensor.min ?? 0);
  const same = constant.every(({ tensor }) => tensor.min === first.tensor.min);
  if (constant.length === tensors.length)
    return [
      same
        ? `Input ${quoted(input)} is ${value} everywhere in all ${tensors.length} samples that were looked at. Check the script or the preprocessing that makes them: nothing of the data is left.`
        : `Input ${quoted(input)} holds one value per sample, everywhere the same, such as ${value} in ${quoted(first.sample)}. Check the script or the preprocessing that makes them.`,
    ];
  // Silence is a sound, and a blank row of a table a row; a blank picture is a mistake more often than not.
  if (first.tensor.look.kind !== 'image') return [];
  return [
    `Input ${quoted(input)} is ${value} everywhere in ${quoted(first.sample)}${andMore(constant.length - 1)}. Look at that file: a blank picture teaches calibration nothing.`,
  ];
}

function differentRanges({ input, tensors }: Evidence): string[] {
  const reaches = tensors
    .map(({ sample, tensor }) => ({ sample, tensor, reach: reachOf(tensor) }))
    .filter(({ reach }) => reach > 0)
    .sort((a, b) => a.reach - b.reach);
  const middle = reaches[Math.floor((reaches.length - 1) / 2)];
  const last = reaches.at(-1);
  if (middle === undefined || last?.tensor.type.startsWith('float') !== true) return [];
  if (last.reach <= FAR_FACTORS[last.tensor.look.kind] * middle.reach) return [];
  return [
    `Input ${quoted(input)} reaches ${formatValue(last.reach)} in ${quoted(last.sample)} (${formatShape(last.tensor.dims)}), and no more than ${formatValue(middle.reach)} in half of the samples. Check that all were prepared in the same way.`,
  ];
}

function reachOf({ min, max }: SeenTensor): number {
  return Math.max(Math.abs(min ?? 0), Math.abs(max ?? 0));
}

function andMore(count: number): string {
  return count === 0 ? '' : ` and ${formatPlural(count, 'more sample')}`;
}
