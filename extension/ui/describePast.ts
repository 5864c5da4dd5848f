import { formatDate, formatPlural, formatScore } from '../../engine/shared/format';
import { describeVerdict } from '../../engine/shared/accuracyTarget';
import { capitalized } from '../../engine/shared/format';
import { basename } from 'node:path';
import type { PastRun } from '../session/history';

/** `98.1% → 97.9%`. */
export function describeScores({ metric, float, int8 }: PastRun): string {
  return `${formatScore(metric, float)} → ${formatScore(metric, int8)}`;
}

/** `within 1% of float`, or `not within 1% of float`. */
export function describeMet({ metric, targetDrop, meetsTarget, verdict }: PastRun): string {
  return describeVerdict(metric, targetDrop, { kind: verdict ?? (meetsTarget ? 'met' : 'missed') });
}

/** Of a line in the list: all of it in words, for the mouse and the screen reader. */
export function describeRun(run: PastRun): string {
  const { kind, when, kept, data, output } = run;
  const facts = [
    `${kind === 'analyzed' ? 'Analyzed' : 'Quantized'} ${formatDate(when)} on ${basename(data)}`,
    `float to int8: ${describeScores(run)}, ${describeMet(run)}`,
    kept === 0 ? 'every layer in int8' : `${formatPlural(kept, 'layer')} in float`,
    ...(output === undefined ? [] : [`written to ${output}`]),
  ];
  return facts.map(capitalized).join('\n');
}
