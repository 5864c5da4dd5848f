// A folder that nobody trusts, in a browser. Run by scripts/testBrowser.mjs.
import { strict as assert } from 'node:assert';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { openBrowser } from '../../scripts/browser.mjs';
import { CALM, startEditor } from '../../scripts/editor.mjs';
import { makeTestWorkspace } from '../../scripts/testWorkspace.mjs';

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'out/untrusted-workspace');

describe('a folder that is not trusted', () => {
  const cache = mkdtempSync(join(tmpdir(), 'quantscope-cache-'));
  let browser;
  let editor;
  let page;

  before(async () => {
    process.env.QUANTSCOPE_CACHE = cache;
    makeTestWorkspace(folder);
    mkdirSync(join(root, 'out/screenshots'), { recursive: true });
    browser = await openBrowser();
    const settings = { ...CALM, 'security.workspace.trust.startupPrompt': 'never' };
    editor = await startEditor({ folder, extensionDir: root, settings, trusted: false });
    page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    // Far above what any step takes: it ends what hangs, not what a busy machine slows down.
    page.setDefaultTimeout(120_000);
    await page.goto(editor.urlOf([['openFile', editor.remote(join(folder, 'cls.onnx'))]]));
  });
  after(async () => {
    await page?.screenshot({ path: join(root, 'out/screenshots/editor-untrusted.png') });
    await browser?.close();
    await editor?.stop();
    rmSync(cache, { recursive: true, force: true });
  });

  it('shows its models, and runs none of them', async () => {
    const view = page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
    await view.locator('.model-title').waitFor();
    await page.getByText('Restricted Mode').first().waitFor();
    await page.keyboard.press('F1');
    await page.locator('.quick-input-box input').fill('>Quantscope: ');
    const rows = page.locator('.quick-input-list .monaco-list-row');
    await rows.filter({ hasText: 'Quantscope: Open as Text' }).waitFor();
    assert.equal(await rows.filter({ hasText: 'Quantscope: Analyze Model' }).count(), 0);
    assert.equal(await rows.filter({ hasText: 'Quantscope: Quantize Model' }).count(), 0);
    await page.keyboard.press('Escape');
    // The view's own button reaches the command too, which asks nothing first.
    await view
      .getByRole('button', { name: /^Analyze/ })
      .first()
      .click();
    const message = page.locator('.notification-list-item-message', { hasText: 'not trusted' });
    await message.waitFor();
    assert.match(await message.innerText(), /Analyzing runs cls\.onnx, and this workspace is not trusted/);
  });

  it('has a recipe checked where no model is at all', async () => {
    const lonely = join(root, 'out/lonely-workspace');
    rmSync(lonely, { recursive: true, force: true });
    mkdirSync(lonely);
    writeFileSync(join(lonely, 'lonely.quant.json'), '{ "version": 1, // ours\n  "layer": {} }\n');
    const url = new URL(editor.urlOf([['openFile', editor.remote(join(lonely, 'lonely.quant.json'))]]));
    url.searchParams.set('folder', lonely);
    await page.goto(url.href);
    await page.locator('.monaco-editor .view-lines').getByText('ours').waitFor();
    await page.keyboard.press('F1');
    await page.locator('.quick-input-box input').fill('>Problems: Focus on Problems View');
    await page
      .locator('.quick-input-list .monaco-list-row', { hasText: 'Focus on Problems' })
      .first()
      .waitFor();
    await page.keyboard.press('Enter');
    const problems = page.locator('.markers-panel .monaco-list-row');
    // The engine's own, and the schema's; a comment is none.
    await problems.filter({ hasText: 'There is no lonely.onnx beside this recipe.' }).waitFor();
    await problems.filter({ hasText: 'Property layer is not allowed' }).waitFor();
    assert.equal(await problems.filter({ hasText: /comment/i }).count(), 0);
  });
});
