import { hoverText } from './language/layerHover';
import { spansAt } from './language/nameAt';
import { quantizedHover } from './language/quantizedHover';
import { summaryHover } from './language/summaryHover';
import type { NameHover } from './protocol';
import type { Workspace } from './workspace';

/** What the open models say of the name at `column` of a line: the longest that one of them has. */
export function nameHover(
  line: string,
  column: number,
  workspace: Pick<Workspace, 'reports' | 'summaries'>,
): NameHover | null {
  const reports = workspace.reports();
  const models = workspace.summaries();
  const analyzed = new Set(reports.map(({ model }) => model.path));
  const others = models.filter(({ path }) => !analyzed.has(path));
  for (const { text, start, end } of spansAt(line, column)) {
    const known = [hoverText(text, reports), summaryHover(text, others), quantizedHover(text, models)];
    const value = known.filter((part) => part !== null).join('\n\n---\n\n');
    if (value !== '') return { value, start, end };
  }
  return null;
}
