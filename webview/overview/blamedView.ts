import type { BlamedOperators } from '../../engine/shared/protocol/report';
import type { MetricName } from '../../engine/shared/protocol/choices';
import { formatDrop } from '../../engine/shared/format';
import { add, addName, emptied, whenChanged, type Update } from '../ui/dom';
import { addIcon } from '../ui/icons';
import { addNodeNames } from '../ui/nodeNames';

function addBlamed(list: HTMLElement, { opType, nodes, gain }: BlamedOperators, metric: MetricName): void {
  const item = add(list, 'li', '');
  const line = add(item, 'div', 'finding-title');
  addName(line, 'strong', '', opType);
  add(line, 'span', 'muted', `× ${nodes.length}`);
  // A type that left together with others may have gained nothing by itself.
  const cost = gain > 0 ? formatDrop(metric, gain) : 'only with others';
  add(line, 'span', 'advice-drop', cost).title =
    gain > 0 ? 'What the score loses when all of this type are in int8' : '';
  addNodeNames(item, nodes);
}

/** What stands between the layers and cost accuracy in int8; hidden when nothing of it did. */
export function mountBlamed(parent: HTMLElement): Update {
  const section = add(parent, 'section', 'findings');
  section.setAttribute('aria-label', 'To blame between the layers');
  return whenChanged(
    (state) => [state.report],
    ({ report }) => {
      emptied(section);
      section.hidden = report === null || report.blamed.length === 0;
      if (report === null || section.hidden) return;
      const title = add(section, 'h2', '');
      addIcon(title, 'advice');
      add(title, 'span', '', 'To blame between the layers');
      add(
        section,
        'p',
        'muted',
        'These operators lose accuracy when they compute in int8, whatever the layers do, so they stay in float.',
      );
      const list = add(section, 'ul', 'findings-list');
      report.blamed.forEach((one) => addBlamed(list, one, report.float.metric));
    },
  );
}
