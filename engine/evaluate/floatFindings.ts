import { createHash } from 'node:crypto';
import type { Tensor } from '../data/samples/dataset';
import { isFloat, numbersOf } from '../data/samples/elementTypes';
import { firstNonFinite } from '../data/samples/firstNonFinite';
import { argmax } from '../data/metrics/argmax';
import type { Outputs, Reference } from '../data/metrics/metric';
import { comparesWithFloat } from '../shared/accuracyTarget';
import { ownValue } from '../shared/ownValue';
import type { MetricName } from '../shared/protocol/choices';

/** Outputs that differ by less than this share of their size are the same: what is left is the order of sums. */
const SAME = 1e-6;
/** Sums by which outputs of one sample are held against those of another. */
const SUMS = 4;

/** What the float model's outputs for one sample tell of whether anything can be measured on them. */
export interface FloatFinding {
  /** The outputs that count hold no NaN and no infinity. */
  isFinite: boolean;
  /** Sums of the outputs with signs that depend on the place, and how large they could be at most. */
  sums: number[];
  size: number;
  /** What the metric makes of them, equal for samples that are answered alike; `null` for a metric without answers. */
  answer: string | null;
}

/** Reads what the metric looks at: of one that knows the truth, the first output of floats. */
export function floatFinding(
  outputs: Outputs,
  names: readonly string[],
  metric: MetricName,
  reference: Reference | null,
): FloatFinding {
  const all = names.flatMap((name) => ownValue(outputs, name) ?? []);
  const first = all.find(({ type }) => isFloat(type));
  const counted = comparesWithFloat(metric) || first === undefined ? all : [first];
  return {
    isFinite: counted.every((tensor) => firstNonFinite(tensor) < 0),
    ...sumsOf(counted),
    answer: answerOf(metric, reference, first),
  };
}

function sumsOf(tensors: readonly Tensor[]): Pick<FloatFinding, 'sums' | 'size'> {
  const sums = new Array<number>(SUMS).fill(0);
  let size = 0;
  for (const tensor of tensors) {
    const values = numbersOf(tensor);
    // Another number of values is another answer.
    sums[0] = (sums[0] ?? 0) + values.length;
    size += values.length === 0 ? 0 : 1;
    for (let i = 0; i < values.length; i++) {
      const value = values[i] ?? 0;
      size += Math.abs(value);
      // Bits of a hash of the place.
      let hash = Math.imul(i + 1, 0x9e3779b1);
      hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
      for (let s = 0; s < SUMS; s++) sums[s] = (sums[s] ?? 0) + ((hash >>> (13 + s)) & 1 ? value : -value);
    }
  }
  return { sums, size };
}

function answerOf(metric: MetricName, reference: Reference | null, first: Tensor | undefined): string | null {
  if (metric === 'agreement' && reference !== null) {
    const hash = createHash('sha1');
    for (const { values } of Object.values(reference))
      hash
        .update(`${values.length},`)
        .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return hash.digest('hex');
  }
  if ((metric !== 'top1' && metric !== 'top5') || first === undefined) return null;
  const scores = numbersOf(first);
  return String(argmax(scores, 0, scores.length));
}

/** Whether the outputs are the same for all of several samples. */
export function areAlike(findings: readonly FloatFinding[]): boolean {
  const [first] = findings;
  if (first === undefined || findings.length < 2) return false;
  return findings.every(({ sums, size }) =>
    sums.every((sum, s) => Math.abs(sum - (first.sums[s] ?? NaN)) <= SAME * Math.max(size, first.size)),
  );
}

/** Whether all of several samples get one answer, so that a metric of answers tells nothing. */
export function answersAlike(findings: readonly FloatFinding[]): boolean {
  const [first] = findings;
  if (first?.answer == null || findings.length < 2) return false;
  return findings.every(({ answer }) => answer === first.answer);
}
