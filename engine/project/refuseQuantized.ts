import { EngineError } from '../shared/engineError';
import { baseName, describeForm, formatPlural } from '../shared/format';
import type { ModelSummary } from '../shared/protocol/model';

/**
 * A model whose products are all quantized has none to measure: a second rounding would only add its error to the
 * first. One with float layers left is quantized there.
 * @throws EngineError `unsupported`
 */
export function refuseQuantized({ path, quantized, layers }: ModelSummary): void {
  if (quantized === null || quantized.layers.length === 0 || layers.length > 0) return;
  throw new EngineError(
    'unsupported',
    `${baseName(path)} is quantized already: ${formatPlural(quantized.layers.length, 'layer')} ${describeForm(quantized.form)}, none in float.`,
    'Quantize its float original; score this one with "quantscope evaluate".',
  );
}
