import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import type { ModelGraph } from '../../../engine/shared/protocol/model';
import { layOutCaption, quoted, wrapText } from '../../../webview/export/caption';
import type { FromWebview } from '../../../engine/shared/protocol/webview';
import type { Tab } from '../../../webview/state/state';
import { describeJourney } from '../../../webview/overview/journeyView';
import { hostileNames } from '../hostileNames';
import { otherReport } from '../otherReport';
import { severalInputs, textLines } from '../sampleData';
import { sampleRemedied, sampleScatter, sampleWeights } from '../sampleLayer';
import { everything } from '../sampleMessages';
import { sampleModel, sampleReport } from '../sampleReport';
import { sampleTradeOff } from '../sampleTradeOff';
import { useView } from '../useView';
import type { View } from '../viewPage';

const open = useView();
type Saved = Extract<FromWebview, { type: 'save' }>;

async function saved(view: View): Promise<Saved[]> {
  return (await view.posted()).filter((message) => message.type === 'save');
}

/** Presses both buttons of a picture. */
async function savePicture(view: View, within: string): Promise<{ svg: Saved; png: Saved }> {
  const before = (await saved(view)).length;
  await view.page.locator(`${within} [data-save="svg"]`).first().click();
  await view.page.locator(`${within} [data-save="png"]`).first().click();
  await expect.poll(async () => (await saved(view)).length).toBe(before + 2);
  const [svg, png] = (await saved(view)).slice(before);
  if (svg === undefined || png === undefined) throw new Error('Nothing was saved.');
  expect([svg.kind, png.kind]).toEqual(['svg', 'png']);
  expect(png.name).toBe(svg.name);
  return { svg, png };
}

/** What another program finds in an SVG. */
function read(view: View, text: string) {
  return view.page.evaluate((source) => {
    const root = new DOMParser().parseFromString(source, 'image/svg+xml').documentElement;
    const [head, plot] = [...root.children].filter((child) => child.nodeName === 'g');
    const all = (from: Element | undefined, what: string) => [...(from?.querySelectorAll(what) ?? [])];
    const texts = (from: Element | undefined) => all(from, 'text').map((one) => one.textContent);
    const paints = (elements: Element[]) =>
      elements.map((one) => ['fill', 'stroke', 'opacity'].map((name) => one.getAttribute(name)).join(' '));
    const drawn = new Set(paints(all(plot, '*')));
    return {
      name: root.nodeName,
      width: Number(root.getAttribute('width')),
      title: root.querySelector('title')?.textContent ?? '',
      // Lines are broken where the font has it.
      head: texts(head).join(' '),
      names: all(plot, 'text').flatMap((one) => (one.closest('.axis') === null ? [one.textContent] : [])),
      texts: texts(plot),
      keys: all(head, 'path').length,
      unlike: paints(all(head, 'path')).filter((paint) => !drawn.has(paint)),
      isStyled: /class=|style=|var\(/.test(source),
      fills: all(plot, 'path[fill^="rgb"], rect[fill^="#"]').length,
      pointers: all(root, '[data-pointer]').length,
      pictures: all(root, 'img, script').length,
    };
  }, text);
}

const pngWidth = (png: Saved) => {
  const bytes = Buffer.from(png.data, 'base64');
  expect(bytes.subarray(1, 4).toString()).toBe('PNG');
  return bytes.readUInt32BE(16);
};

/** A chain with names that are markup, and that XML has no way to write. */
function hostileGraph(): ModelGraph {
  const name = (i: number) => `</script><img src=x>\u0001${i}`;
  return {
    hash: sampleReport().model.hash,
    nodes: Array.from({ length: 40 }, (_, i) => ({
      ...{ name: name(i), kind: 'operator' as const, opType: 'Conv', layer: name(i), group: null },
    })),
    groups: [],
    edges: Array.from({ length: 39 }, (_, i) => ({ from: i, to: i + 1, tensor: `t${i}`, dims: null })),
  };
}

/** Keeps a picture for people to look at. */
async function keep({ svg, png }: { svg: Saved; png: Saved }, name: string): Promise<void> {
  await writeFile(resolve('out/screenshots', `saved-${name}.svg`), svg.data);
  await writeFile(resolve('out/screenshots', `saved-${name}.png`), Buffer.from(png.data, 'base64'));
}

const LAYER = 'p2o.Conv.2';
const INPUT = sampleReport().layers.find(({ name }) => name === LAYER)?.inputs[0];
if (INPUT === undefined) throw new Error(`${LAYER} reads nothing.`);

/** A tab and a place in it, what is drawn there, the file's name, and what the picture says: title, legend, axes. */
const plots: [Tab, string, string, RegExp, string, string[], string[]][] = [
  [
    ...(['overview', '.journey-body', 'journey-picture', /-journey$/] as const),
    'The error’s journey through ch_PP-OCRv4_rec_infer.onnx',
    ['added by the layer itself', 'with everything in int8', 'adds most noise', 'the noisier'],
    ['dB', 'layers, in the model’s order'],
  ],
  [
    ...(['layers', '.input-part .histogram-part', 'histogram', /^p2o\.Conv\.2-/] as const),
    `What p2o.Conv.2 reads: values of ${INPUT.tensor}`,
    ['values', 'clip in use', 'clip of another calibrator', 'cut off', 'values of the int8 grid'],
    ['activation value', 'count'],
  ],
  [
    ...(['layers', '.weights-part', 'weight-strip', /^p2o\.Conv\.2-weights$/] as const),
    'Weights of p2o.Conv.2 by output channel',
    ['from least to largest weight', 'middle half', 'one step of one scale', 'outlier', '64 output channels'],
    ['weight', 'channels'],
  ],
  [
    ...(['layers', '.scatter', 'scatter-plot', /^p2o\.Conv\.2-outputs-alone$/] as const),
    'Outputs of p2o.Conv.2, int8 against float: this layer alone in int8',
    ['int8 says what float says', 'the stronger, the more', 'SQNR'],
    ['float', 'int8'],
  ],
  [
    ...(['layers', '.remedied-part', 'histogram', /^p2o\.Conv\.2-.*-before$/] as const),
    `What p2o.Conv.2 reads, before the remedies: values of ${INPUT.tensor}`,
    ['values', 'clip in use'],
    ['activation value', 'count'],
  ],
  [
    ...(['tradeOff', '.trade-body', 'trade-chart', /-trade-off$/] as const),
    'Accuracy against size: ch_PP-OCRv4_rec_infer.onnx',
    ['predicted', 'measured', 'chosen', '95% interval', 'from one planned network to the next'],
    ['size of the file', 'Character accuracy against float, points'],
  ],
];

test('every plot is saved as SVG and PNG that say what they show', async () => {
  const view = await open('light', 1280, 1600);
  const report = sampleReport();
  report.decisions.remedies = ['equalize'];
  await view.send(
    ...everything(report),
    { type: 'tradeOff', tradeOff: sampleTradeOff() },
    { type: 'layerWeights', layer: LAYER, answer: { kind: 'done', result: sampleWeights(LAYER) } },
    { type: 'scatter', layer: LAYER, answer: { kind: 'done', result: sampleScatter(LAYER) } },
    { type: 'remediedInputs', layer: LAYER, answer: { kind: 'done', result: sampleRemedied(LAYER, INPUT) } },
  );
  for (const [tab, within, plot, name, title, said, axes] of plots) {
    await view.openTab(tab);
    await view.page.locator(`${within} svg.${plot}`).first().waitFor();
    const { svg, png } = await savePicture(view, within);
    await keep({ svg, png }, plot);
    expect(svg.name).toMatch(name);
    const drawn = await read(view, svg.data);
    expect(drawn).toMatchObject({ name: 'svg', isStyled: false, pointers: 0, unlike: [] });
    expect(drawn.title.replace(/[\u2068\u2069]/g, '')).toBe(title);
    for (const text of said) expect(drawn.head).toContain(text);
    for (const text of axes) expect(drawn.names).toContain(text);
    expect(drawn.keys, plot).toBeGreaterThan(1);
    expect(drawn.fills, plot).toBeGreaterThan(0);
    const box = await view.page.locator(`${within} svg.${plot}`).first().boundingBox();
    expect(drawn.width).toBeGreaterThan(box?.width ?? Infinity);
    expect(pngWidth(png)).toBe(2 * drawn.width);
  }
});

/** How far drawings stand from the first of them on the page, and how large they are, in whole pixels. */
function places(view: View, within: string, selector: string): Promise<number[][]> {
  return view.page.locator(within).evaluate((root, what) => {
    const boxes = [...root.querySelectorAll(what)].map((one) => one.getBoundingClientRect());
    const { left, top } = boxes[0] ?? new DOMRect();
    return boxes.map((box) => [box.left - left, box.top - top, box.width, box.height].map(Math.round));
  }, selector);
}

/** The same of a picture that was saved. */
async function savedPlaces(view: View, text: string, selector: string): Promise<number[][]> {
  await view.page.evaluate((source) => {
    const root = new DOMParser().parseFromString(source, 'image/svg+xml').documentElement;
    const frame = document.body.appendChild(document.createElement('div'));
    frame.id = 'saved';
    frame.append(document.importNode(root, true));
  }, text);
  const found = await places(view, '#saved', selector);
  await view.page.locator('#saved').evaluate((frame) => frame.remove());
  return found;
}

test.each([1280, 400])(
  'what stands at a glance is saved as one picture of it, at %i pixels',
  async (width) => {
    const view = await open(width === 400 ? 'hc-dark' : 'light', width, 900);
    await view.send(...everything());
    const saved = await savePicture(view, '.tiles-panel');
    await keep(saved, `overview-${width}`);
    expect(saved.svg.name).toBe('ch_PP-OCRv4_rec_infer.onnx-overview');
    const drawn = await read(view, saved.svg.data);
    expect(drawn).toMatchObject({ isStyled: false, pointers: 0, keys: 0 });
    expect(drawn.title).toContain('Float against int8: \u2068ch_PP-OCRv4_rec_infer.onnx\u2069');
    expect(drawn.head).toMatch(/\d+ samples of .*95% intervals of the difference from float/);
    const words = await view.page.locator('.tiles').evaluate((list) => {
      const copy = list.cloneNode(true) as HTMLElement;
      // Neither is in a picture.
      copy.querySelectorAll('.for-readers, svg').forEach((one) => one.remove());
      return copy.textContent.replace(/\s+/g, '');
    });
    expect(drawn.texts.join('').replace(/\s+/g, '')).toBe(words);
    const marks = await savedPlaces(view, saved.svg.data, 'svg svg svg > path');
    expect(marks).toHaveLength(12);
    expect(marks).toEqual(await places(view, '.tiles', '.variant-mark'));
    expect(pngWidth(saved.png)).toBe(2 * drawn.width);
  },
);

test('curves of the first samples are saved with what stands around them, names as text', async () => {
  const view = await open('dark', 1280, 900);
  const data = await severalInputs();
  const name = '</script>\u202e<img src=x>'.padEnd(300, 'x');
  data.preview = data.preview.map((sample, i) => (i === 0 ? { ...sample, name } : sample));
  await view.send({ type: 'model', summary: sampleModel() }, { type: 'data', data });
  const saved = await savePicture(view, '.preview');
  await keep(saved, 'samples');
  expect(saved.svg.name).toBe('voices-samples');
  const drawn = await read(view, saved.svg.data);
  expect(drawn).toMatchObject({ isStyled: false, pictures: 0, unlike: [], keys: 2 });
  expect(drawn.head).toContain('8 of 40 that calibrate');
  for (const text of ['#1', 'sound', 'state'])
    expect(drawn.texts.map((one) => one.replace(/[\u2068\u2069]/g, ''))).toContain(text);
  expect(drawn.texts.filter((text) => text.startsWith('\u2068</script><img'))).toHaveLength(1);
  expect(Math.max(...drawn.texts.map((text) => text.length))).toBeLessThan(120);
  const curves = await savedPlaces(
    view,
    saved.svg.data,
    'svg svg[viewBox^="0 0"]:not([viewBox="0 0 16 16"]) path',
  );
  expect(curves).toHaveLength(8);
  expect(curves).toEqual(await places(view, '.samples', '.wave path'));
});

test('pictures among the first samples are no plots, and have no buttons', async () => {
  const view = await open('dark', 1280, 900);
  await view.send({ type: 'model', summary: sampleModel() }, { type: 'data', data: await textLines() });
  await view.page.locator('.sample canvas').first().waitFor();
  expect(await view.page.locator('.preview [data-save]').count()).toBe(0);
});

test('a comparison is saved as one picture of the layers that are listed', async () => {
  const view = await open('dark', 1280, 800);
  await view.send(...everything(), {
    type: 'compared',
    report: otherReport(),
    label: 'per </script>\u202e channel',
  });
  await view.openTab('compare');
  const saved = await savePicture(view, '#panel-compare');
  await keep(saved, 'compared');
  const drawn = await read(view, saved.svg.data);
  expect(drawn).toMatchObject({ isStyled: false, pictures: 0, unlike: [], keys: 4 });
  expect(saved.svg.name).toBe('ch_PP-OCRv4_rec_infer.onnx-compared');
  expect(drawn.head).toContain('differ beyond noise');
  // What turns the direction of text is left out.
  expect(drawn.title).toContain('\u2068per </script> channel\u2069');
  expect(drawn.texts).toContain('Character accuracy against float with the layer alone in int8, points');
  expect(drawn.texts).toContain('\u2068=added\u2069');
  await view.page.click('[data-setting="differences-only"]');
  const all = await read(view, (await savePicture(view, '#panel-compare')).svg.data);
  expect(all.texts.length - drawn.texts.length).toBeGreaterThan(40);
  expect(await view.page.locator('.unseen').count()).toBe(0);
});

test('the picture of a comparison by two metrics shows one of them, and says so', async () => {
  const view = await open('dark', 1280, 800);
  const report = otherReport();
  report.float.metric = 'cosine';
  await view.send(...everything(), { type: 'compared', report, label: 'other' });
  await view.openTab('compare');
  const drawn = await read(view, (await savePicture(view, '#panel-compare')).svg.data);
  expect(drawn.head).toContain('scored by different metrics, so their drops are not compared');
  expect(drawn.head).not.toContain('noise');
  // The axis is of this report's metric.
  expect(drawn.keys).toBe(1);
  const table = view.page.locator('.compare-table');
  expect(await table.locator('.mark-this').count()).toBeGreaterThan(0);
  expect(await table.locator('.mark-other, .span').count()).toBe(0);
  expect(await table.locator('.compare-picture').first().getAttribute('title')).toMatch(
    /^This report: .* points\nThe other: .*\d$/,
  );
});

test('the graph is saved as all of it, and as what is shown', async () => {
  const view = await open('light', 1280, 800);
  await view.send(...everything(), { type: 'graph', answer: { kind: 'done', result: hostileGraph() } });
  await view.openTab('graph');
  await view.page.locator('.graph-bar [data-save="svg"]').waitFor();
  // The camera does not see all of it.
  await view.page.locator('.graph-canvas').focus();
  for (let i = 0; i < 6; i++) await view.page.keyboard.press('+');
  const saved = await savePicture(view, '.graph-bar');
  await keep(saved, 'graph');
  expect(saved.svg.name).toMatch(/-graph$/);
  const drawn = await read(view, saved.svg.data);
  expect(drawn).toMatchObject({ name: 'svg', isStyled: false, pictures: 0, keys: 3 });
  expect(drawn.head).toMatch(/Graph of .*Colored by drop.*costs more.*float/);
  expect(drawn.texts.filter((text) => text === 'Conv')).toHaveLength(40);
  expect(drawn.texts.filter((text) => text.includes('img src=x>\ufffd'))).toHaveLength(40);
  const canvas = await view.page.locator('.graph-canvas').boundingBox();
  expect(pngWidth(saved.png)).toBe(2 * Math.round(canvas?.width ?? 0));
});

test('names cannot turn the direction of what surrounds them, on whichever line they stand', () => {
  const widthOf = (text: string) => 10 * text.length;
  for (const name of hostileNames) {
    const layer = { name, sqnrDb: 10, pathDb: null };
    for (const text of [quoted(name), quoted(name, 9), describeJourney([layer])])
      for (const line of [text, ...wrapText(text, 120, 99, widthOf)]) {
        const controls = line.replace(/[^\u202a-\u202e\u2066-\u2069]/g, '');
        expect(controls).toMatch(/^(\u2068\u2069)*$/);
      }
  }
  expect(quoted('x'.repeat(100), 9)).toBe('\u2068xxxx…xxxx\u2069');
  expect(wrapText('\u2068abcdefgh\u2069 i', 50, 2, widthOf)).toEqual([
    '\u2068abcd\u2069',
    '\u2068efgh…\u2069',
  ]);
});

test('captions break their lines, and end where they are too long', () => {
  const widthOf = (text: string) => 10 * text.length;
  expect(wrapText('one two  three', 80, 9, widthOf)).toEqual(['one two', 'three']);
  expect(wrapText('abcdefghijk l', 50, 9, widthOf)).toEqual(['abcde', 'fghij', 'k l']);
  expect(wrapText('aa bb cc ddd', 50, 2, widthOf)).toEqual(['aa bb', 'cc…']);
  expect(wrapText('', 50, 2, widthOf)).toEqual([]);
  const key = (text: string) => ({ text, d: '', paint: {} });
  const layout = layOutCaption(
    { title: 'title', words: 'some words', keys: ['a', 'b', 'c'].map(key) },
    80,
    (text) => 10 * text.length,
  );
  expect(layout.texts.map(({ text }) => text)).toEqual(['title', 'some', 'words', 'a', 'b', 'c']);
  const [first, second, third] = layout.swatches;
  expect(second?.x).toBeGreaterThan((first?.x ?? 0) + 29);
  expect(third).toMatchObject({ x: first?.x });
  expect(third?.y).toBeGreaterThan(second?.y ?? 0);
  expect(layout.height).toBeGreaterThan(third?.y ?? 0);
});
