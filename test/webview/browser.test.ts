import { describe, expect, test } from 'vitest';
import type { LayerInput, Progress, QuantizeResult } from '../../engine/protocol';
import { data, everything } from './sampleMessages';
import { sampleModel, sampleQuantized, sampleReport } from './sampleReport';
import type { ThemeName } from './themes';
import { useView } from './useView';
import type { View } from './viewPage';

const openView = useView();
let view: View;

const progress: Progress = {
  stage: 'sensitivity',
  title: 'Measuring each layer',
  done: 19,
  total: 51,
  secondsLeft: 125,
};
const report = sampleReport();
const quantized: QuantizeResult = {
  output: '/home/user/models/ch_PP-OCRv4_rec_infer.int8.onnx',
  settings: report.settings,
  keepFloat: report.keepFloat,
  decisions: report.decisions,
  recipe: { version: 1, layers: [], operators: [] },
  blamed: report.blamed,
  notebook: report.notebook,
  float: report.float,
  int8: report.advised,
  meetsTarget: true,
  lint: [],
  warnings: [],
};

const firstRow = () => view.page.locator('.layer-row[aria-rowindex="2"]');
const selectedRow = () => view.page.locator('.layer-row[aria-selected="true"]');
const decisions = async () => (await view.posted()).filter((message) => message.type === 'decide');

describe('appearance', () => {
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

describe('commands', () => {
  test('shows progress, and cancels', async () => {
    view = await openView('dark', 1000, 700);
    await view.send({ type: 'model', summary: sampleModel() }, data, { type: 'progress', progress });
    expect(await view.page.locator('.progress').innerText()).toMatch(
      /Measuring each layer\s+19 of 51\s+2 min 5 s left\s+Cancel/,
    );
    await view.screenshot('progress-first');
    const measured = report.layers.map(({ name, sqnrDb, drop, standardError, outputDb }, i) => ({
      // As they come: foretold, measured, on few samples, and then on all.
      ...{ name, sqnrDb, isForetold: i % 4 === 3 },
      alone: i % 4 === 1 || i % 4 === 2 ? { drop, standardError, outputDb, isSettled: i % 4 === 2 } : null,
    }));
    await view.send({ type: 'measured', layers: measured });
    expect(await firstRow().innerText()).toMatch(/^3\s+p2o\.Conv\.2\s+Conv\s[^]*−45\.3/);
    expect(await view.page.getByRole('columnheader').allInnerTexts()).toContain('At outputs');
    await view.screenshot('measuring');
    await view.send({ type: 'measured', layers: [] });
    await view.page.click('[data-action="analyze"]', { force: true });
    await view.page.click('[data-action="cancel"]');
    expect((await view.posted()).map((message) => message.type)).toEqual(['ready', 'cancel']);
    await view.send(
      { type: 'progress', progress: null },
      { type: 'error', error: { code: 'cancelled', message: 'The analysis was cancelled.', hint: '' } },
    );
    expect(await view.page.locator('.banner.cancelled').isVisible()).toBe(true);
    expect(await view.page.locator('[data-action="show-log"]').count()).toBe(0);
    await view.screenshot('cancelled');
    await view.send(...everything(), {
      type: 'progress',
      progress: { ...progress, total: 0, secondsLeft: null },
    });
    await view.screenshot('progress-again');
  });

  test('shows a failure with its hint and the way to the log', async () => {
    view = await openView('light', 1000, 700);
    const error = {
      code: 'runtime',
      message: 'onnxruntime failed at node p2o.Conv.3: input x has 4 channels, the weight expects 3.',
      hint: 'Check that the data has the shape that the model takes.',
    } as const;
    await view.send(...everything(), { type: 'error', error });
    await view.screenshot('error');
    await view.page.click('[data-action="show-log"]');
    expect((await view.posted()).at(-1)).toEqual({ type: 'showLog' });
  });

  test('shows only the failure when the model cannot be read', async () => {
    view = await openView('dark', 1000, 700);
    const error = {
      code: 'bad-model',
      message: 'broken.onnx ends inside field 7.',
      hint: 'Export it again.',
    } as const;
    await view.send({ type: 'error', error });
    expect(await view.page.locator('.banner.error').innerText()).toContain('ends inside field 7');
    expect(await view.page.locator('.layer-panel').isVisible()).toBe(false);
    await view.screenshot('bad-model');
  });

  test('shows what was quantized', async () => {
    view = await openView('dark', 1400, 900);
    await view.send(...everything(), { type: 'quantized', result: quantized });
    const card = view.page.locator('.quantized');
    expect((await card.locator('.facts li').allInnerTexts()).slice(0, 2)).toEqual([
      'within 1% of float',
      '97.6%, 0.5 points below float (95%: −0.9 to −0.1)',
    ]);
    expect(await card.innerText()).toContain('1.4× faster (1.3–1.4)');
    expect(await card.innerText()).toContain('2.1% of multiply-adds in float');
    expect(await card.innerText()).toContain('Softmax (1) costs 1.2 points in int8: stays in float');
    // The report's notebook tells the same.
    expect(await card.locator('.notebook').count()).toBe(0);
    await view.screenshot('quantized');
    const other = { ...quantized, notebook: quantized.notebook.slice(2), meetsTarget: false };
    await view.send({ type: 'quantized', result: other });
    expect(await card.innerText()).toContain('not within 1% of float');
    await card.locator('.notebook > summary').click();
    await view.screenshot('quantized-notebook');
    await view.page.click('[data-action="quantize"]');
    expect((await view.posted()).at(-1)).toEqual({ type: 'quantize' });
  });
});

describe('layers', () => {
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
    const names = [
      '</script><script>alert(1)</script>',
      '<img src=x onerror=alert(2)>',
      'x'.repeat(10_000),
      'encoder\u202Egnp.exe\u202C/\u2067عربي',
      '"] , body { display: none } [x="',
    ];
    names.forEach((name, i) => {
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
    hostile.model.path = `/models/${names[1] ?? ''}.onnx`;
    hostile.warnings = [names[0] ?? '', names[2] ?? ''];
    view = await openView('dark', 900, 760);
    await view.send({ type: 'model', summary: hostile.model }, data);
    await view.screenshot('hostile-start');
    await view.send(...everything(hostile));
    await view.openTab('layers');
    await view.page.locator('.layer-grid').focus();
    for (let i = 0; i < names.length; i += 1) {
      expect(await selectedRow().getAttribute('data-layer')).toBe(names[i]);
      expect(await view.page.locator('.detail-panel h2').textContent()).toBe(names[i]);
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
});
