import { expect, test } from 'vitest';
import { everything } from '../sampleMessages';
import { sampleRemedied, sampleScatter, sampleTrial, sampleWeights } from '../sampleLayer';
import { sampleReport } from '../sampleReport';
import type { ThemeName } from '../themes';
import { useView } from '../useView';
import type { View } from '../viewPage';

const openView = useView();
let view: View;
const report = sampleReport();
const LAYER = 'p2o.Conv.2';
const layer = report.layers.find((l) => l.name === LAYER);
const input = layer?.inputs[0];
if (input === undefined) throw new Error('The sample report has no such layer.');
const { tensor } = input;
const used = input.clips[input.method] ?? 0;

const handle = () => view.page.locator('.clip-handle[role="slider"]');
const figures = () => view.page.locator('.clip-figures').innerText();

async function open(theme: ThemeName, width = 1400, height = 900): Promise<void> {
  view = await openView(theme, width, height);
  await view.send(...everything(), { type: 'decidedClips', clips: [] });
  await view.openTab('layers');
  await expect.poll(() => handle().count()).toBe(1);
}

const shown = [
  { type: 'layerWeights', layer: LAYER, answer: { kind: 'done', result: sampleWeights(LAYER) } },
  { type: 'scatter', layer: LAYER, answer: { kind: 'done', result: sampleScatter(LAYER) } },
  {
    type: 'clipTrial',
    trial: {
      ...{ layer: LAYER, tensor, clip: used * 0.6, goesOn: true },
      answer: { kind: 'done', result: sampleTrial(LAYER, tensor, used * 0.6, used) },
    },
  },
] as const;

test('shows a layer closely, in every theme and on a narrow pane', async () => {
  await open('dark', 1400, 2200);
  await view.send(...shown);
  await handle().focus();
  await view.page.keyboard.press('PageDown');
  await view.inEveryLook(2200, async (name) => {
    await expect.poll(() => view.page.locator('.weight-strip').count()).toBe(1);
    await expect.poll(() => view.page.locator('.scatter').count()).toBe(2);
    await view.page.locator('.detail-panel').evaluate((panel) => panel.scrollIntoView());
    await view.screenshot(`detail-${name}`);
  });
});

const posted = async (type: string) => (await view.posted()).filter((message) => message.type === type);

test('asks for the weights of a layer when it is shown, once', async () => {
  await open('light');
  expect(await posted('layerWeights')).toEqual([{ type: 'layerWeights', layer: LAYER }]);
  await view.page.click('[data-setting="log-counts"]');
  await view.page.click('.layer-row[data-layer="p2o.Conv.28"]');
  await expect.poll(() => posted('layerWeights')).toHaveLength(2);
  await view.send({
    ...{ type: 'layerWeights', layer: 'p2o.Conv.28' },
    answer: { kind: 'failed', error: { code: 'unsupported', message: 'It has none.', hint: 'Look up.' } },
  });
  expect(await view.page.locator('.weights-part').innerText()).toContain('It has none. Look up.');
});

test('a clip is dragged by the mouse: the figures follow, and what is let go is tried', async () => {
  await open('light', 1400, 1200);
  const before = await figures();
  expect(before).toMatch(/Codes used\s+\d+ of 256/);
  const box = await handle().boundingBox();
  if (box === null) throw new Error('no handle');
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await view.page.mouse.move(x, y);
  await view.page.mouse.down();
  await view.page.mouse.move(x - 30, y);
  await view.page.mouse.move(x - 60, y);
  const held = await figures();
  expect(held).not.toBe(before);
  expect(held).toContain('in use');
  expect(await posted('tryClip')).toEqual([]);
  await view.page.mouse.up();
  const [tried] = await posted('tryClip');
  expect(tried).toMatchObject({ layer: LAYER, tensor });
  const { clip } = tried as { clip: number };
  expect(clip).toBeLessThan(used);
  const now = Number(await handle().getAttribute('aria-valuenow'));
  expect(now).toBeCloseTo(clip, 9);

  const about = { layer: LAYER, tensor, clip };
  await view.send({ type: 'clipTrial', trial: { ...about, answer: { kind: 'waiting' }, goesOn: true } });
  expect(await view.page.locator('.clip-trial').innerText()).toContain('Measuring what ±');
  const result = sampleTrial(LAYER, tensor, clip, used);
  await view.send({ type: 'clipTrial', trial: { ...about, answer: { kind: 'done', result }, goesOn: true } });
  const figuresThen = await view.page.locator('.clip-trial').innerText();
  expect(figuresThen).toContain('32 of 500 samples');
  expect(figuresThen).toContain('−0.4 ± 0.3 points');
  const moved = { code: 'not-found', message: 'The data is gone.', hint: 'Choose it again.' } as const;
  await view.send({
    type: 'clipTrial',
    trial: { ...about, answer: { kind: 'failed', error: moved }, goesOn: false },
  });
  expect(await view.page.locator('.clip-trial').innerText()).toContain('The data is gone. Choose it again.');

  await view.page.click('[data-action="use-clip"]');
  expect(await posted('decideClip')).toEqual([{ type: 'decideClip', tensor, clip }]);
  await view.send({ type: 'decidedClips', clips: [[tensor, clip]] });
  expect(await view.page.locator('.clip-table-part tr.used').first().innerText()).toContain('Yours');
  expect(await view.page.locator('[data-action="use-clip"]').isHidden()).toBe(true);
  // The picture and what was measured say which clip is in use now.
  const inUse = () => view.page.locator('.input-part .clip-line.used text').allTextContents();
  const measured = () => view.page.locator('.trial-table thead').innerText();
  expect(await inUse()).toEqual(['yours (used)']);
  expect(await view.page.locator('.input-part .readout').first().innerText()).toContain('your clip at ±');
  await view.send({
    type: 'clipTrial',
    trial: { ...about, answer: { kind: 'done', result }, goesOn: false },
  });
  expect(await measured()).toMatch(/In use ±.*Before ±/s);
  await view.send({ type: 'decidedClips', clips: [] });
  expect(await measured()).toMatch(/With ±.*In use ±/s);
  expect(await inUse()).toEqual([expect.stringMatching(/^(?!yours).* \(used\)$/)]);
  await view.send({ type: 'decidedClips', clips: [[tensor, clip]] });
  await view.page.click('[data-action="leave-clip"]');
  expect((await posted('decideClip')).at(-1)).toEqual({ type: 'decideClip', tensor, clip: null });
});

test('with room the page stands still, and its panels scroll', async () => {
  await open('light', 1280, 700);
  await view.send(...shown);
  const { page } = view;
  const outside = () =>
    page.evaluate(() => document.documentElement.scrollHeight - document.documentElement.clientHeight);
  const panel = page.locator('.detail-panel');
  expect(await panel.evaluate((detail) => detail.scrollHeight - detail.clientHeight)).toBeGreaterThan(300);
  for (const tab of ['layers', 'overview', 'compare', 'graph', 'tradeOff'] as const) {
    await view.openTab(tab);
    expect(await outside(), tab).toBe(0);
  }
});

test('why a layer loses is told whole', async () => {
  const spoken = sampleReport();
  const words =
    'With one scale for all, half the channels of its weight have no more than 2.8 of 8 bits: the widest reaches 36 times as far as the middle one, and 14 of 480 round to nothing. Give each channel its own scale (weights per channel), or equalize it with the layer before. That is foretold to save 21.0 dB at its output.';
  for (const one of spoken.layers) one.advice.reason = words;
  view = await openView('light', 1280, 800);
  await view.send(...everything(spoken));
  await view.openTab('layers');
  const told = view.page.locator('.layer-advice > span', { hasText: 'With one scale for all' });
  expect(await told.evaluate((span) => span.scrollHeight - span.clientHeight)).toBe(0);
});

test('the handle stands at the clip in use, also where that is told later, and goes with it', async () => {
  await open('light', 1400, 1200);
  const place = async () => Number(await handle().getAttribute('aria-valuenow'));
  expect(await place()).toBeCloseTo(used, 9);
  const clip = 0.6 * used;
  await view.send({ type: 'decidedClips', clips: [[tensor, clip]] });
  expect(await place()).toBeCloseTo(clip, 9);
  expect(await view.page.locator('[data-action="use-clip"]').isHidden()).toBe(true);
  await view.send({ type: 'decidedClips', clips: [] });
  expect(await place()).toBeCloseTo(used, 9);
});

test('a clip is moved by keys, and tried after a rest or by Enter', async () => {
  await open('dark');
  await handle().focus();
  const value = async () => Number(await handle().getAttribute('aria-valuenow'));
  const start = await value();
  expect(start).toBeCloseTo(used, 9);
  const reach = Math.max(-input.min, input.max);
  await view.page.keyboard.press('ArrowRight');
  expect(await value()).toBeCloseTo(start + 0.01 * reach, 6);
  await view.page.keyboard.press('Shift+ArrowLeft');
  expect(await value()).toBeCloseTo(start + 0.009 * reach, 6);
  expect(await handle().getAttribute('aria-valuetext')).toMatch(
    /^±[\d.]+, cuts off [\d.]+%, step [\d.]+, SQNR [\d.]+ dB$/,
  );
  await expect.poll(() => posted('tryClip')).toHaveLength(1);
  await view.page.keyboard.press('End');
  expect(await value()).toBeCloseTo(reach, 6);
  await view.page.keyboard.press('Enter');
  expect(await posted('tryClip')).toHaveLength(2);
  await view.page.keyboard.press('Escape');
  expect(await value()).toBeCloseTo(start, 9);
  // Escape put the clip back, and did not leave it.
  expect(await view.page.evaluate(() => document.activeElement?.className)).toContain('clip-handle');
  expect(await posted('tryClip')).toHaveLength(2);
});

test('a part of the axis is seen by brush, wheel and keys, and all of it again', async () => {
  await open('light', 1400, 1200);
  const ticks = () => view.page.locator('.input-part .axis').first().locator('text').allTextContents();
  const labels = async () => (await ticks()).join(' ');
  const whole = await labels();
  const box = await view.page.locator('.input-part svg.histogram').boundingBox();
  if (box === null) throw new Error('no histogram');
  const low = box.y + box.height - 20;
  await view.page.mouse.move(box.x + 150, low);
  await view.page.mouse.down();
  await view.page.mouse.move(box.x + 200, low);
  await view.page.mouse.move(box.x + 260, low);
  await view.page.mouse.up();
  const brushed = await labels();
  expect(brushed).not.toBe(whole);
  expect(await view.page.locator('.beyond').innerText()).toMatch(/to the left.*to the right/);
  await view.screenshot('histogram-brushed');
  await view.page.mouse.dblclick(box.x + 100, box.y + 100);
  expect(await labels()).toBe(whole);
  // A wheel without the focus is the panel's.
  await view.page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await view.page.mouse.wheel(0, -200);
  expect(await labels()).toBe(whole);
  await view.page.locator('.histogram-holder .histogram-frame').focus();
  await view.page.keyboard.press('+');
  expect(await labels()).not.toBe(whole);
  expect(await view.page.evaluate(() => document.activeElement?.className)).toContain('histogram-frame');
  await view.page.mouse.wheel(0, -200);
  await view.page.keyboard.press('0');
  expect(await labels()).toBe(whole);
});

test('magnitudes lie on one side, and the clip with them', async () => {
  await open('dark');
  const signed = report.layers.find((l) => (l.inputs[0]?.min ?? 0) < 0);
  await view.page.click(`.layer-row[data-layer="${signed?.name ?? ''}"]`);
  await expect.poll(() => view.page.locator('.clip-handle').count()).toBe(2);
  await view.page.click('[data-setting="magnitudes"]');
  await expect.poll(() => view.page.locator('.clip-handle').count()).toBe(1);
  expect(await view.page.locator('.input-part .axis-title').first().textContent()).toBe('|activation value|');
  await view.screenshot('histogram-magnitudes');
});

test('weights and outputs are read by keys', async () => {
  await open('light', 1400, 1600);
  await view.page.click('[data-action="compare-outputs"]');
  expect(await posted('compareOutputs')).toEqual([{ type: 'compareOutputs', layer: LAYER }]);
  await view.send(...shown);
  const strip = view.page.locator('.strip-frame');
  await strip.focus();
  expect(await strip.getAttribute('aria-label')).toContain('Channel 17 reaches');
  for (let i = 0; i < 17; i += 1) await view.page.keyboard.press('ArrowRight');
  expect(await strip.getAttribute('aria-valuetext')).toMatch(/^Channel 17: .* reaches \d+× the median$/);
  await view.page.click('[data-setting="weights-by-range"]');
  await view.page.locator('.strip-frame').focus();
  await view.page.keyboard.press('Home');
  expect(await view.page.locator('.strip-frame').getAttribute('aria-valuetext')).toContain('Channel 17');
  const squares = view.page.locator('.scatter .plot-frame').first();
  await squares.focus();
  await view.page.keyboard.press('ArrowUp');
  expect(await squares.getAttribute('aria-valuetext')).toMatch(
    /^float .* to .*, int8 .* to .*: [\d,]+ values?$/,
  );
});

test.each([
  ['Stays in int8.', 0.36],
  ['Fine in int8.', 0.01],
])('says %s of a layer that is not to be in float and costs %d', async (words, drop) => {
  view = await openView('dark', 1400, 900);
  const layers = report.layers.map((layer) =>
    layer.name === LAYER
      ? { ...layer, drop, standardError: 0.02, advice: { ...layer.advice, decision: 'int8' as const } }
      : layer,
  );
  await view.send(...everything({ ...report, layers }));
  await view.openTab('layers');
  await view.page.click(`.layer-row[data-layer="${LAYER}"]`);
  await expect.poll(() => view.page.locator('.layer-advice strong').first().innerText()).toBe(words);
});

test('shows what a remedy changed', async () => {
  await open('light', 1400, 1600);
  const weights = sampleWeights(LAYER);
  const { before } = weights;
  const after = { ...before, outliers: [], outlierCount: 0, withinStep: 0 };
  const answer = { kind: 'done', result: { ...weights, after } } as const;
  await view.send({ type: 'layerWeights', layer: LAYER, answer });
  await expect.poll(() => view.page.locator('.weight-strip').count()).toBe(2);
  const titles = await view.page.locator('.weights-part h4').allTextContents();
  expect(titles).toEqual(['Before the remedy', 'Equalized, as advised']);
});

const equalized = { ...report, decisions: { ...report.decisions, remedies: ['equalize' as const] } };
const remedied = { type: 'remediedInputs', layer: LAYER } as const;

test.each<[ThemeName, number]>([
  ['dark', 1400],
  ['light', 1400],
  ['hc-dark', 1400],
  ['hc-light', 400],
])('shows what a layer reads before and after the remedies in %s at %i pixels', async (theme, width) => {
  view = await openView(theme, width, 1100);
  await view.send(...everything(equalized));
  await view.openTab('layers');
  await expect.poll(() => handle().count()).toBe(1);
  const part = view.page.locator('.remedied-part');
  expect(await part.innerText()).toContain('The advised model has neighbouring layers equalized.');
  await view.page.click('[data-action="compare-inputs"]');
  expect(await posted('compareInputs')).toEqual([{ type: 'compareInputs', layer: LAYER }]);
  await view.send({ ...remedied, answer: { kind: 'waiting' } });
  expect(await part.innerText()).toContain('Running samples through the remedied model…');
  await view.send({ ...remedied, answer: { kind: 'done', result: sampleRemedied(LAYER, input) } });
  const captions = await part.locator('figcaption').allTextContents();
  expect(captions).toEqual(['Before the remedies', 'After: neighbouring layers equalized']);
  const words = (await part.locator('.figures').innerText()).replaceAll(/\s+/g, ' ');
  expect(words).toMatch(/Range [\d.−]+ to [\d.]+ → [\d.−]+ to [\d.]+/);
  expect(words).toMatch(/Codes used \d+ of 256 → \d+ of 256 A code tells \d\.\d bits → \d\.\d bits/);
  const axes = async () => {
    const found = await part.locator('.histogram').evaluateAll((svgs) =>
      svgs.map((svg) =>
        [...svg.querySelectorAll('.axis:first-of-type text, .axis text')]
          .map((t) => [t.textContent, t.parentElement?.getAttribute('transform')].join(' '))
          .filter((text) => !text.includes('(0,'))
          .join('; '),
      ),
    );
    expect(found).toHaveLength(2);
    // Before and after are drawn along one axis.
    expect(found[0]).toBe(found[1]);
    return found[0];
  };
  const whole = await axes();
  expect(await part.locator('.save-button[data-save="svg"]').count()).toBe(2);
  const after = part.locator('.histogram-frame').nth(1);
  await after.focus();
  await view.page.keyboard.press('End');
  expect(await after.getAttribute('aria-valuetext')).toMatch(/: [\d,]+ values?, /);
  await view.page.keyboard.press('+');
  const nearer = await axes();
  expect(nearer).not.toBe(whole);
  expect(await after.evaluate((frame) => frame === document.activeElement)).toBe(true);
  await part.evaluate((element) => element.scrollIntoView());
  await view.screenshot(`remedied-zoomed-${theme}-${width}`);
  // What is dragged over below one of them is seen in both.
  // Its line of words may need another one, and then it moves.
  await part.locator('.histogram').first().hover();
  const box = await part.locator('.histogram').first().boundingBox();
  if (box === null) throw new Error('Nothing is drawn.');
  const across = (share: number) => [box.x + 60 + share * (box.width - 80), box.y + box.height - 20] as const;
  await view.page.mouse.move(...across(0.5));
  await view.page.mouse.down();
  await view.page.mouse.move(...across(0.8), { steps: 3 });
  await view.page.mouse.up();
  expect(await axes()).not.toBe(nearer);
  await view.page.locator('.remedied-part .histogram').first().dblclick();
  expect(await axes()).toBe(whole);
  await part.evaluate((element) => element.scrollIntoView());
  await view.screenshot(`remedied-${theme}-${width}`);
});

test('says of each input what a remedy did to it, and what went wrong', async () => {
  view = await openView('light', 1000, 900);
  await view.send(...everything(equalized));
  await view.openTab('layers');
  const part = view.page.locator('.remedied-part');
  const sample = sampleRemedied(LAYER, input, ['split-depthwise', 'gelu10', 'round']);
  const [change] = sample.inputs;
  if (change === undefined) throw new Error('The sample has no input.');
  const [piece] = change.after;
  if (piece === undefined) throw new Error('The sample has no second histogram.');
  const limited = { ...piece, clip: piece.clip / 2 };
  const other = { ...change.before, tensor: `<img src=x>${'long/'.repeat(200)}` };
  const inputs = [
    { before: change.before, after: [piece, limited] },
    { before: other, after: [] },
  ];
  await view.send({ ...remedied, answer: { kind: 'done', result: { ...sample, inputs } } });
  const captions = await part.locator('figcaption').allTextContents();
  expect(captions[1]).toBe('After, part 1 of 2: depthwise convolutions split by range; GELU clipped');
  expect(captions).toHaveLength(3);
  expect(await part.locator('.clip-line text').last().textContent()).toBe('limit (used)');
  expect(await part.innerText()).toContain('The remedies leave it as it is.');
  expect(await part.innerText()).toContain('<img src=x>');
  expect(await view.page.locator('img').count()).toBe(0);
  const unlike = { ...sample, inputs: [{ before: change.before, after: [] }] };
  await view.send({ ...remedied, answer: { kind: 'done', result: unlike } });
  expect(await part.innerText()).toContain('The remedies leave what it reads as it is');
  const error = { code: 'not-found', message: 'The data is gone.', hint: 'Choose it again.' } as const;
  await view.send({ ...remedied, answer: { kind: 'failed', error } });
  expect(await part.innerText()).toContain('The data is gone. Choose it again.');
  expect(await view.page.locator('[data-action="compare-inputs"]').isVisible()).toBe(true);
});

test('has nothing to compare where no remedy changes what layers read', async () => {
  await open('dark');
  expect(report.decisions.remedies).toEqual(['correct-bias']);
  expect(await view.page.locator('.remedied-part').isHidden()).toBe(true);
});
