import { formatMetric, formatPlural, formatShape, formatValue, shorten } from '../../shared/format';
import type { DataSummary, InputPreview, SamplePreview } from '../../shared/protocol/data';
import { textTable } from './textTable';

const NAME_WIDTH = 44;
const SHOWN_NAMES = 5;

/** What a data source holds for a model, for a terminal. */
export function dataText(summary: DataSummary): string {
  const { preview } = summary;
  const inputs = preview[0]?.inputs ?? [];
  const rows = inputs.map((input, i) => inputRow(preview.map((sample) => sample.inputs[i] ?? input)));
  const more = preview[0]?.moreInputs ?? 0;
  return [
    `${summary.data}: ${countsText(summary)}, ${summary.hasTruth ? 'with true answers' : 'compared with the float model'}.`,
    `Measured as ${formatMetric(summary.metric)}.`,
    ...(rows.length === 0
      ? []
      : ['', textTable([['Input', 'Type', 'Shape', 'Least', 'Mean', 'Largest'], ...rows], 3)]),
    ...(more === 0 ? [] : [`and ${formatPlural(more, 'input')} more`]),
    '',
    `First samples: ${preview.slice(0, SHOWN_NAMES).map(sampleName).join(', ')}`,
    ...summary.warnings.map((warning) => `Warning: ${warning}`),
  ].join('\n');
}

function countsText({ calibrationSamples, evaluationSamples, sharedSamples }: DataSummary): string {
  const samples = formatPlural(calibrationSamples, 'sample');
  return sharedSamples
    ? `${samples}, used both to calibrate and to evaluate`
    : `${samples} to calibrate, ${evaluationSamples} to evaluate`;
}

/** One input in all samples that are shown; `several` shapes when they differ. */
function inputRow(seen: readonly InputPreview[]): string[] {
  const [first] = seen;
  if (first === undefined) return [];
  const shapes = new Set(seen.map(({ dims }) => formatShape(dims)));
  const known = (values: (number | null)[]) => values.filter((value) => value !== null);
  const mins = known(seen.map(({ min }) => min));
  const maxs = known(seen.map(({ max }) => max));
  const means = known(seen.map(({ mean }) => mean));
  const figure = (values: number[], of: (values: number[]) => number) =>
    values.length === 0 ? '–' : formatValue(of(values));
  const [shape = ''] = shapes;
  return [
    shorten(first.input, NAME_WIDTH),
    first.type,
    shapes.size === 1 ? shape : `${shape} and ${shapes.size - 1} more`,
    figure(mins, (all) => Math.min(...all)),
    figure(means, (all) => all.reduce((sum, one) => sum + one, 0) / all.length),
    figure(maxs, (all) => Math.max(...all)),
  ];
}

function sampleName({ name, truth }: SamplePreview): string {
  const shown = shorten(name, NAME_WIDTH);
  return truth === null ? shown : `${shown} (${shorten(String(truth), NAME_WIDTH)})`;
}
