import { formatAmount, formatDb, formatDropNumber, formatPlural, formatShare } from '../shared/format';
import type { MetricName } from '../shared/protocol/choices';
import type { ScoreDifference, TargetVerdict } from '../shared/protocol/report';
import { NORMAL_95 } from '../shared/confidence';
import { student95 } from '../stats/student95';
import { targetScore } from '../shared/accuracyTarget';

/** What of a result a verdict rests on. */
export interface VerdictFacts {
  metric: MetricName;
  /** Of the float model. */
  floatScore: number;
  difference: ScoreDifference;
  /** How many samples were scored. */
  samples: number;
  targetDrop: number;
  /** Why nothing can be measured, as a sentence; `null` where it can. */
  blind: string | null;
}

/** Where nothing of n happened, less than this over n of the whole is what may happen to others (95%, "rule of three"). */
const RULE_OF_THREE = 3;
/** Numbers of samples beyond this are as good as any. */
const MOST_SAMPLES = 1e6;

/**
 * Whether a target is met, as far as the samples tell: `met` where the drop's whole interval of 95% is within the target, `missed`
 * where all of it is beyond, `inconclusive` in between.
 */
export function judgeTarget(facts: VerdictFacts): TargetVerdict {
  const { metric, floatScore, samples, targetDrop, blind } = facts;
  if (blind !== null) return { kind: 'not-measurable', reason: blind };
  const { difference } = facts.difference;
  if (samples === 0 || !Number.isFinite(floatScore) || !Number.isFinite(difference))
    return { kind: 'not-measurable', reason: 'No sample could be scored.' };
  const allowed = floatScore - targetScore(metric, floatScore, targetDrop);
  if (samples === 1)
    return {
      kind: 'inconclusive',
      reason: 'One sample says nothing of others. Add some.',
    };
  const { low, high } = interval(facts);
  const lost = { least: -high, most: -low };
  const rounding = 1e-9;
  const say = (drop: number) => (metric === 'sqnr' ? formatDb(floatScore - drop) : amountLost(metric, drop));
  const bar =
    metric === 'sqnr' ? `${say(allowed)} are asked for` : `${formatAmount(metric, allowed)} may be lost`;
  if (lost.most <= allowed + rounding)
    return {
      kind: 'met',
      reason: `${metric === 'sqnr' ? 'At least' : 'At most'} ${say(lost.most)} (95%), and ${bar}.`,
    };
  if (lost.least > allowed + rounding)
    return {
      kind: 'missed',
      reason: `${metric === 'sqnr' ? 'At most' : 'At least'} ${say(lost.least)} (95%), and ${bar}.`,
    };
  // Of as many as would settle it, the scatter is well known.
  const many = isUnchanged(facts) ? { low, high } : facts.difference;
  const half = Math.max(difference - many.low, many.high - difference);
  const apart = Math.abs(allowed + difference);
  const isRate = isUnchanged(facts);
  const times = isRate ? RULE_OF_THREE / (samples * allowed) : (half / apart) ** 2;
  // A sum of decimals is a little more or less than it should be.
  const wanted = Math.ceil(samples * times - rounding);
  const probability = isRate ? null : normalBelow(((allowed + difference) * NORMAL_95) / half);
  const range = `between ${say(lost.least)} and ${say(lost.most)} (95%)`;
  const settled =
    wanted <= MOST_SAMPLES
      ? ` About ${formatPlural(Math.max(wanted, samples + 1), 'sample')} would settle it.`
      : ' It is so near the target that hardly any number of samples would settle it.';
  const chance =
    probability === null ? '' : ` It is within the target with a probability of ${formatShare(probability)}.`;
  return {
    kind: 'inconclusive',
    reason: `${formatPlural(samples, 'sample')} tell only that it is ${range}, and ${bar}.${chance}${settled}`,
    ...(probability === null ? {} : { probability }),
    ...(wanted <= MOST_SAMPLES ? { samples: Math.max(wanted, samples + 1) } : {}),
  };
}

/** That of the difference; where no sample changed at all, that of a rate of which no case was seen. */
function interval(facts: VerdictFacts): { low: number; high: number } {
  const { samples, difference } = facts;
  if (!isUnchanged(facts)) {
    // The interval is that of many samples; of few, the scatter itself is little known.
    const times = student95(samples - 1) / NORMAL_95;
    const { difference: center, low, high } = difference;
    return {
      low: Math.min(low, center - (center - low) * times),
      high: Math.max(high, center + (high - center) * times),
    };
  }
  return { low: difference.difference - RULE_OF_THREE / samples, high: difference.high };
}

/** Whether samples are right or wrong, wholly or in parts, and none differs from float. */
function isUnchanged({ metric, difference: { difference, low, high } }: VerdictFacts): boolean {
  return metric !== 'sqnr' && metric !== 'cosine' && difference === 0 && low === high;
}

function amountLost(metric: MetricName, drop: number): string {
  const isGain = Number(formatDropNumber(metric, drop).replace('−', '-')) > 0;
  return `${formatAmount(metric, drop)} ${isGain ? 'gained' : 'lost'}`;
}

/** Share of the normal distribution below z (Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.2.17). */
function normalBelow(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const tail =
    (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return z >= 0 ? 1 - tail : tail;
}
