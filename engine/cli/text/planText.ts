import {
  baseName,
  describeDifference,
  describeScore,
  dropUnit,
  formatBudget,
  formatBytes,
  formatChange,
  formatDb,
  formatMeasuredDrop,
  formatMethod,
  formatPlural,
  formatShare,
  formatSpeed,
  formatSpeedup,
  shorten,
} from '../../shared/format';
import type { LayerChoice } from '../../shared/protocol/choices';
import type { TradeOff, TradeOffPoint } from '../../shared/protocol/plan';
import { verdictText } from './reportText';
import { textTable } from './textTable';
import { describeTarget } from '../../shared/accuracyTarget';
import { ownValue } from '../../shared/ownValue';

const NAME_WIDTH = 44;
const MOST_FLOAT = 6;

/** A plan for a terminal: the front, the choice, and what was predicted of it against what was measured. */
export function tradeOffText(plan: TradeOff): string {
  const { settings, warnings } = plan;
  const { evaluationSamples, sharedSamples } = settings;
  return [
    `${baseName(plan.model.path)}: ${formatPlural(plan.points.length, 'network')} that no other beats in noise and in what it takes; * is chosen:`,
    frontText(plan),
    '',
    ...choiceText(plan),
    `${formatMethod(settings.method)} calibration on ${formatPlural(settings.calibrationSamples, 'sample')}, ` +
      (sharedSamples
        ? `chosen and proved on ${evaluationSamples} (the same samples)`
        : `chosen on ${settings.choosingSamples}, proved on ${evaluationSamples}`) +
      `, profile ${settings.profile}.`,
    ...warnings.map((w) => `Note: ${w}`),
  ].join('\n');
}

function frontText({ points, chosen, layers, floatUse, float: { metric } }: TradeOff): string {
  const unit = dropUnit(metric);
  const grids = [...new Set(layers.flatMap((l) => l.choices.map((c) => c.choice)))];
  const rows = points.map((point, i) => {
    const { predicted, verified } = point;
    return [
      i === chosen ? '*' : '',
      formatBytes(predicted.bytes),
      formatSpeed(floatUse.latency, predicted.latency),
      formatShare(predicted.bops / floatUse.bops),
      formatDb(predicted.outputDb),
      formatChange(metric, { difference: -predicted.drop, standardError: predicted.standardError }),
      verified === null ? '' : formatDb(verified.outputDb),
      verified === null
        ? ''
        : formatChange(metric, { difference: -verified.drop, standardError: verified.standardError }),
      ...grids.map((grid) => String(countOf(plain(point, layers), grid))),
    ];
  });
  const change = unit === '' ? 'Change' : `Change, ${unit}`;
  const head = ['', 'Size', 'Speed', 'Bit ops', 'At outputs', change, 'Measured', change, ...grids];
  return textTable([head, ...rows], 1);
}

/** What each layer is, in their order. */
function plain({ choices }: TradeOffPoint, layers: TradeOff['layers']): LayerChoice[] {
  return layers.map(({ name }) => ownValue(choices, name) ?? 'int8');
}

function countOf(choices: readonly LayerChoice[], grid: LayerChoice): number {
  return choices.filter((choice) => choice === grid).length;
}

function choiceText(plan: TradeOff): string[] {
  const { points, chosen, settings, float, floatUse, result, offPrediction, layers } = plan;
  const point = points[chosen];
  if (point?.verified == null) return [];
  const { predicted, verified } = point;
  const { metric } = float;
  const { budgets, along, by, targetDrop } = settings;
  const goal = describeTarget(metric, targetDrop);
  const least = { bytes: 'bytes', bops: 'bit operations', latency: 'time' }[along];
  const why =
    budgets.length > 0
      ? `${by === 'noise' ? 'the least noise' : 'the most orthogonality'} within ${budgets.map(formatBudget).join(' and ')}`
      : `the least ${least} ${goal}, with half of that to spare`;
  const said = (drop: number, standardError: number) => formatMeasuredDrop(metric, { drop, standardError });
  const isOff = offPrediction.low > 0 || offPrediction.high < 0;
  const agreement = isOff
    ? `Measured it is ${describeDifference(metric, offPrediction).replace('float', 'the prediction')}: layers do not add up here.`
    : 'Scores agree within their noise.';
  const floats = layers.filter(({ name }) => ownValue(point.choices, name) === 'float').map((l) => l.name);
  const names = floats.slice(0, MOST_FLOAT).map((name) => shorten(name, NAME_WIDTH));
  const more = floats.length - names.length;
  return [
    `Chosen for ${why}.`,
    `Predicted: ${said(predicted.drop, predicted.standardError)}, ${formatDb(predicted.outputDb)} at the outputs, ${formatBytes(predicted.bytes)}, ${formatSpeed(floatUse.latency, predicted.latency)}.`,
    `Measured:  ${said(verified.drop, verified.standardError)}, ${formatDb(verified.outputDb)} at the outputs, ${formatBytes(verified.bytes)}, ${formatSpeed(result.speedup.median, 1)}. ${agreement}`,
    ...plan.missed.map(({ budget, measured }) => {
      const found = formatBudget({ ...budget, limit: measured }).replace(/^.* = /, '');
      return `Over budget: ${formatBudget(budget)}, measured ${found}.`;
    }),
    ...(floats.length === 0 ? [] : [`In float: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`]),
    `Proved: ${describeScore(result)}. ` +
      `${formatBytes(result.bytes)} (float ${formatBytes(float.bytes)}), ${formatSpeedup(result.speedup)}, ${formatShare(result.floatShare)} of multiply-adds in float.`,
    verdictText(result, settings),
  ];
}
