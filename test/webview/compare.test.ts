import { expect, test } from 'vitest';
import { otherReport } from './otherReport';
import { everything } from './sampleMessages';
import { sampleReport } from './sampleReport';
import { useView } from './useView';

const open = useView();

test.each(['light', 'dark', 'hc-dark'] as const)('two reports side by side, %s', async (theme) => {
  const view = await open(theme, 1280, 800);
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
  await view.screenshot(`compare-${theme}`);
  await page.click('[data-setting="differences-only"]');
  expect(await rows.count()).toBe(52);
  await view.screenshot(`compare-all-${theme}`);
  await page.locator('.compare-name .link').first().click();
  expect(await page.locator('.detail-panel .name').first().textContent()).toBe(
    sampleReport().layers[3]?.name,
  );
});

test('a histogram is saved as SVG and PNG', async () => {
  const view = await open('light', 1280, 800);
  const { page } = view;
  await view.send(...everything());
  await view.openTab('layers');
  await page.locator('.layer-row').first().click();
  await page.locator('[data-save="svg"]').first().click();
  await page.locator('[data-save="png"]').first().click();
  await page.waitForFunction(() =>
    (window as unknown as { posted: { kind?: string }[] }).posted.some(({ kind }) => kind === 'png'),
  );
  const saved = (await view.posted()).filter((message) => message.type === 'save');
  const [svg, png] = ['svg', 'png'].map((kind) => saved.find((file) => file.kind === kind)?.data ?? '');
  const drawn = await page.evaluate((text) => {
    const root = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement;
    return {
      name: root.nodeName,
      bins: root.querySelector('path[fill^="rgb"]') !== null,
      styled: text.includes('class='),
    };
  }, svg ?? '');
  expect(drawn).toEqual({ name: 'svg', bins: true, styled: false });
  const bytes = Buffer.from(png ?? '', 'base64');
  expect(bytes.subarray(1, 4).toString()).toBe('PNG');
  const box = await page.locator('.input-part svg.histogram').first().boundingBox();
  expect(bytes.readUInt32BE(16)).toBe(2 * Math.ceil(box?.width ?? 0));
});
