import { fixesText } from '../../engine/fixesText';
import { interactionsText } from '../../engine/interactionsText';
import { hoverText } from '../../engine/language/layerHover';
import { indexNames } from '../../engine/language/reportIndex';
import { summaryHover } from '../../engine/language/summaryHover';
import { nameHover } from '../../engine/nameHover';
import { notebookText } from '../../engine/notebookText';
import { operatorsText } from '../../engine/operatorsText';
import type { Report } from '../../engine/protocol';
import { reportPage } from '../../engine/reportPage';
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
} from '../../engine/reportText';

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
