import { baseName, formatDb, formatDrop, formatMethod, formatScore, formatValue } from '../format';
import type { LayerInput, LayerReport, Report } from '../protocol';
import { literal, table } from './markdown';

function clipTable(input: LayerInput, method: string): string {
  const clips = Object.entries(input.clips).map(([name, clip]) => [
    name === method ? `**${formatMethod(name)}**` : formatMethod(name),
    formatValue(clip),
  ]);
  return table(['Calibrator', 'Clip of |x|'], clips);
}

function rangeLine(input: LayerInput): string {
  return `Range ${formatValue(input.min)} … ${formatValue(input.max)}`;
}

function layerSection(layer: LayerReport, report: Report): string {
  const { metric } = report.float;
  const stats = table(
    ['SQNR', 'Score alone in int8', 'Float on the same samples', 'Change'],
    [
      [
        formatDb(layer.sqnrDb),
        formatScore(metric, layer.score),
        formatScore(metric, report.choosing.score),
        formatDrop(metric, layer.drop),
      ],
    ],
  );
  const inputs = layer.inputs.map(
    (input) => `Input ${literal(input.tensor)}: ${rangeLine(input)}\n\n${clipTable(input, input.method)}`,
  );
  const weight = layer.weight === null ? '' : `, weight ${literal(layer.weight)}`;
  return [
    `**Layer** ${literal(layer.name)} (${layer.opType}${weight})`,
    stats,
    `**${layer.advice.decision === 'float' ? 'Keep in float' : 'Quantize'}.** ${layer.advice.reason}`,
    ...inputs,
  ].join('\n\n');
}

function tensorSection(input: LayerInput, readers: readonly LayerReport[]): string {
  const read = readers.map((l) => literal(l.name)).join(', ');
  return [
    `**Tensor** ${literal(input.tensor)}, read by ${read}`,
    rangeLine(input),
    clipTable(input, input.method),
  ].join('\n\n');
}

/**
 * What is known of a layer, weight or tensor with exactly this name, as Markdown; `null` when no analysed model
 * has one.
 */
export function hoverText(name: string, reports: readonly Report[]): string | null {
  const sections = reports.flatMap((report) => {
    const layers = report.layers.filter((l) => l.name === name || l.weight === name);
    const readers = report.layers.filter((l) => l.inputs.some((i) => i.tensor === name));
    const input = readers[0]?.inputs.find((i) => i.tensor === name);
    const found = [
      ...layers.map((layer) => layerSection(layer, report)),
      ...(input === undefined ? [] : [tensorSection(input, readers)]),
    ];
    return found.length === 0 ? [] : [[...found, `In ${literal(baseName(report.model.path))}`].join('\n\n')];
  });
  return sections.length === 0 ? null : sections.join('\n\n---\n\n');
}
