// `npm run gallery [-- PAGE.html PLAN.json OTHER.json]`: pictures of every tab of the view into docs/gallery/, light and dark, as the
// editor shows them with a report in a page, a plan and another report of the same model. Without them those of the sample text
// recognizer are made first: weights scaled as a whole, a plan along the bytes, and weights scaled by channel.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildBench } from '../test/bench/buildBench.mjs';
import { root, run } from './setUp.mjs';
import { sampleData, sampleModel } from './testWorkspace.mjs';

const SAMPLES = ['--samples', '32'];
const TABS = {
  overview: 'overview',
  layers: 'layers',
  graph: 'graph',
  tradeOff: 'trade-off',
  compare: 'compare',
};
const folder = join(root, 'docs/gallery');

function make(work) {
  const [page, plan, other] = ['page.html', 'plan.json', 'other.json'].map((name) => join(work, name));
  const measure = (command, ...more) => {
    const words = [command, sampleModel, '--data', sampleData, ...SAMPLES, '--no-recipe', ...more];
    if (!run(process.execPath, ['dist/quantscope.js', ...words])) throw new Error(`${command} failed.`);
  };
  measure('analyze', '--weights', 'per-tensor', '--html', page);
  measure('plan', '--json', plan);
  measure('analyze', '--weights', 'per-channel', '--json', other);
  return [page, plan, other];
}

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** What a report's page holds. */
function contentsOf(file) {
  const text = readFileSync(file, 'utf8');
  const [, json] =
    /<script type="application\/json" id="quantscope-contents">([^]*?)<\/script>/.exec(text) ?? [];
  if (json === undefined) throw new Error(`${file} is no page of a report.`);
  return JSON.parse(json);
}

/** All that the editor would tell the view. */
function messagesOf({ report, parts }, tradeOff, other) {
  const done = (result) => ({ kind: 'done', result });
  return [
    { type: 'model', summary: report.model },
    { type: 'data', data: null },
    { type: 'report', report },
    { type: 'decided', choices: [] },
    { type: 'graph', answer: done(parts.graph) },
    ...parts.weights.map((weights) => ({
      type: 'layerWeights',
      layer: weights.layer,
      answer: done(weights),
    })),
    { type: 'tradeOff', tradeOff },
    { type: 'compared', report: other, label: 'Weights per channel' },
  ];
}

const work = mkdtempSync(join(tmpdir(), 'quantscope-gallery-'));
try {
  const files = process.argv.slice(2);
  const [page, plan, other] = files.length === 3 ? files : make(work);
  const messages = messagesOf(contentsOf(page), readJson(plan), readJson(other));
  mkdirSync(folder, { recursive: true });
  const { out } = await buildBench(['../webview/viewPage.ts']);
  const { ViewBrowser } = await import(pathToFileURL(join(out, 'viewPage.mjs')).href);
  const browser = await ViewBrowser.start();
  for (const theme of ['light', 'dark', 'hc-dark', 'hc-light']) {
    const view = await browser.open(theme, 1280, 800);
    await view.send(...messages);
    for (const [tab, name] of Object.entries(TABS)) {
      await view.openTab(tab);
      // Layouts in workers and fonts settle.
      await view.page.waitForTimeout(1500);
      const picture = join(folder, `${name}-${theme}.png`);
      await view.page.screenshot({ path: picture });
      console.log(picture);
    }
    await view.close();
  }
  await browser.stop();
} finally {
  rmSync(work, { recursive: true });
}
