import { baseName, describeForm, formatPlural, formatRange, formatScaleCount } from '../format';
import type { ModelSummary, QuantizedTensor } from '../protocol';
import { literal, table } from './markdown';

function section(found: QuantizedTensor): string {
  const { tensor, kind, type, scale, zeroPoint } = found;
  return [
    `**Quantized ${kind}** ${literal(tensor)} (${type})`,
    table(
      ['Scales', 'Scale', 'Zero point'],
      [[formatScaleCount(found), formatRange(scale), formatRange(zeroPoint)]],
    ),
  ].join('\n\n');
}

/**
 * What the open models' files say of a tensor or a layer with exactly this name that they have quantized already, as
 * Markdown; `null` when none has one.
 */
export function quantizedHover(name: string, models: readonly ModelSummary[]): string | null {
  const sections = models.flatMap(({ path, quantized }) => {
    if (quantized === null) return [];
    const layers = quantized.layers.filter((l) => l.name === name);
    const found = [
      ...layers.map(
        ({ opType, form }) => `**Layer** ${literal(name)} (${opType}), quantized already: ${form}`,
      ),
      ...quantized.tensors.filter((t) => t.tensor === name).map(section),
    ];
    const whole = `${formatPlural(quantized.layers.length, 'layer')} ${describeForm(quantized.form)}`;
    return found.length === 0 ? [] : [[...found, `In ${literal(baseName(path))}, ${whole}`].join('\n\n')];
  });
  return sections.length === 0 ? null : sections.join('\n\n---\n\n');
}
