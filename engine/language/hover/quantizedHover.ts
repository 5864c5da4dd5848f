import { baseName, describeForm, formatPlural, formatRange, formatScaleCount } from '../../shared/format';
import type { ModelSummary, QuantizedTensor } from '../../shared/protocol/model';
import { blocks, joined, literal, md, RULE, table, type Markdown } from '../markdown';

function section(found: QuantizedTensor): Markdown {
  const { tensor, kind, type, scale, zeroPoint } = found;
  return blocks([
    md`**Quantized ${kind}** ${literal(tensor)} (${type})`,
    table(
      ['Scales', 'Scale', 'Zero point'],
      [[formatScaleCount(found), formatRange(scale), formatRange(zeroPoint)]],
    ),
  ]);
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
        ({ opType, form }) => md`**Layer** ${literal(name)} (${opType}), quantized already: ${form}`,
      ),
      ...quantized.tensors.filter((t) => t.tensor === name).map(section),
    ];
    const whole = `${formatPlural(quantized.layers.length, 'layer')} ${describeForm(quantized.form)}`;
    return found.length === 0 ? [] : [blocks([...found, md`In ${literal(baseName(path))}, ${whole}`])];
  });
  return sections.length === 0 ? null : joined(sections, RULE).value;
}
