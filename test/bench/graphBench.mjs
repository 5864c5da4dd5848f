// The graph of a network of 5,000 nodes in Chromium: seconds until it is laid out, the longest task of the view's own thread
// meanwhile, and frames while it is moved at several scales. Argument: how many nodes. Other programs cost frames: what the
// processor spends on one is told beside them.
/* global window, document, performance, requestAnimationFrame, PointerEvent, WheelEvent */
import { cpus } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildBench } from './buildBench.mjs';

const count = Number(process.argv[2] ?? 5000);
const { out } = await buildBench(['../webview/viewPage.ts', '../webview/sampleReport.ts']);
const load = (name) => import(pathToFileURL(join(out, `${name}.mjs`)).href);
const { ViewBrowser } = await load('viewPage');
const { sampleReport } = await load('sampleReport');

/** Blocks of four branches with a shortcut, one behind the other, and far shortcuts as a U-Net has; no groups, the worst case. */
function bigGraph(hash) {
  const nodes = [];
  const edges = [];
  const node = (opType, ...from) => {
    const name = `${opType}_${nodes.length}`;
    const layer = opType === 'Conv' ? name : null;
    const kind = nodes.length === 0 ? 'input' : 'operator';
    for (const one of from)
      edges.push({ from: one, to: nodes.length, tensor: `t${one}`, dims: [1, 64, 56, 56] });
    nodes.push({ name, kind, opType: kind === 'input' ? '' : opType, layer, group: null });
    return nodes.length - 1;
  };
  const far = [];
  let last = node('Input');
  while (nodes.length < count - 14) {
    const branches = [0, 1, 2, 3].map((i) => {
      let at = node('Conv', last);
      for (let j = 0; j < i; j++) at = node(j % 2 === 0 ? 'Relu' : 'Conv', at);
      return at;
    });
    const joined = node('Concat', ...branches);
    const isSecondHalf = nodes.length > count / 2;
    if (far.length < 8 && nodes.length > (far.length + 1) * (count / 20)) far.push(joined);
    last = node('Add', joined, isSecondHalf && far.length > 0 ? far.pop() : last);
  }
  while (nodes.length < count) last = node('Relu', last);
  return { hash, nodes, groups: [], edges };
}

/** Runs in the page: drags the graph for so many frames, and counts them by the clock. */
async function pan(frames) {
  const canvas = document.querySelector('.graph-canvas');
  const fire = (type, x, y) =>
    canvas.dispatchEvent(
      new PointerEvent(type, { clientX: x, clientY: y, pointerId: 1, button: 0, bubbles: true }),
    );
  canvas.setPointerCapture = () => undefined;
  fire('pointerdown', 700, 800);
  const times = [];
  let last = await new Promise(requestAnimationFrame);
  for (let i = 0; i < frames; i++) {
    fire('pointermove', 700 + 60 * Math.sin(i / 20), 800 - i * 8);
    const now = await new Promise(requestAnimationFrame);
    times.push(now - last);
    last = now;
  }
  fire('pointerup', 700, 800);
  const seconds = times.reduce((a, b) => a + b, 0) / 1000;
  times.sort((a, b) => a - b);
  return { perSecond: frames / seconds, slow: times[Math.floor(0.99 * frames)] };
}

/** Runs in the page: zooms about the middle of the stage. */
function zoom(factor) {
  const canvas = document.querySelector('.graph-canvas');
  const deltaY = -Math.log(factor) / 0.0015;
  canvas.dispatchEvent(new WheelEvent('wheel', { deltaY, clientX: 700, clientY: 500, cancelable: true }));
}

/** Moves the graph, and tells what the processor spent on a frame in the page's own thread, whatever else the machine does. */
async function measurePan(page) {
  const frames = 120;
  const browser = page.context().browser();
  await browser.startTracing(page, { categories: ['toplevel', '__metadata'] });
  const found = await page.evaluate(pan, frames);
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
  const mains = new Set(
    traceEvents
      .filter((event) => event.name === 'thread_name' && event.args.name === 'CrRendererMain')
      .map((event) => `${event.pid} ${event.tid}`),
  );
  const spent = traceEvents
    .filter((event) => event.name.endsWith('RunTask') && mains.has(`${event.pid} ${event.tid}`))
    .reduce((sum, event) => sum + (event.tdur ?? 0) / 1000, 0);
  return { ...found, processor: spent / frames };
}

const browser = await ViewBrowser.start();
try {
  const report = sampleReport();
  const view = await browser.open('dark', 1400, 900);
  const { page } = view;
  await view.send({ type: 'model', summary: report.model }, { type: 'report', report });
  await view.openTab('graph');
  const graph = bigGraph(report.model.hash);
  const laid = await page.evaluate(async (result) => {
    const stage = document.querySelector('.graph-stage');
    const start = performance.now();
    window.postMessage({ type: 'graph', answer: { kind: 'done', result } }, '*');
    // A thread that is kept busy answers late.
    let longest = 0;
    let last = start;
    while (stage.dataset.layoutMs === undefined) {
      await new Promise((done) => setTimeout(done, 0));
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }
    return { seen: performance.now() - start, longest, worker: Number(stage.dataset.layoutMs) };
  }, graph);
  const rows = [];
  for (const [what, factor] of [
    ['texts', 1],
    ['no texts', 0.3],
    ['spots', 0.3],
    ['all of it', null],
  ]) {
    if (factor === null) await page.click('[data-action="fit"]');
    else await page.evaluate(zoom, factor);
    await page.waitForTimeout(500);
    const { perSecond, slow, processor } = await measurePan(page);
    rows.push({
      what,
      'frames a second': perSecond.toFixed(1),
      'processor a frame': `${processor.toFixed(1)} ms`,
      '99% of frames within': `${slow.toFixed(0)} ms`,
    });
  }
  console.log(
    `${graph.nodes.length} nodes, ${graph.edges.length} edges; ${cpus()[0]?.model}, ${cpus().length} cores, software rendering`,
  );
  console.log(
    `laid out in ${laid.worker.toFixed(0)} ms, drawn after ${laid.seen.toFixed(0)} ms; the view's thread was busy for at most ${laid.longest.toFixed(0)} ms`,
  );
  console.table(rows);
  process.exitCode =
    laid.worker < 3000 && rows.every((row) => parseFloat(row['processor a frame']) <= 20) ? 0 : 1;
} finally {
  await browser.stop();
}
