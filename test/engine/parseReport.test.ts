import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EngineError } from '../../engine/engineError';
import { fixesText } from '../../engine/fixesText';
import { interactionsText } from '../../engine/interactionsText';
import { hoverText } from '../../engine/language/layerHover';
import { indexNames } from '../../engine/language/reportIndex';
import { summaryHover } from '../../engine/language/summaryHover';
import { nameHover } from '../../engine/nameHover';
import { notebookText } from '../../engine/notebookText';
import { operatorsText } from '../../engine/operatorsText';
import { parseReport } from '../../engine/parseReport';
import type { Report, TradeOff } from '../../engine/protocol';
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
import { misfit } from '../../engine/shapes';
import { tradeOffText } from '../../engine/tradeOffText';
import { tradeOffShape } from '../../engine/tradeOffShape';
import { sampleReport } from '../webview/sampleReport';
import { sampleTradeOff } from '../webview/sampleTradeOff';
import { mutated } from './mutateJson';

const report = sampleReport(4);

/** All that is said of a report; a report that is read must not make it throw. */
async function render(read: Report): Promise<void> {
  const { model, float, layers } = read;
  modelText(model);
  comparisonText([read, report]);
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

test('a report comes back as it was', () => {
  const text = JSON.stringify(report);
  expect(parseReport(text, 'a.json')).toEqual(JSON.parse(text));
});

test.each<[change: object, words: string]>([
  [{ version: 999 }, 'version is 999, not 9'],
  [{ version: undefined, layers: 3 }, 'version is missing'],
  [{ layers: {} }, 'layers is an object'],
  [{ layers: undefined }, 'layers is missing'],
  [{ layers: [{ ...report.layers[0], drop: null }] }, 'layers[0].drop is null'],
  [{ layers: [{ ...report.layers[0], samples: -1 }] }, 'layers[0].samples is -1'],
  [{ float: { ...report.float, metric: 'x'.repeat(1e7) } }, 'float.metric is "xxx'],
  [{ created: 'yesterday' }, 'created is "yesterday"'],
])('a report that is none is refused with its key and value: %#', (change, words) => {
  const thrown = ((): unknown => {
    try {
      return parseReport(JSON.stringify({ ...report, ...change }), 'a.json');
    } catch (error) {
      return error;
    }
  })();
  expect(thrown).toMatchObject({ code: 'bad-data', hint: expect.stringContaining('--json') as unknown });
  expect((thrown as EngineError).message).toContain(`a.json is no report: ${words}`);
});

test('whatever is changed in a report, it is refused, or all that is made of it can be made', async () => {
  let read = 0;
  await fc.assert(
    fc.asyncProperty(
      mutated(() => report),
      async (json) => {
        let found: Report;
        try {
          found = parseReport(JSON.stringify(json), 'a.json');
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(EngineError);
          return;
        }
        read++;
        await render(found);
      },
    ),
    { numRuns: 600 },
  );
  expect(read).toBeGreaterThan(10);
});

test('whatever is changed in a plan, it is of another shape, or can be told', () => {
  const plan = sampleTradeOff();
  let read = 0;
  fc.assert(
    fc.property(
      mutated(() => plan),
      (json) => {
        if (misfit(tradeOffShape, json) !== null) return;
        read++;
        tradeOffText(json as TradeOff);
      },
    ),
    { numRuns: 400 },
  );
  expect(read).toBeGreaterThan(10);
});
