import {
  formatBytes,
  formatDrop,
  formatMilliseconds,
  formatPlural,
  formatScore,
  formatShrink,
  formatSpeed,
} from '../../engine/format';
import { describeTarget } from '../../engine/target';
import { add, addName, emptied, whenChanged, type Update } from './dom';
import { addIcon } from './icons';

/** What the last quantization has written, with its proof. */
export function mountQuantized(parent: HTMLElement): Update {
  const card = add(parent, 'section', 'banner quantized');
  card.setAttribute('aria-label', 'Quantized model');
  return whenChanged(
    (state) => [state.quantized],
    ({ quantized }) => {
      emptied(card);
      card.hidden = quantized === null;
      if (quantized === null) return;
      const { float, int8, settings } = quantized;
      addIcon(card, quantized.meetsTarget ? 'pass' : 'warning');
      const text = add(card, 'div', 'banner-text');
      const first = add(text, 'p', 'quantized-path');
      add(first, 'span', '', 'Wrote ');
      addName(first, 'strong', '', quantized.output);
      const facts = add(text, 'ul', 'facts');
      [
        `${formatScore(int8.metric, int8.score)} (${formatDrop(int8.metric, float.score - int8.score)}), ${quantized.meetsTarget ? '' : 'not '}${describeTarget(int8.metric, settings.targetDrop)}`,
        `${formatBytes(int8.bytes)}, ${formatShrink(float.bytes, int8.bytes)}`,
        `${formatMilliseconds(int8.latencyMs)}, ${formatSpeed(float.latencyMs, int8.latencyMs)}`,
        `${formatPlural(quantized.keepFloat.length, 'layer')} in float`,
      ].forEach((fact) => add(facts, 'li', '', fact));
    },
  );
}
