import { select } from 'd3-selection';
import { fixCost, fixGain } from '../../engine/shared/findings';
import { dropInterval } from '../../engine/shared/format';
import type { Fix, Report } from '../../engine/shared/protocol/report';
import { tilePlaces } from '../chart/tileScale';
import { fixStatus, fixStep, type FixStep } from '../state/fixSteps';
import type { State } from '../state/state';
import { add, addButton, addText, emptied, whenChanged, type Host, type Update } from '../ui/dom';
import { addIcon } from '../ui/icons';

/** Cards that are open at first; of a network with many noisy layers there are dozens. */
const MOST_CARDS = 6;

/** The score before and after, and what the gain is certain to, on a line that all cards share. */
function drawGain(parent: HTMLElement, fix: Fix, ends: readonly number[]): void {
  const { low, high } = dropInterval({ drop: fix.to, standardError: fix.standardError });
  const exact = (value: number) => ({ value, low: value, high: value });
  const places = tilePlaces([exact(fix.from), { value: fix.to, low, high }, ...ends.map(exact)], null);
  const [from, to] = places;
  if (from == null || to == null) return;
  const percent = (value: number) => `${value.toFixed(2)}%`;
  const element = parent.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'svg'));
  const svg = select(element).attr('class', 'fix-gain').attr('aria-hidden', 'true');
  const line = (kind: string, x1: number, x2: number, y1: number, y2: number) =>
    svg
      .append('line')
      .attr('class', kind)
      .attr('x1', percent(x1))
      .attr('x2', percent(x2))
      .attr('y1', y1)
      .attr('y2', y2);
  line('tile-line', 0, 100, 7, 7);
  svg
    .append('rect')
    .attr('class', to.at >= from.at ? 'fix-bar' : 'fix-bar loss')
    .attr('x', percent(Math.min(from.at, to.at)))
    .attr('width', percent(Math.abs(to.at - from.at)))
    .attr('y', 4)
    .attr('height', 6);
  line('fix-from', from.at, from.at, 2, 12);
  line('fix-interval', to.low, to.high, 7, 7);
  line('fix-interval', to.low, to.low, 4, 10);
  line('fix-interval', to.high, to.high, 4, 10);
}

interface Card {
  fix: Fix;
  draw: (state: State) => void;
}

function addCard(list: HTMLElement, fix: Fix, report: Report, host: Host): Card {
  const item = add(list, 'li', 'card fix-card');
  const line = add(item, 'div', 'finding-title');
  addText(line, 'strong', 'clamped', fix.what);
  if (fix.isEnough) add(line, 'span', 'badge', 'enough').title = 'Enough by itself to meet the target';
  const scores = report.fixes.flatMap(({ from, to }) => [from, to]);
  drawGain(item, fix, scores);
  add(item, 'p', 'fix-figures', fixGain(report.float.metric, fix));
  add(item, 'p', 'muted', `Costs ${fixCost(fix)}`);
  const foot = add(item, 'div', 'fix-foot');
  const status = add(foot, 'span', 'fix-status muted');
  let step: FixStep | null = null;
  const button = addButton(foot, 'fix', '', 'secondary', () => {
    if (step !== null) host.post(step.message);
  });
  return {
    fix,
    draw: (state) => {
      step = fixStep(fix, state, report);
      const { words, isOwn } = fixStatus(fix, state);
      emptied(status);
      if (words !== '') addIcon(status, isOwn ? 'edit' : fix.taken ? 'pass' : 'info');
      add(status, 'span', '', words);
      button.hidden = step === null;
      if (step === null) return;
      button.textContent = step.label;
      button.setAttribute('aria-label', `${step.label}: ${fix.what.slice(0, 200)}`);
    },
  };
}

/** What would mend what everything in int8 lost, each thing by itself, as cards; hidden where there is nothing to mend. */
export function mountFixes(parent: HTMLElement, host: Host): Update {
  const section = add(parent, 'section', 'fixes-panel');
  section.setAttribute('aria-label', 'What mends it');
  let cards: Card[] = [];
  const drawCards = whenChanged(
    (state) => [state.report],
    ({ report }) => {
      emptied(section);
      cards = [];
      section.hidden = report === null || report.fixes.length === 0;
      if (report === null || section.hidden) return;
      const title = add(section, 'h2', '', 'What mends it, each by itself');
      title.title = 'On the samples that choose, against everything in int8';
      const list = add(section, 'ul', 'fixes');
      cards = report.fixes.slice(0, MOST_CARDS).map((fix) => addCard(list, fix, report, host));
      const rest = report.fixes.slice(MOST_CARDS);
      if (rest.length === 0) return;
      const more = add(section, 'details', 'more-fixes');
      add(more, 'summary', '', `${rest.length} more that gain less`);
      const others = add(more, 'ul', 'fixes');
      cards.push(...rest.map((fix) => addCard(others, fix, report, host)));
    },
  );
  const drawChoices = whenChanged(
    (state) => [state.report, state.decided, state.decidedOperators, state.decidedNetwork],
    (state) => cards.forEach((card) => card.draw(state)),
  );
  return (state) => {
    drawCards(state);
    drawChoices(state);
  };
}
