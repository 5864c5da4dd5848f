// The list of layers with 10,000 of them in Chromium: frames while all of it scrolls by, and the longest task while it is
// sorted, filtered, grouped and chosen from, and while an analysis streams in. Argument: how many layers.
/* global window, document, performance, requestAnimationFrame */
import { cpus } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildBench } from './buildBench.mjs';

const count = Number(process.argv[2] ?? 10_000);
const LIMIT_MS = 100;
const { out } = await buildBench(['../webview/viewPage.ts', '../webview/sampleReport.ts']);
const load = (name) => import(pathToFileURL(join(out, `${name}.mjs`)).href);
const { ViewBrowser } = await load('viewPage');
const { sampleModel, sampleReport } = await load('sampleReport');

/** Names as exporters write them, so that there are blocks to group by. */
function renamed(report) {
  const kept = new Set(report.keepFloat);
  report.keepFloat = [];
  report.model.layers.forEach((summary, i) => {
    const name = `/encoder/layers.${Math.floor(i / 40)}/attention.${i % 40}/${summary.opType}`;
    if (kept.has(summary.name)) report.keepFloat.push(name);
    report.layers[i].name = summary.name = name;
    // As many bins as a cell shows; messages carry more, which is not what is measured.
    for (const { histogram } of report.layers[i].inputs) {
      histogram.binWidth *= histogram.positive.length / 128;
      histogram.positive = histogram.positive.slice(0, 128);
      histogram.negative = histogram.negative.slice(0, 64);
    }
  });
  report.decisions.choices = Object.fromEntries(report.keepFloat.map((name) => [name, 'float']));
  return report;
}

/**
 * Runs `work` in the page, and tells the longest task of the page's own thread while it and what it caused ran: by the clock,
 * and by what the processor spent on it, which other programs on a busy machine do not lengthen.
 */
async function longestTask(page, work, argument) {
  const browser = page.context().browser();
  await browser.startTracing(page, { categories: ['toplevel', '__metadata'] });
  const started = performance.now();
  const result = await page.evaluate(work, argument);
  await page.waitForTimeout(300);
  const total = performance.now() - started - 300;
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
  const mains = new Set(
    traceEvents
      .filter((event) => event.name === 'thread_name' && event.args.name === 'CrRendererMain')
      .map((event) => `${event.pid} ${event.tid}`),
  );
  const tasks = traceEvents.filter(
    (event) => event.name.endsWith('RunTask') && mains.has(`${event.pid} ${event.tid}`),
  );
  const most = (key) => tasks.reduce((longest, event) => Math.max(longest, (event[key] ?? 0) / 1000), 0);
  return { result, clock: most('dur'), processor: most('tdur'), total };
}

/** Runs in the page: scrolls to the end, so many pixels a frame. */
async function scrollThrough(pixels) {
  const grid = document.querySelector('.layer-grid');
  const frames = [];
  let last = await new Promise(requestAnimationFrame);
  while (grid.scrollTop + grid.clientHeight < grid.scrollHeight - 1) {
    grid.scrollTop += pixels;
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - last);
    last = now;
  }
  const seconds = frames.reduce((a, b) => a + b, 0) / 1000;
  frames.sort((a, b) => a - b);
  return {
    perSecond: frames.length / seconds,
    slow: frames[Math.floor(0.99 * frames.length)],
    frames: frames.length,
  };
}

const rows = [];
const note = (what, { clock, processor, total }) =>
  rows.push({
    what,
    'longest task': `${clock.toFixed(0)} ms`,
    'of the processor': `${processor.toFixed(0)} ms`,
    took: `${total.toFixed(0)} ms`,
    'no task over 100 ms': processor <= LIMIT_MS,
  });

const browser = await ViewBrowser.start();
try {
  const report = renamed(sampleReport(count));
  const view = await browser.open('dark', 1400, 900);
  const { page } = view;
  await view.send({ type: 'model', summary: report.model }, { type: 'report', report });
  await view.openTab('layers');
  await page.waitForTimeout(500);

  for (const pixels of [110, 1100]) {
    await page.evaluate(() => (document.querySelector('.layer-grid').scrollTop = 0));
    const measured = await longestTask(page, scrollThrough, pixels);
    const { perSecond, slow, frames } = measured.result;
    note(`scroll, ${pixels} pixels a frame`, measured);
    console.log(
      `Scrolling ${pixels} pixels a frame: ${perSecond.toFixed(1)} frames a second over ${frames} frames, 99% of them within ${slow.toFixed(0)} ms.`,
    );
  }
  const keys = await page.evaluate(() =>
    [...document.querySelectorAll('.sort')].map((button) => button.dataset.sort),
  );
  for (const key of keys)
    note(
      `sort by ${key}, twice`,
      await longestTask(
        page,
        async (sorted) => {
          for (let i = 0; i < 2; i++) {
            document.querySelector(`[data-sort="${sorted}"]`).click();
            await new Promise((done) => setTimeout(done, 50));
          }
        },
        key,
      ),
    );
  const typing = async (text) => {
    const filter = document.querySelector('.filter');
    for (let end = 1; end <= text.length; end++) {
      filter.value = text.slice(0, end);
      filter.dispatchEvent(new window.Event('input'));
      await new Promise((done) => setTimeout(done, 30));
    }
    filter.value = '';
    filter.dispatchEvent(new window.Event('input'));
  };
  note('type a filter', await longestTask(page, typing, 'layers.12/attention'));
  const toggleGroups = async () => {
    for (let i = 0; i < 2; i++) {
      document.querySelector('[data-action="group"]').click();
      await new Promise((done) => setTimeout(done, 100));
    }
  };
  note('group, and back', await longestTask(page, toggleGroups));
  const press = async (events) => {
    for (const event of events) {
      const options = { ...event, bubbles: true, cancelable: true };
      document.querySelector('.layer-grid').dispatchEvent(new window.KeyboardEvent('keydown', options));
      await new Promise((done) => setTimeout(done, 50));
    }
  };
  const chosen = [{ key: 'Home' }, { key: 'a', ctrlKey: true }, { key: 'End', shiftKey: true }];
  note('choose all, and a range of all', await longestTask(page, press, chosen));
  await view.close();

  const running = await browser.open('dark', 1400, 900);
  const model = { ...sampleModel(count), layers: report.model.layers };
  await running.send({ type: 'model', summary: model });
  const messages = Array.from({ length: 200 }, (_, i) => ({
    type: 'measured',
    layers: Array.from({ length: 50 }, (_, j) => {
      const { name, sqnrDb, drop, standardError, outputDb } = report.layers[(i * 50 + j) % count];
      const alone = i % 2 === 0 ? null : { drop, standardError, outputDb, isSettled: i % 4 === 3 };
      return { name, sqnrDb, isForetold: i % 2 === 0, alone };
    }),
  }));
  // Handing them over is a long task of the bench's own.
  await running.page.evaluate((all) => (window.messages = all) && null, messages);
  const stream = async () => {
    for (const message of window.messages) {
      window.postMessage(message, '*');
      await new Promise((done) => setTimeout(done, 5));
    }
  };
  note('200 messages of 50 measured layers', await longestTask(running.page, stream));
  await running.close();
} finally {
  await browser.stop();
}
console.log(`${count} layers, ${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, no GPU.`);
console.table(rows);
