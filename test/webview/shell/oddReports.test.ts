import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseReport } from '../../../engine/shared/shapes/parseReport';
import { misfit } from '../../../engine/shared/shapes/shapes';
import { tradeOffShape } from '../../../engine/shared/shapes/planShape';
import type { Report } from '../../../engine/shared/protocol/report';
import type { TradeOff } from '../../../engine/shared/protocol/plan';
import { mutated } from '../../engine/mutateJson';
import { otherReport } from '../otherReport';
import { everything } from '../sampleMessages';
import { sampleReport } from '../sampleReport';
import { sampleTradeOff } from '../sampleTradeOff';
import { useView } from '../useView';

const open = useView();

function asReport(json: unknown): Report | null {
  try {
    return parseReport(JSON.stringify(json), 'a.json');
  } catch {
    return null;
  }
}

test('every report that is read can be shown, and compared with', async () => {
  const odd = mutated(() => sampleReport(4)).map(asReport);
  const reports = fc.sample(odd, { numRuns: 400, seed: 7 }).filter((one) => one !== null);
  expect(reports.length).toBeGreaterThan(20);
  const view = await open('dark', 1400, 900);
  for (const report of reports.slice(0, 60)) {
    await view.send(...everything(report), { type: 'compared', report: otherReport(), label: 'x' });
    for (const tab of await view.page.locator('[id^="tab-"]').all())
      if (await tab.isVisible()) await tab.click();
    await view.send(...everything(otherReport()), { type: 'compared', report, label: 'x' });
    expect(view.problems, JSON.stringify(report).slice(0, 2000)).toEqual([]);
  }
});

test('so can every plan', async () => {
  const odd = mutated(sampleTradeOff).map((json) =>
    misfit(tradeOffShape, json) === null ? (json as TradeOff) : null,
  );
  const plans = fc.sample(odd, { numRuns: 400, seed: 7 }).filter((one) => one !== null);
  expect(plans.length).toBeGreaterThan(20);
  const view = await open('dark', 1400, 900);
  await view.send(...everything());
  for (const tradeOff of plans.slice(0, 40)) {
    await view.send({ type: 'tradeOff', tradeOff });
    expect(view.problems).toEqual([]);
  }
});
