import { expect, test } from 'vitest';
import { otherReport } from '../otherReport';
import { everything } from '../sampleMessages';
import { sampleReport } from '../sampleReport';
import { useView } from '../useView';

const open = useView();

test('tells calibrators as everywhere, and names of reports whole where there is room', async () => {
  const view = await open('light', 1280, 800);
  const report = otherReport();
  [report.settings.calibration, report.settings.method] = ['auto', 'mse'];
  await view.send(...everything(), { type: 'compared', report, label: 'rec.onnx.report.json' });
  await view.openTab('compare');
  const summary = view.page.locator('.compare-summary');
  expect(await summary.innerText()).toMatch(/Calibration.*MSE, of all tried/);
  const name = summary.locator('thead .name', { hasText: 'rec.onnx.report.json' });
  expect(await name.evaluate((one) => one.scrollWidth - one.clientWidth)).toBe(0);
});

test('two reports side by side', async () => {
  const view = await open('light', 1280, 800);
  const { page } = view;
  await view.send(...everything());
  await view.openTab('compare');
  await page.click('[data-action="compare"]');
  expect((await view.posted()).at(-1)).toEqual({ type: 'compare' });
  await view.send({ type: 'compared', report: otherReport(), label: 'model </script>.onnx' });
  const rows = page.locator('.compare-table tbody tr');
  expect(await rows.count()).toBe(5);
  await page.click('#panel-compare [data-save="csv"]');
  const saved = (await view.posted()).at(-1);
  expect(saved).toMatchObject({ type: 'save', kind: 'csv', name: 'ch_PP-OCRv4_rec_infer.onnx-compared' });
  if (saved?.type === 'save') expect(saved.data.split('\r\n')).toHaveLength(5 + 2);
  for (const theme of ['light', 'dark', 'hc-dark'] as const) {
    await view.setTheme(theme);
    await view.screenshot(`compare-${theme}`);
  }
  await page.click('[data-setting="differences-only"]');
  expect(await rows.count()).toBe(52);
  await view.screenshot('compare-all');
  await page.locator('.compare-name .link').first().click();
  expect(await page.locator('.detail-panel .name').first().textContent()).toBe(
    sampleReport().layers[3]?.name,
  );
});
