import { formatPlural } from '../../shared/format';
import type { MetricName } from '../../shared/protocol/choices';
import type { Shapes, Steps, Truth } from './dataset';

/** 0 or 1 for each step. */
export function isSteps(truth: Truth): truth is Steps {
  return Array.isArray(truth) && truth.every((one) => typeof one === 'number');
}

/** Each has three points or more. */
export function isOutlines(truth: Truth): truth is Shapes {
  return isShapes(truth) && truth.every((one) => one.length >= 6);
}

/** Each has two points. */
export function isSegments(truth: Truth): truth is Shapes {
  return isShapes(truth) && truth.every((one) => one.length === 4);
}

export function isShapes(truth: Truth): truth is Shapes {
  return Array.isArray(truth) && truth.every((one) => Array.isArray(one));
}

interface Kind {
  holds: (truth: Truth) => boolean;
  text: string;
}

const CLASS: Kind = { holds: (truth) => typeof truth === 'number', text: 'a class index' };

/** The truth that a metric needs; those that compare with the float model need none. */
const kinds: Record<MetricName, Kind | null> = {
  top1: CLASS,
  top5: CLASS,
  ctc: { holds: (truth) => typeof truth === 'string', text: 'a text' },
  frames: { holds: isSteps, text: 'a list of 0 and 1, one for each step' },
  iou: { holds: isOutlines, text: 'a list of outlines [x, y, x, y, x, y, …]' },
  segments: { holds: isSegments, text: 'a list of segments [x, y, x, y]' },
  sqnr: null,
  cosine: null,
  agreement: null,
};

/** What the metric needs in place of this truth; `null` when it is what the metric needs. */
export function neededTruth(metric: MetricName, truth: Truth): string | null {
  const kind = kinds[metric];
  return kind === null || kind.holds(truth) ? null : kind.text;
}

/** Whether the metric cuts a score, at a place that the data may choose. */
export function hasThreshold(metric: MetricName): boolean {
  return metric === 'frames' || metric === 'iou' || metric === 'segments';
}

/**
 * The metric that a truth suggests; `null` when only the user knows: shapes may be outlines or segments of which any
 * metric may be meant.
 */
export function suggestedMetric(truth: Truth): MetricName | null {
  if (truth === null) return 'agreement';
  if (typeof truth === 'number') return 'top1';
  if (typeof truth === 'string') return 'ctc';
  return isSteps(truth) && truth.length > 0 ? 'frames' : null;
}

/** A truth at a glance: a class index, a text, or how much a list holds. */
export function describeTruth(truth: Truth): number | string | null {
  if (truth === null || typeof truth === 'number' || typeof truth === 'string') return truth;
  if (isShapes(truth)) return formatPlural(truth.length, 'shape');
  const set = truth.reduce<number>((sum, one) => sum + one, 0);
  return `${set} of ${formatPlural(truth.length, 'step')}`;
}
