// The whole way as a person goes it, in a browser: install the package, open the model, analyze, look. Run by
// scripts/testBrowser.mjs.
import { strict as assert } from 'node:assert';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { openBrowser } from '../../scripts/browser.mjs';
import { CALM, startEditor } from '../../scripts/editor.mjs';
import { buildRelease, makePackage, ownTarget } from '../../scripts/package.mjs';
import { makeTestWorkspace } from '../../scripts/testWorkspace.mjs';

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'out/browser-workspace');
const screenshots = join(root, 'out/screenshots');
/**
 * Few samples and a target that is met at once: what stands between the layers and remedies need not be tried. Of another processor
 * than this one nothing is timed to choose by.
 */
const quick = {
  ...CALM,
  'quantscope.profile': 'arm',
  'quantscope.samples': 4,
  'quantscope.calibration': 'percentile:99.999',
  'quantscope.targetDrop': 0.2,
};

/** Chooses a tab of the view. */
const openTab = (view, name) => view.getByRole('tab', { name }).click();

/** The view's document, inside the editor's page. */
const viewOf = (page) => page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');

/** @param asked what the command asks for, where it does: the window closes lists as it settles, and it is run anew */
async function palette(page, command, asked) {
  const row = page.locator('.quick-input-list .monaco-list-row', { hasText: command }).first();
  const shown = (locator) => locator.waitFor({ timeout: 5000 }).catch(() => undefined);
  for (let i = 0; i < 20; i++) {
    await page.keyboard.press('Escape');
    await page.keyboard.press('F1');
    await page.locator('.quick-input-box input').fill(`>${command}`);
    // What a window knows of its editor comes a moment after it opens.
    await shown(row);
    if (!(await row.isVisible())) continue;
    await page.keyboard.press('Enter');
    if (asked === undefined) return;
    await shown(asked);
    if (await asked.isVisible()) return;
  }
  assert.fail(`${command} could not be run`);
}

describe('the editor in a browser', () => {
  let browser;
  /** By theme: every page is a window of its own in it. */
  const editors = new Map();
  let page;
  let vsix;
  const cache = mkdtempSync(join(tmpdir(), 'quantscope-cache-'));

  async function open(name, theme) {
    const settings = { ...quick, 'workbench.colorTheme': theme };
    const editor = editors.get(theme) ?? (await startEditor({ folder, vsix, settings }));
    editors.set(theme, editor);
    page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    // Far above what any step takes: it ends what hangs, not what a busy machine slows down.
    page.setDefaultTimeout(120_000);
    await page.goto(editor.urlOf([['openFile', editor.remote(join(folder, name))]]));
    return viewOf(page);
  }

  async function shoot(name) {
    await page.screenshot({ path: join(screenshots, `${name}.png`) });
  }

  before(async () => {
    vsix = makePackage(ownTarget(), buildRelease()).file;
    process.env.QUANTSCOPE_CACHE = cache;
    mkdirSync(screenshots, { recursive: true });
    makeTestWorkspace(folder);
    browser = await openBrowser();
  });
  afterEach(async function () {
    if (this.currentTest?.state === 'failed' && page) await shoot('failed');
    await page?.close();
  });
  after(async () => {
    await browser?.close();
    for (const editor of editors.values()) await editor.stop();
    rmSync(cache, { recursive: true, force: true });
  });

  it('analyzes a model from the palette and draws its histograms with the clips', async () => {
    const view = await open('cls.onnx', 'Default Light Modern');
    await view.getByRole('button', { name: 'Choose Data…' }).waitFor();
    await shoot('editor-light-opened');
    const lines = page.locator('.quick-input-list .monaco-list-row', { hasText: 'upright' }).first();
    await palette(page, 'Quantscope: Analyze Model', lines);
    await shoot('editor-light-data');
    await lines.click();
    await view.locator('.progress-title').filter({ hasText: /\S/ }).waitFor();
    await shoot('editor-light-progress');
    await view.locator('.result').waitFor({ timeout: 300_000 });
    await page.waitForTimeout(500);
    await shoot('editor-light-report');
    await openTab(view, 'Layers');
    await view.locator('.input-part svg.histogram').first().waitFor();
    assert.ok(
      (await view.locator('.input-part svg.histogram .clip-line').count()) >= 3,
      'clips of several methods',
    );
    // On both sides of zero where the tensor has both.
    const used = await view
      .locator('.input-part svg.histogram')
      .first()
      .locator('.clip-line.used')
      .evaluateAll((lines) => lines.map((line) => line.getAttribute('data-method')));
    assert.deepEqual([...new Set(used)], ['percentile:99.999']);
    assert.match(
      (await view.locator('.input-part svg.histogram path.bins').first().getAttribute('d')) ?? '',
      /\d/,
    );
    await page.waitForTimeout(500);
    await shoot('editor-light-layers');
    // A drawing goes where the dialog says.
    await view.locator('.layer-row').first().click();
    await view.locator('[data-save="svg"]:visible').first().click();
    const name = page.locator('.quick-input-box input');
    for (let i = 0; i < 100 && !(await name.inputValue()).endsWith('.svg'); i++)
      await page.waitForTimeout(100);
    const drawing = await name.inputValue();
    await name.press('Enter');
    await page.locator('.notification-list-item-message', { hasText: /^Wrote .+\.svg\./ }).waitFor();
    assert.ok(drawing.startsWith(folder), drawing);
    assert.match(readFileSync(drawing, 'utf8'), /<svg[^]*<path/);
  });

  it('quantizes from the palette by two answers, the first being the target of the settings', async () => {
    const view = await open('cls.onnx', 'Default Light Modern');
    await view.locator('.result').waitFor();
    const rows = page.locator('.quick-input-list .monaco-list-row');
    await palette(page, 'Quantscope: Quantize Model', rows.filter({ hasText: 'Within 1% of float' }));
    assert.match(await rows.first().innerText(), /Within 20% of float\s*As in the settings/);
    await shoot('editor-light-target');
    await page.keyboard.press('Enter');
    const name = page.locator('.quick-input-box input');
    for (let i = 0; i < 100 && !(await name.inputValue()).endsWith('cls.int8.onnx'); i++)
      await page.waitForTimeout(100);
    // The dialog hears nothing while it looks at the folder.
    for (let i = 0; i < 20 && (await name.isVisible()); i++) {
      await name.press('Enter').catch(() => undefined);
      await page.waitForTimeout(500);
    }
    const card = view.locator('.quantized');
    await card.locator('.facts').waitFor({ timeout: 300_000 });
    assert.match(
      await card.innerText(),
      /too few samples for a verdict\s+\d+\.\d%, .*(below|above|level with) float/,
    );
    const message = page.locator('.notification-list-item-message', { hasText: 'cls.int8.onnx' });
    await message.waitFor();
    assert.match(await message.innerText(), /too few samples for a verdict: \d+\.\d%, .* float/);
    await shoot('editor-light-quantized');
    await page.reload();
    await viewOf(page).locator('.result').waitFor();
    await palette(page, 'Quantscope: Quantize Model', rows.filter({ hasText: 'As last time' }));
    assert.match(await rows.first().innerText(), /Within 20% of float\s*As last time/);
    await page.keyboard.press('Escape');
  });

  it('shows the finished analysis at once in a new window, and keeps decisions over a reload', async () => {
    const view = await open('cls.onnx', 'Default Dark Modern');
    await view.locator('.result').waitFor();
    await shoot('editor-dark-report');
    await openTab(view, 'Layers');
    const row = view.locator('.layer-row[aria-rowindex="2"]');
    const layer = await row.getAttribute('data-layer');
    const isFloat = (await row.locator('.state-choice').innerText()) === 'float';
    const wanted = isFloat ? 'int8' : 'float';
    await row.locator('.cell-state').hover();
    await row.locator('select').selectOption(wanted);
    await row.locator('.state-reason', { hasText: 'yours' }).waitFor();
    await page.waitForTimeout(1000);
    await page.reload();
    const reloaded = viewOf(page);
    await openTab(reloaded, 'Layers');
    const again = reloaded.locator('.layer-row[aria-rowindex="2"]');
    await again.locator('.state-reason', { hasText: 'yours' }).waitFor();
    assert.equal(await again.getAttribute('data-layer'), layer);
    assert.equal(await again.locator('.state-choice').innerText(), wanted);
  });

  it('shows the model as text, highlighted by the grammar', async () => {
    await (await open('cls.onnx', 'Default Light Modern')).locator('.model-title').waitFor();
    await palette(page, 'Quantscope: Open as Text');
    const lines = page.locator('.monaco-editor .view-lines');
    await lines.getByText('ir_version').waitFor();
    // Tokens of one kind share a class; a grammar that matches nothing leaves one.
    const classes = () =>
      lines
        .locator('span[class^="mtk"]')
        .evaluateAll((spans) => [...new Set(spans.map((span) => span.className))]);
    for (let i = 0; i < 50 && (await classes()).length < 4; i++) await page.waitForTimeout(100);
    assert.ok((await classes()).length >= 4, 'several colours');
    await page.waitForTimeout(500);
    await shoot('editor-light-text');
  });

  it('says in the view what is wrong with a file that is no model', async () => {
    await (await open('cls.onnx', 'Default Dark Modern')).locator('.model-title').waitFor();
    await page.getByRole('treeitem', { name: 'text.onnx' }).dblclick();
    const view = viewOf(page);
    const banner = view.locator('.banner.error');
    await banner.waitFor();
    assert.match(await banner.innerText(), /text\.onnx/);
    await shoot('editor-dark-error');
  });
});
