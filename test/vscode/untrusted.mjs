// A folder that nobody trusts, in a browser. Run by scripts/testBrowser.mjs.
import { strict as assert } from 'node:assert';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { openBrowser } from '../../scripts/browser.mjs';
import { startEditor } from '../../scripts/editor.mjs';
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
    const settings = { 'security.workspace.trust.startupPrompt': 'never' };
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
});
