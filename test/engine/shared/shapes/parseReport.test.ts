import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EngineError } from '../../../../engine/shared/engineError';
import { parseReport } from '../../../../engine/shared/shapes/parseReport';
import { REPORT_VERSION, type Report } from '../../../../engine/shared/protocol/report';
import type { TradeOff } from '../../../../engine/shared/protocol/plan';
import { misfit } from '../../../../engine/shared/shapes/shapes';
import { tradeOffText } from '../../../../engine/cli/text/planText';
import { tradeOffShape } from '../../../../engine/shared/shapes/planShape';
import { sampleReport } from '../../../webview/sampleReport';
import { sampleTradeOff } from '../../../webview/sampleTradeOff';
import { mutated } from '../../mutateJson';
import { renderReport } from '../../renderReport';

const report = sampleReport(3);

test('a report comes back as it was', () => {
  const text = JSON.stringify(report);
  expect(parseReport(text, 'a.json')).toEqual(JSON.parse(text));
});

test.each<[change: object, words: string]>([
  [{ version: 999 }, `version is 999, not ${REPORT_VERSION}.`],
  [{ version: undefined, layers: 3 }, 'version is missing'],
  [{ layers: {} }, 'layers is an object'],
  [{ layers: undefined }, 'layers is missing'],
  [{ layers: [{ ...report.layers[0], drop: null }] }, 'layers[0].drop is null'],
  [{ layers: [{ ...report.layers[0], samples: -1 }] }, 'layers[0].samples is -1'],
  [{ float: { ...report.float, metric: 'x'.repeat(1e7) } }, 'float.metric is "xxx'],
  [{ model: { ...report.model, operators: { Conv: 2, Add: null } } }, 'model.operators.Add is null'],
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
        await renderReport(found);
      },
    ),
    { numRuns: 250 },
  );
  expect(read).toBeGreaterThan(5);
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
  expect(read).toBeGreaterThan(5);
});
