import {
  baseName,
  describeScore,
  formatBytes,
  formatPlural,
  formatSpeedup,
} from '../../engine/shared/format';
import type { LayerChoice, Resource } from '../../engine/shared/protocol/choices';
import type { TradeOff } from '../../engine/shared/protocol/plan';
import { describeVerdict } from '../../engine/shared/accuracyTarget';
import { addExport } from '../export/addExport';
import { quoted, swatches, type Caption } from '../export/caption';
import { keyOf } from '../export/captioned';
import { layerStates } from '../state/layerState';
import { isStandalone } from '../ui/isStandalone';
import type { State } from '../state/state';
import { applyMessages, undoMessages } from '../state/tradeOffChoices';
import { add, addButton, emptied, whenChanged, type Host, type Update } from '../ui/dom';
import { addIcon } from '../ui/icons';
import { describeGrids, drawCard, drawComparison, drawSummary, resourceTitles } from './tradeOffCard';
import { addTradeOffChart, chartHeight, type TradeOffChart } from './tradeOffChart';

const resources: Resource[] = ['latency', 'bytes', 'bops'];

/** What the plan found, in a sentence. */
export function describePlan(plan: TradeOff): string {
  const { points, result, float, settings, verdict } = plan;
  const said = describeVerdict(float.metric, settings.targetDrop, verdict);
  const why = verdict.kind === 'met' || verdict.kind === 'missed' ? '' : ` ${verdict.reason}`;
  const samples = settings.sharedSamples ? 'the samples that chose it' : 'samples of its own';
  return (
    `${formatPlural(points.length, 'network')}, planned for the least noise at what each takes: by score one may beat another. The chosen one takes ${formatBytes(result.bytes)}, runs ${formatSpeedup(result.speedup)} ` +
    `and was proved on ${samples}: ${describeScore(result)}, ${said}.${why}`
  ).replace('runs same speed', 'runs at the same speed');
}

function advisedOf(state: State): (layer: string) => LayerChoice | null {
  const stateOf = layerStates(state);
  const byName = new Map(state.model?.layers.map((layer) => [layer.name, layer]));
  return (name) => {
    const layer = byName.get(name);
    return layer === undefined ? null : stateOf(layer).advised;
  };
}

function drawEmpty(parent: HTMLElement, host: Host): HTMLButtonElement {
  add(parent, 'h2', '', 'Accuracy against size and speed');
  const said =
    'A plan measures every layer alone on each grid that it may be on, and finds which layers to have in int8, in 4 bits or in float, for the least noise at each size and each time. The one that takes least and stays near enough to float is chosen, built and proved. Every network can be applied by a click.';
  add(parent, 'p', 'trade-words', said);
  return addButton(parent, 'plan', 'Plan Trade-off…', 'primary', () => host.post({ type: 'plan' }));
}

/** What stands for the networks of a plan, by its class in the legend and in the plot. */
const legend: readonly [kind: string, selector: string, shape: string, text: string][] = [
  ['predicted', '.trade-predicted', swatches.dot, 'predicted'],
  ['verified', '.trade-verified', swatches.dot, 'measured'],
  ['chosen', '.trade-ring', swatches.dot, 'chosen'],
];

function captionOf(svg: SVGSVGElement, plan: TradeOff, resource: Resource): Caption {
  return {
    title: `Accuracy against ${resourceTitles[resource].toLowerCase()}: ${quoted(baseName(plan.model.path))}`,
    words: describePlan(plan),
    keys: [
      ...legend.flatMap(([, selector, shape, text]) => keyOf(svg, selector, shape, text)),
      ...keyOf(svg, '.trade-error', swatches.bar, '95% interval'),
      ...keyOf(svg, '.trade-front', swatches.line, 'from one planned network to the next'),
    ],
  };
}

function addLegend(parent: HTMLElement): void {
  const list = add(parent, 'ul', 'trade-legend muted');
  const entry = (kind: string, text: string) => {
    const item = add(list, 'li', '');
    add(item, 'span', `trade-swatch ${kind}`).setAttribute('aria-hidden', 'true');
    add(item, 'span', '', text);
  };
  legend.forEach(([kind, , , text]) => entry(kind, text));
  add(list, 'li', '', 'Lines are 95% intervals. Drag over two networks to compare them.');
}

/** The networks between float and int8: what each takes and loses, to apply and to compare. */
export function mountTradeOff(parent: HTMLElement, host: Host): Update {
  const empty = add(parent, 'section', 'trade-empty');
  empty.setAttribute('aria-label', 'Plan');
  const first = drawEmpty(empty, host);
  const section = add(parent, 'section', 'trade');
  section.setAttribute('aria-label', 'Trade-off');
  const head = add(section, 'div', 'trade-head');
  const summary = add(head, 'div', 'trade-found');
  const again = addButton(head, 'plan-again', 'Plan Again…', 'secondary', () => host.post({ type: 'plan' }));
  const bar = add(section, 'div', 'trade-bar');
  const group = add(bar, 'div', 'trade-switch');
  group.setAttribute('role', 'group');
  group.setAttribute('aria-label', 'Against');
  add(group, 'span', 'muted', 'Against');
  addLegend(bar);
  const columns = add(section, 'div', 'trade-columns');
  const body = add(columns, 'div', 'trade-body');
  const side = add(columns, 'div', 'trade-side');
  const card = add(side, 'div', 'card trade-card');
  const applied = add(side, 'div', 'trade-applied');
  applied.setAttribute('role', 'status');
  const comparison = add(section, 'div', 'trade-comparison');

  let state: State | null = null;
  let resource: Resource = 'bytes';
  let chart: TradeOffChart | null = null;
  let drawn = { width: 0, height: 0 };
  let current = -1;
  let pair: [number, number] | null = null;

  const wantedSize = () => ({
    width: body.clientWidth,
    height: chartHeight({ width: window.innerWidth, height: window.innerHeight }),
  });
  const showCurrent = (plan: TradeOff) => {
    drawCard(card, plan, current);
    chart?.mark(current, pair);
  };
  const apply = (plan: TradeOff, index: number) => {
    const point = plan.points[index];
    if (point === undefined || state === null) return;
    const before = state.decided;
    applyMessages(plan, point.choices, advisedOf(state)).forEach((message) => host.post(message));
    emptied(applied);
    addIcon(applied, 'pass');
    add(applied, 'span', '', `Applied: ${describeGrids(plan, index)}. Quantize will write and measure it.`);
    addButton(applied, 'undo-apply', 'Undo', 'secondary', () => {
      undoMessages(plan, before).forEach((message) => host.post(message));
      emptied(applied);
      add(applied, 'span', '', 'Decided as before.');
    });
  };
  const drawChart = () => {
    drawn = wantedSize();
    const plan = state?.tradeOff ?? null;
    if (drawn.width === 0 || plan === null || state === null) return;
    const hadFocus = body.contains(document.activeElement);
    emptied(body);
    chart = addTradeOffChart(
      body,
      plan,
      { report: state.report, resource, size: drawn },
      {
        point: (index) => {
          // What was pointed at stays, so that its card can be read.
          if (index < 0 || index === current) return;
          current = index;
          showCurrent(plan);
        },
        apply: isStandalone() ? null : (index) => apply(plan, index),
        compare: (wanted) => {
          pair = wanted;
          drawComparison(comparison, plan, pair, host);
          chart?.mark(current, pair);
        },
      },
    );
    const { svg } = chart;
    const name = `${baseName(plan.model.path)}-trade-off`;
    addExport(body, svg, { name, caption: () => captionOf(svg, plan, resource) }, host);
    if (hadFocus) body.querySelector<HTMLElement>('.trade-frame')?.focus();
    showCurrent(plan);
  };
  const switches = resources.map((one) => {
    const button = addButton(group, `against-${one}`, resourceTitles[one], 'secondary', () => {
      resource = one;
      showSwitch();
      drawChart();
    });
    return { one, button };
  });
  const showSwitch = () =>
    switches.forEach(({ one, button }) => button.setAttribute('aria-pressed', String(one === resource)));
  // A panel that is hidden has no width to draw for.
  const fit = () => {
    const { width, height } = wantedSize();
    if (width !== drawn.width || height !== drawn.height) drawChart();
  };
  new ResizeObserver(fit).observe(body);
  window.addEventListener('resize', fit);

  const drawPlan = whenChanged(
    (now) => [now.tradeOff],
    ({ tradeOff }) => {
      empty.hidden = tradeOff !== null;
      section.hidden = tradeOff === null;
      [applied, comparison].forEach((element) => emptied(element));
      pair = null;
      if (tradeOff === null) return;
      resource = tradeOff.settings.along;
      current = tradeOff.chosen;
      drawSummary(summary, tradeOff, describePlan(tradeOff));
      showSwitch();
    },
  );
  const redraw = whenChanged((now) => [now.tradeOff, now.report], drawChart);
  return (now) => {
    state = now;
    [first, again].forEach((button) => button.setAttribute('aria-disabled', String(now.progress !== null)));
    drawPlan(now);
    redraw(now);
  };
}
