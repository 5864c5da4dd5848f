import { expect, test } from 'vitest';
import type { LayerInput } from '../../engine/shared/protocol/report';
import { data, everything } from './sampleMessages';
import { sampleModel, sampleQuantized, sampleReport } from './sampleReport';
import type { ThemeName } from './themes';
import { useView } from './useView';
import type { View } from './viewPage';

const openView = useView();
let view: View;

const report = sampleReport();

const sizes = { wide: [1400, 900], middle: [900, 760], narrow: [400, 1000] } as const;
const looks: [ThemeName, keyof typeof sizes][] = [
  ['dark', 'wide'],
  ['dark', 'middle'],
  ['dark', 'narrow'],
  ['light', 'wide'],
  ['light', 'narrow'],
  ['hc-dark', 'wide'],
  ['hc-light', 'wide'],
  ['hc-dark', 'narrow'],
];
test.each(looks)('shows a report in %s, %s', async (theme, size) => {
  const [width, height] = sizes[size];
  view = await openView(theme, width, height);
  await view.send(...everything());
  expect(await view.page.locator('.result').innerText()).toContain('52.8%');
  const overflow = () =>
    view.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(await overflow()).toBe(0);
  await view.screenshot(`overview-${theme}-${size}`);
  await view.openTab('layers');
  await expect.poll(() => view.page.locator('.input-part svg.histogram').count()).toBe(1);
  expect(await overflow()).toBe(0);
  await view.screenshot(`layers-${theme}-${size}`);
  expect(await view.page.locator('.detail-head .figures').innerText()).toMatch(/dB cosine 0\.\d{4}/);
  if (size === 'narrow') {
    await view.page.locator('.detail-panel').scrollIntoViewIfNeeded();
    await view.page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
    await view.screenshot(`layers-${theme}-${size}-detail`);
  }
});

test.each<[ThemeName, number]>([
  ['light', 1400],
  ['dark', 1400],
  ['hc-dark', 1400],
  ['light', 400],
])('says what is no number, and what each calibrator reached, in %s at %i pixels', async (theme, width) => {
  view = await openView(theme, width, 900);
  const notFinite = { nan: 3, positive: 1, negative: 0, sample: 'street-signs #17' };
  const nothing = { histogram: { binWidth: 1, positive: [], negative: [] }, min: 0, max: 0 };
  const changes = new Map<string, Partial<LayerInput>>([
    ['p2o.Conv.2', { notFinite }],
    ['p2o.Conv.28', { ...nothing, notFinite: { ...notFinite, nan: 12_800, positive: 0 } }],
  ]);
  const layers = report.layers.map((layer) => ({
    ...layer,
    inputs: layer.inputs.map((input) => ({ ...input, ...changes.get(layer.name) })),
  }));
  await view.send(...everything({ ...report, layers }));
  await view.page.locator('details.calibrators > summary').click();
  await view.screenshot(`calibrators-${theme}-${width}`);
  await view.openTab('layers');
  await expect.poll(() => view.page.locator('.input-part svg.histogram').count()).toBe(1);
  const line = view.page.locator('.input-part .warning');
  await expect.poll(() => line.count()).toBe(1);
  expect(await line.innerText()).toContain('3 NaN, 1 +∞, first in sample street-signs #17');
  expect(await line.getByRole('img', { name: 'Warning' }).count()).toBe(1);
  const name = await view.page.locator('.histogram-frame').getAttribute('aria-label');
  expect(name).toMatch(/; 3 NaN, 1 \+∞ left out$/);
  const marks = view.page.locator('.cell-name').getByRole('img', { name: /^Input holds/ });
  await expect.poll(() => marks.count()).toBe(2);
  expect(await marks.nth(1).getAttribute('aria-label')).toBe('Input holds 12.8 k NaN');
  await line.scrollIntoViewIfNeeded();
  await view.screenshot(`not-finite-${theme}-${width}`);
  await view.page.click('.layer-row[data-layer="p2o.Conv.28"]');
  await expect.poll(() => view.page.locator('.input-part').innerText()).toContain('No value is left');
  expect(await view.page.locator('.input-part svg.histogram, .detail-panel .clip-table').count()).toBe(0);
  await view.page.locator('.detail-inputs').scrollIntoViewIfNeeded();
  await view.screenshot(`not-finite-all-${theme}-${width}`);
});

test.each<[ThemeName, number]>([
  ['dark', 1400],
  ['light', 1400],
  ['hc-dark', 400],
  ['light', 400],
])('leads before the first analysis in %s at %i pixels', async (theme, width) => {
  view = await openView(theme, width, 700);
  await view.screenshot(`loading-${theme}-${width}`);
  await view.send({ type: 'model', summary: sampleModel() }, { type: 'data', data: null });
  await expect.poll(() => view.page.locator('[data-action="choose-data"]').count()).toBe(1);
  await view.screenshot(`start-${theme}-${width}`);
  await view.send(data);
  await expect.poll(() => view.page.locator('.start').innerText()).toContain('street-signs.npz');
  await view.screenshot(`start-data-${theme}-${width}`);
  await view.page.click('[data-action="analyze"]');
  expect((await view.posted()).map((message) => message.type)).toEqual(['ready', 'analyze']);
});

test.each<[ThemeName, number]>([
  ['light', 1400],
  ['hc-dark', 400],
])(
  'shows the scales of a quantized model in %s at %i pixels, and offers no analysis',
  async (theme, width) => {
    view = await openView(theme, width, 900);
    await view.send({ type: 'model', summary: sampleQuantized() }, data);
    const rows = view.page.locator('.scales tbody tr');
    await expect.poll(() => rows.count()).toBe(200);
    expect(await rows.nth(0).locator('th, td').allTextContents()).toEqual([
      'hardswish_0.tmp_0',
      'activation',
      'uint8',
      'one',
      '0.0021',
      '129',
    ]);
    expect(await rows.nth(1).locator('td').allTextContents()).toEqual([
      'weight',
      'int8',
      '64, axis 0',
      '0.0021 … 0.0727',
      '0',
    ]);
    const text = await view.page.locator('.start').innerText();
    expect(text).toContain('Quantized already: 51 layers (QDQ)');
    expect(text).toContain('and 100 tensors more');
    expect(text).toContain('Computes in float16');
    expect(await view.page.locator('img').count()).toBe(0);
    await view.screenshot(`quantized-model-${theme}-${width}`);
    await view.page.click('[data-action="analyze"]', { force: true });
    expect((await view.posted()).map((message) => message.type)).toEqual(['ready']);
    const overflow = await view.page.evaluate(() => document.body.scrollWidth - document.body.clientWidth);
    expect(overflow).toBe(0);
  },
);
