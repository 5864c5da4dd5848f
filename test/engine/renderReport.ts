import { hoverText } from '../../engine/language/hover/layerHover';
import { indexNames } from '../../engine/report/reportIndex';
import { summaryHover } from '../../engine/language/hover/summaryHover';
import { nameHover } from '../../engine/language/hover/hoverAtName';
import { notebookText } from '../../engine/cli/text/notebookText';
import { operatorsText, fixesText, interactionsText } from '../../engine/cli/text/findingsText';
import type { Report } from '../../engine/shared/protocol/report';
import { reportPage } from '../../engine/shared/node/reportPage';
import {
  adviceText,
  basisText,
  blamedText,
  calibratorsText,
  comparisonText,
  floatNodesText,
  layersText,
  lintText,
  modelText,
} from '../../engine/cli/text/reportText';

/** All that is said of a report; a report that is read must not make it throw. */
export async function renderReport(read: Report): Promise<void> {
  const { model, float, layers } = read;
  modelText(model);
  comparisonText([read, read]);
  blamedText(read, float);
  calibratorsText([read]);
  layersText(read);
  adviceText(read);
  floatNodesText(read.int8);
  basisText(read);
  lintText(read.lint);
  notebookText(read.notebook, float.metric, read.settings);
  fixesText(read);
  operatorsText(read);
  interactionsText(read);
  const open = { reports: () => [read], summaries: () => [model] };
  for (const name of [...indexNames(read).keys(), ...layers.map((one) => one.name)].slice(0, 20)) {
    hoverText(name, [read]);
    summaryHover(name, [model]);
    nameHover(name, 0, open);
  }
  await reportPage({ report: read, parts: null, tradeOff: null, compared: null }, 'x');
}
