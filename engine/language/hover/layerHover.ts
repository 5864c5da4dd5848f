import { baseName, formatDb, formatDrop, formatMethod, formatScore, formatValue } from '../../shared/format';
import type { LayerInput, LayerReport, Report } from '../../shared/protocol/report';
import { histogramPicture } from './histogramPicture';
import { blocks, joined, literal, md, RULE, table, type Markdown, commandLink } from '../markdown';
import { namedIn, type Named } from '../../report/reportIndex';

function clipTable(input: LayerInput, method: string): Markdown {
  const clips = Object.entries(input.clips).map(([name, clip]) => [
    name === method ? md`**${formatMethod(name)}**` : formatMethod(name),
    formatValue(clip),
  ]);
  return table(['Calibrator', 'Clip of |x|'], clips);
}

function rangeLine(input: LayerInput): Markdown {
  return md`Range ${formatValue(input.min)} … ${formatValue(input.max)}`;
}

/** What is told of one thing: first what stands before the links, so that nobody scrolls to reach them. */
interface Section {
  head: Markdown;
  details: Markdown[];
}

function layerSection(layer: LayerReport, report: Report): Section {
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
  const inputs = layer.inputs.map((input) =>
    blocks([
      md`Input ${literal(input.tensor)}: ${rangeLine(input)}`,
      ...histogramPicture(input),
      clipTable(input, input.method),
    ]),
  );
  const weight = layer.weight === null ? '' : md`, weight ${literal(layer.weight)}`;
  const head = blocks([
    md`**Layer** ${literal(layer.name)} (${layer.opType}${weight})`,
    stats,
    md`**${layer.advice.decision === 'float' ? 'Keep in float' : 'Quantize'}.** ${layer.advice.reason}`,
  ]);
  return { head, details: inputs };
}

/** Readers that a tensor's hover names. */
const MAX_READERS = 5;

function tensorSection(name: string, { input, readers, makers }: Named): Section {
  const shown = readers.slice(0, MAX_READERS).map((l) => literal(l.name));
  const more = readers.length > MAX_READERS ? ` and ${readers.length - MAX_READERS} more` : '';
  const [maker] = makers;
  const made = maker === undefined ? '' : md`, made by ${literal(maker.name)}`;
  const read = readers.length === 0 ? ', read by no layer' : md`, read by ${joined(shown, ', ')}${more}`;
  const measured =
    input === null ? [] : [rangeLine(input), ...histogramPicture(input), clipTable(input, input.method)];
  return { head: md`**Tensor** ${literal(name)}${made}${read}`, details: measured };
}

function links({ layers, readers, makers }: Named, path: string): Markdown[] {
  const layer = layers[0] ?? readers[0] ?? makers[0];
  if (layer === undefined) return [];
  const keep =
    layers.length === 0 ? [] : [commandLink('Keep in float', 'quantscope.keepInFloat', [path, layer.name])];
  return [
    commandLink('Show in view', 'quantscope.showLayer', [path, layer.name]),
    ...keep,
    commandLink('Open recipe', 'quantscope.openRecipe', [path]),
  ];
}

/**
 * What is known of a layer, weight or tensor with exactly this name, as Markdown; `null` when no analysed model
 * has one.
 */
export function hoverText(name: string, reports: readonly Report[]): string | null {
  const sections = reports.flatMap((report) => {
    const named = namedIn(report, name);
    if (named === null) return [];
    const { layers, input, makers } = named;
    const isTensor = input !== null || makers.length > 0;
    const { path } = report.model;
    const told = [
      ...layers.map((layer) => layerSection(layer, report)),
      ...(isTensor ? [tensorSection(name, named)] : []),
    ];
    return [
      blocks([
        ...told.map(({ head }) => head),
        joined([md`In ${literal(baseName(path))}`, ...links(named, path)], ' · '),
        ...told.flatMap(({ details }) => details),
      ]),
    ];
  });
  return sections.length === 0 ? null : joined(sections, RULE).value;
}
