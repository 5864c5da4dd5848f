import { baseName, formatDb, formatDrop, formatMethod, formatScore, formatValue } from '../format';
import type { LayerInput, LayerReport, Report } from '../protocol';

/** Shows a name as it is: names come from model files and may hold anything that Markdown would act on. */
function literal(name: string): string {
  const oneLine = name.replaceAll(/\s+/g, ' ');
  const longest = Math.max(0, ...(oneLine.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return longest === 0 ? `${fence}${oneLine}${fence}` : `${fence} ${oneLine} ${fence}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function table(header: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(header), line(header.map((_, i) => (i === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n');
}

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
    ['SQNR', 'Score alone in int8', 'Change'],
    [[formatDb(layer.sqnrDb), formatScore(metric, layer.score), formatDrop(metric, layer.drop)]],
  );
  const inputs = layer.inputs.map(
    (input) =>
      `Input ${literal(input.tensor)}: ${rangeLine(input)}\n\n${clipTable(input, report.settings.method)}`,
  );
  const weight = layer.weight === null ? '' : `, weight ${literal(layer.weight)}`;
  return [
    `**Layer** ${literal(layer.name)} (${layer.opType}${weight})`,
    stats,
    `**${layer.advice.decision === 'float' ? 'Keep in float' : 'Quantize'}.** ${layer.advice.reason}`,
    ...inputs,
  ].join('\n\n');
}

function tensorSection(input: LayerInput, readers: readonly LayerReport[], report: Report): string {
  const read = readers.map((l) => literal(l.name)).join(', ');
  return [
    `**Tensor** ${literal(input.tensor)}, read by ${read}`,
    rangeLine(input),
    clipTable(input, report.settings.method),
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
      ...(input === undefined ? [] : [tensorSection(input, readers, report)]),
    ];
    return found.length === 0 ? [] : [[...found, `In ${literal(baseName(report.model.path))}`].join('\n\n')];
  });
  return sections.length === 0 ? null : sections.join('\n\n---\n\n');
}
