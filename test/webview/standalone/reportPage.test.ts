import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runInNewContext } from 'node:vm';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inlineScript, inlineStyle, reportPage } from '../../../engine/shared/node/reportPage';
import type { ModelGraph } from '../../../engine/shared/protocol/model';
import type { PageContents } from '../../../engine/shared/protocol/page';
import type { Report } from '../../../engine/shared/protocol/report';
import { graphForPage } from '../../../engine/project/pageParts';
import { otherReport } from '../otherReport';
import { sampleScatter, sampleWeights } from '../sampleLayer';
import { sampleReport } from '../sampleReport';
import { sampleTradeOff } from '../sampleTradeOff';

const hostile = '</script><script>document.title="owned"</script><img src=x onerror=alert(1)>\u202e<!--';
let browser: Browser;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quantscope-page-'));
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
}, 60_000);
afterAll(async () => {
  await browser.close();
  await rm(folder, { recursive: true });
});

/** Renames the first layer wherever the report names it. */
function withHostileName(): Report {
  const report = sampleReport();
  const name = report.layers[0]?.name ?? '';
  const text = JSON.stringify(report).replaceAll(JSON.stringify(name), JSON.stringify(hostile));
  return JSON.parse(text) as Report;
}

/** The layers of a report in a row. */
function chainOf({ model, layers }: Report): ModelGraph {
  const nodes = layers.map(({ name, opType }) => ({
    ...{ name, kind: 'operator' as const, opType, layer: name, group: null },
  }));
  const edges = nodes.slice(1).map((_, i) => ({ from: i, to: i + 1, tensor: `t${i}`, dims: null }));
  return { hash: model.hash, nodes, groups: [], edges };
}

/** A report with all that a page can hold, the weights of one layer among it. */
function everythingOf(report: Report): PageContents {
  const layer = report.layers[0]?.name ?? '';
  const parts = { graph: chainOf(report), weights: [sampleWeights(layer)], scatters: [sampleScatter(layer)] };
  const compared = { report: otherReport(), label: hostile };
  return { report, parts, tradeOff: sampleTradeOff(), compared };
}

async function open(
  contents: PageContents,
  colorScheme: 'light' | 'dark',
): Promise<{ page: Page; problems: string[] }> {
  const file = join(folder, `${colorScheme}.html`);
  await writeFile(file, await reportPage(contents, hostile));
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme });
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith('file:') && !url.startsWith('data:')) problems.push(`asked for ${url}`);
  });
  await page.goto(pathToFileURL(file).href);
  return { page, problems };
}

test.each(['light', 'dark'] as const)('a report opens from a file, every tab, %s', async (scheme) => {
  const { page, problems } = await open(everythingOf(withHostileName()), scheme);
  const { model } = sampleReport();
  await page.getByRole('tablist').waitFor();
  expect(await page.textContent('h1')).toBe(model.path.split('/').at(-1));
  const tabs = page.getByRole('tab');
  expect(await tabs.allInnerTexts()).toEqual(['Overview', 'Layers', 'Graph', 'Trade-off', 'Compare']);
  for (const tab of await tabs.all()) {
    await tab.click();
    const panel = await tab.getAttribute('aria-controls');
    expect(await page.locator(`#${panel ?? ''}`).isVisible()).toBe(true);
  }
  await page.click('#tab-graph');
  await expect.poll(() => page.locator('.graph-stage').getAttribute('data-boxes')).toBe('51');
  await page.screenshot({ path: `out/screenshots/report-page-graph-${scheme}.png` });
  await page.click('#tab-compare');
  expect(await page.locator('.compare-table tbody tr').count()).toBeGreaterThan(3);
  expect(await page.locator('#panel-compare h2').first().innerText()).toContain('<img src=x');
  await page.screenshot({ path: `out/screenshots/report-page-compare-${scheme}.png` });
  await page.click('#tab-layers');
  await page.getByRole('searchbox').fill('owned');
  await page.locator('.layer-row').first().click();
  expect(await page.locator('.detail-panel .name').first().textContent()).toBe(hostile);
  expect(await page.locator('.weight-strip').count()).toBe(1);
  expect(await page.locator('.scatter').count()).toBe(2);
  await page.locator('.scatter').last().scrollIntoViewIfNeeded();
  await page.screenshot({ path: `out/screenshots/report-page-scatter-${scheme}.png` });
  expect(await page.title()).toBe(`${hostile} – Quantscope`);
  const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  expect(background).toBe(scheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(31, 31, 31)');
  await page.screenshot({ path: `out/screenshots/report-page-${scheme}.png` });
  expect(problems).toEqual([]);
  await page.close();
});

test('a report is read-only: nothing in it waits for an engine', async () => {
  const { page, problems } = await open(everythingOf(sampleReport()), 'light');
  await page.getByRole('tablist').waitFor();
  for (const action of ['analyze', 'quantize', 'choose-data', 'compare', 'compare-outputs'])
    expect(await page.locator(`[data-action="${action}"]:visible`).count(), action).toBe(0);
  for (const box of await page.locator('input[data-keep-float]').all())
    expect(await box.isDisabled()).toBe(true);
  await page.click('#tab-layers');
  await page.locator('.layer-row .cell-state').first().click();
  expect(await page.locator('.layer-row select').count()).toBe(0);
  // Of this layer the page has no weights.
  await page.locator('.layer-row[data-layer="p2o.Conv.28"]').click();
  expect(await page.locator('.weights-part, .scatter-part').filter({ visible: true }).count()).toBe(0);
  await page.click('#tab-tradeOff');
  const plan = page.locator('.trade-frame');
  expect(await plan.getAttribute('aria-label')).not.toContain('applies');
  await plan.focus();
  await page.keyboard.press('Enter');
  expect(await page.locator('.trade-applied').innerText()).toBe('');
  expect(await page.getByRole('button', { name: /Plan/ }).count()).toBe(0);
  expect(problems).toEqual([]);
  await page.close();
});

test('a page without a plan and a graph has no tabs for them, and one says why its graph is too large', async () => {
  const report = sampleReport();
  const bare = await open({ report, parts: null, tradeOff: null, compared: null }, 'light');
  await bare.page.getByRole('tablist').waitFor();
  expect(await bare.page.getByRole('tab').allInnerTexts()).toEqual(['Overview', 'Layers']);
  await bare.page.keyboard.press('Tab');
  await bare.page.keyboard.press('ArrowLeft');
  expect(await bare.page.locator('#tab-layers').getAttribute('aria-selected')).toBe('true');
  await bare.page.close();
  const { nodes, ...rest } = chainOf(report);
  const many = Array.from({ length: 5001 }, () => nodes)
    .flat()
    .slice(0, 5001);
  const parts = { graph: graphForPage({ ...rest, nodes: many }), weights: [], scatters: [] };
  const { page, problems } = await open({ report, parts, tradeOff: null, compared: null }, 'light');
  await page.click('#tab-graph');
  expect(await page.locator('.graph-message').innerText()).toBe(
    'The network of 5,001 nodes is too large for this page. Open the model in Quantscope to see its graph.',
  );
  expect([...bare.problems, ...problems]).toEqual([]);
  await page.close();
});

test('scripts and styles cannot end the element that holds them', () => {
  const script = inlineScript('a("</SCRIPT><script><!--",/<\\/script/)');
  expect(script).not.toMatch(/<(\/script|script|!--)/i);
  const said: unknown[] = [];
  runInNewContext(script, { a: (text: unknown) => said.push(text) });
  expect(said).toEqual(['</SCRIPT><script><!--']);
  expect(inlineStyle('a{content:"</style>"}')).toBe('a{content:"<\\/style>"}');
});
