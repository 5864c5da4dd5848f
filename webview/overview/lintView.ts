import type { LintFinding } from '../../engine/shared/protocol/report';
import { formatPlural } from '../../engine/shared/format';
import { add, addText, emptied, whenChanged, type Update } from '../ui/dom';
import { addIcon, type IconName } from '../ui/icons';
import { addNodeNames } from '../ui/nodeNames';

const severities: Record<LintFinding['severity'], { icon: IconName; word: string }> = {
  refuses: { icon: 'fail', word: 'refused' },
  float: { icon: 'warning', word: 'in float' },
  slow: { icon: 'warning', word: 'slow' },
};

function addFinding(list: HTMLElement, { severity, opType, nodes, message, hint }: LintFinding): void {
  const item = add(list, 'li', '');
  const line = add(item, 'div', 'finding-title');
  const { icon, word } = severities[severity];
  addIcon(line, icon);
  addText(line, 'strong', '', opType === '' ? 'The model' : opType);
  if (nodes.length > 0) add(line, 'span', 'muted', `× ${nodes.length}`);
  add(line, 'span', 'badge', word);
  addText(item, 'p', '', `${message} ${hint}`);
  if (nodes.length > 0) addNodeNames(item, nodes);
}

/** What the target would not do as hoped with the advised model; hidden when there is nothing to say. */
export function mountLint(parent: HTMLElement): Update {
  const section = add(parent, 'section', 'findings');
  section.setAttribute('aria-label', 'What the target does otherwise');
  return whenChanged(
    (state) => [state.report],
    ({ report }) => {
      emptied(section);
      section.hidden = report === null || report.lint.length === 0;
      if (report === null || section.hidden) return;
      const { lint, settings } = report;
      const details = add(section, 'details', '');
      // A model that the target does not load is news; what it computes in float is to be looked up.
      details.open = lint.some(({ severity }) => severity === 'refuses');
      add(
        details,
        'summary',
        '',
        `For ${settings.profile}: ${formatPlural(lint.length, 'finding')} in the advised model`,
      );
      const list = add(details, 'ul', 'findings-list');
      lint.forEach((finding) => addFinding(list, finding));
    },
  );
}
