import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runInNewContext } from 'node:vm';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inlineScript, inlineStyle, reportPage } from '../../engine/reportPage';
import type { Report } from '../../engine/protocol';
import { sampleReport } from './sampleReport';

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

async function open(
  report: Report,
  colorScheme: 'light' | 'dark',
): Promise<{ page: Page; problems: string[] }> {
  const file = join(folder, `${colorScheme}.html`);
  await writeFile(file, await reportPage(report, hostile));
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
  const { page, problems } = await open(withHostileName(), scheme);
  const { model } = sampleReport();
  await page.getByRole('tablist').waitFor();
  expect(await page.textContent('h1')).toBe(model.path.split('/').at(-1));
  for (const tab of await page.getByRole('tab').all()) {
    await tab.click();
    const panel = await tab.getAttribute('aria-controls');
    expect(await page.locator(`#${panel ?? ''}`).isVisible()).toBe(true);
  }
  await page.click('#tab-layers');
  await page.getByRole('searchbox').fill('owned');
  await page.locator('.layer-row').first().click();
  expect(await page.locator('.detail-panel .name').first().textContent()).toBe(hostile);
  expect(await page.title()).toBe(`${hostile} – Quantscope`);
  const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  expect(background).toBe(scheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(31, 31, 31)');
  await page.screenshot({ path: `out/screenshots/report-page-${scheme}.png` });
  expect(problems).toEqual([]);
  await page.close();
});

test('a report is read-only: nothing in it waits for an engine', async () => {
  const { page, problems } = await open(sampleReport(), 'light');
  await page.getByRole('tablist').waitFor();
  for (const action of ['analyze', 'quantize', 'choose-data'])
    expect(await page.locator(`[data-action="${action}"]:visible`).count(), action).toBe(0);
  for (const box of await page.locator('input[data-keep-float]').all())
    expect(await box.isDisabled()).toBe(true);
  await page.click('#tab-layers');
  await page.locator('.layer-row .cell-state').first().click();
  expect(await page.locator('.layer-row select').count()).toBe(0);
  expect(problems).toEqual([]);
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
