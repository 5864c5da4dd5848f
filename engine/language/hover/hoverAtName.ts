import { hoverText } from './layerHover';
import { spansAt } from './nameAt';
import { quantizedHover } from './quantizedHover';
import { summaryHover } from './summaryHover';
import type { NameHover } from '../../shared/protocol/requests';
import type { Workspace } from '../../project/workspace';

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
