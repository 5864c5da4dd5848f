import type { Report } from '../../engine/shared/protocol/report';
import { describeBlamed } from '../../engine/shared/findings';
import {
  describeScore,
  formatBytes,
  formatMilliseconds,
  formatPlural,
  formatShare,
  formatShrink,
  formatSpeedup,
} from '../../engine/shared/format';
import { describeVerdict } from '../../engine/shared/accuracyTarget';
import { add, addName, addText, emptied, whenChanged, type Update } from '../ui/dom';
import { addIcon } from '../ui/icons';
import { addNotebook } from './notebookView';

/** Whether two notebooks tell of the same tries; each ends with a verification of its own. */
function isSameNotebook(first: Report['notebook'] = [], second: Report['notebook']): boolean {
  return (
    first.length === second.length &&
    first.every(({ step, tried, score }, i) => {
      const other = second[i];
      return step === 'verification' || (other?.tried === tried && other.score === score);
    })
  );
}

/** What the last quantization has written, with its proof. */
export function mountQuantized(parent: HTMLElement): Update {
  const card = add(parent, 'section', 'banner quantized');
  card.setAttribute('aria-label', 'Quantized model');
  return whenChanged(
    (state) => [state.quantized, state.report],
    ({ quantized, report }) => {
      emptied(card);
      card.hidden = quantized === null;
      if (quantized === null) return;
      const { float, int8, settings } = quantized;
      const { verdict } = quantized;
      addIcon(card, quantized.meetsTarget ? 'pass' : 'warning');
      const text = add(card, 'div', 'banner-text');
      const first = add(text, 'p', 'quantized-path');
      add(first, 'span', '', 'Wrote ');
      addName(first, 'strong', '', quantized.output);
      const { metric } = int8;
      const kept = quantized.keepFloat.length;
      const facts = add(text, 'ul', 'facts');
      [
        describeVerdict(metric, settings.targetDrop, verdict),
        describeScore(int8),
        `${formatBytes(int8.bytes)}, ${formatShrink(float.bytes, int8.bytes)}`,
        `${formatMilliseconds(int8.latencyMs)}, ${formatSpeedup(int8.speedup)}`,
        kept === 0 ? 'every layer in int8' : `${formatPlural(kept, 'layer')} in float`,
        `${formatShare(int8.floatShare)} of multiply-adds in float`,
        ...quantized.blamed.map((one) => describeBlamed(metric, one)),
        verdict.reason,
      ].forEach((fact) => addText(facts, 'li', '', fact));
      // What the analysis tried is shown with its report.
      if (!isSameNotebook(report?.notebook, quantized.notebook))
        addNotebook(text, quantized.notebook, metric, settings);
    },
  );
}
