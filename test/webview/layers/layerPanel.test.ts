import { expect, test } from 'vitest';
import { hostileNames } from '../hostileNames';
import { data, everything } from '../sampleMessages';
import { sampleReport } from '../sampleReport';
import { useView } from '../useView';
import type { View } from '../viewPage';

const openView = useView();
let view: View;

const firstRow = () => view.page.locator('.layer-row[aria-rowindex="2"]');
const selectedRow = () => view.page.locator('.layer-row[aria-selected="true"]');
const decisions = async () => (await view.posted()).filter((message) => message.type === 'decide');

test('works from the keyboard alone', async () => {
  view = await openView('dark', 1400, 900);
  await view.send(...everything());
  await view.openTab('layers');
  const { keyboard } = view.page;
  for (let i = 0; i < 40; i += 1) {
    await keyboard.press('Tab');
    if (await view.page.evaluate(() => document.activeElement?.classList.contains('layer-grid'))) break;
  }
  expect(await selectedRow().getAttribute('data-layer')).toBe('p2o.Conv.2');
  await keyboard.press('ArrowDown');
  expect(await selectedRow().getAttribute('data-layer')).toBe('p2o.Conv.28');
  expect(await view.page.locator('.detail-panel').getAttribute('data-layer')).toBe('p2o.Conv.28');
  await keyboard.press('Space');
  expect(await decisions()).toEqual([{ type: 'decide', layers: ['p2o.Conv.28'], choice: 'int8' }]);
  await view.send({ type: 'decided', choices: [['p2o.Conv.28', 'int8']] });
  expect(await selectedRow().locator('.state-choice').innerText()).toBe('int8');
  await view.screenshot('keyboard');
  await keyboard.press('End');
  await keyboard.press('Home');
  await keyboard.press('Enter');
  for (let i = 0; i < 5; i += 1) await keyboard.press('Tab');
  await keyboard.press('ArrowRight');
  expect(await view.page.locator('.input-part .readout').innerText()).toMatch(/to .*: [\d,]+ values?, /);
  await view.screenshot('keyboard-histogram');
  await keyboard.press('Escape');
  expect(await view.page.evaluate(() => document.activeElement?.className)).toContain('layer-grid');
});

test('toggles by mouse, and goes back to the advice', async () => {
  view = await openView('light', 1400, 900);
  await view.send(...everything());
  await view.page.click('.advice-panel input[data-keep-float="p2o.Conv.2"]');
  await view.openTab('layers');
  await view.page.hover('.layer-row[data-layer="p2o.Conv.28"] .cell-state');
  await view.page.selectOption('.layer-row[data-layer="p2o.Conv.28"] select', 'int8');
  expect(await decisions()).toEqual([
    { type: 'decide', layers: ['p2o.Conv.2'], choice: 'int8' },
    { type: 'decide', layers: ['p2o.Conv.28'], choice: 'int8' },
  ]);
  await view.send({
    type: 'decided',
    choices: [
      ['p2o.Conv.2', 'int8'],
      ['p2o.Conv.28', 'int8'],
    ],
  });
  await view.openTab('overview');
  expect(await view.page.locator('.advice-status').innerText()).toContain('Quantize will measure it');
  await view.page.click('[data-action="reset-advice"]');
  expect((await decisions()).slice(2)).toEqual([
    { type: 'decide', layers: ['p2o.Conv.2', 'p2o.Conv.28'], choice: null },
  ]);
});

test('sorts and filters, and remembers it over a reload', async () => {
  view = await openView('dark', 1400, 900);
  await view.send(...everything());
  await view.openTab('layers');
  await view.page.click('[data-sort="order"]');
  expect(await firstRow().getAttribute('data-layer')).toBe('p2o.Conv.0');
  await view.page.fill('.filter', 'matmul');
  expect(await view.page.locator('.layer-row').count()).toBe(3);
  await view.page.click('.layer-row[data-layer="p2o.MatMul.33"]');
  await view.page.reload();
  await view.send(...everything());
  await view.openTab('layers');
  expect(await view.page.locator('.layer-row').count()).toBe(3);
  expect(await selectedRow().getAttribute('data-layer')).toBe('p2o.MatMul.33');
});

test('scrolls through 10,000 layers, drawing only those in sight', async () => {
  const many = sampleReport(10_000);
  // Histograms of the layers are not what is tested, and are slow to send.
  many.layers.forEach((layer) => (layer.inputs = []));
  view = await openView('dark', 1400, 900);
  await view.send(...everything(many));
  await view.openTab('layers');
  await view.page.click('[data-sort="order"]');
  expect(await view.page.locator('.layer-row').count()).toBeLessThan(80);
  await view.page.locator('.layer-grid').focus();
  const started = Date.now();
  await view.page.keyboard.press('End');
  expect(await selectedRow().getAttribute('data-layer')).toBe('p2o.Conv.9999');
  expect(await selectedRow().isVisible()).toBe(true);
  for (let i = 0; i < 20; i += 1) await view.page.keyboard.press('PageUp');
  expect(Date.now() - started).toBeLessThan(5000);
  expect(await view.page.locator('.layer-row').count()).toBeLessThan(80);
  await view.screenshot('layers-10000');
});

test('shows hostile names as text', async () => {
  const hostile = sampleReport();
  hostileNames.forEach((name, i) => {
    const layer = hostile.layers[i];
    const summary = hostile.model.layers[i];
    if (layer === undefined || summary === undefined) return;
    hostile.keepFloat = hostile.keepFloat.map((one) => (one === layer.name ? name : one));
    layer.name = summary.name = name;
    layer.weight = summary.weight = name;
    layer.drop = 0.5 - i / 100;
    layer.advice.reason = `Because of ${name}.`;
    layer.inputs.forEach((input) => (input.tensor = name));
  });
  hostile.model.path = `/models/${hostileNames[1] ?? ''}.onnx`;
  hostile.warnings = [hostileNames[0] ?? '', hostileNames[2] ?? ''];
  view = await openView('dark', 900, 760);
  await view.send({ type: 'model', summary: hostile.model }, data);
  await view.screenshot('hostile-start');
  await view.send(...everything(hostile));
  await view.openTab('layers');
  await view.page.locator('.layer-grid').focus();
  for (let i = 0; i < hostileNames.length; i += 1) {
    expect(await selectedRow().getAttribute('data-layer')).toBe(hostileNames[i]);
    expect(await view.page.locator('.detail-panel h2').textContent()).toBe(hostileNames[i]);
    await view.screenshot(`hostile-${i}`);
    await view.page.keyboard.press('ArrowDown');
  }
  expect(await view.page.locator('img').count()).toBe(0);
  expect(await view.page.locator('script').count()).toBe(2);
  const overflow = await view.page.evaluate(() => document.body.scrollWidth - document.body.clientWidth);
  expect(overflow).toBe(0);
});

test('switches the histogram between counts and their logarithm, and zooms to the clip', async () => {
  view = await openView('light', 1400, 900);
  await view.send(...everything());
  await view.openTab('layers');
  const outline = () => view.page.locator('.input-part svg.histogram .bins').getAttribute('d');
  const log = await outline();
  await view.page.click('[data-setting="log-counts"]');
  expect(await outline()).not.toBe(log);
  await view.page.click('[data-setting="zoom"]');
  expect(await view.page.locator('.beyond').innerText()).toContain('to the right');
  expect(await view.page.locator('.clip-line.used').first().getAttribute('data-method')).toBe(
    'percentile:99.99',
  );
  await view.page.locator('.input-part svg.histogram').hover({ position: { x: 120, y: 120 } });
  expect(await view.page.locator('.input-part .readout').innerText()).toMatch(/values?, /);
  await view.screenshot('histogram-zoom');
});
