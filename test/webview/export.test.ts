import { expect, test } from 'vitest';
import type { ModelGraph } from '../../engine/protocol';
import type { FromWebview } from '../../webview/protocol';
import { everything } from './sampleMessages';
import { sampleReport } from './sampleReport';
import { sampleTradeOff } from './sampleTradeOff';
import { useView } from './useView';
import type { View } from './viewPage';

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
    return {
      name: root.nodeName,
      width: Number(root.getAttribute('width')),
      isStyled: source.includes('class=') || source.includes('style='),
      fills: [...root.querySelectorAll('path[fill^="rgb"], rect[fill^="#"]')].length,
      pointers: root.querySelectorAll('[data-pointer]').length,
      texts: [...root.querySelectorAll('text')].map((one) => one.textContent),
      pictures: root.querySelectorAll('img, script').length,
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

test('every plot is saved as SVG and PNG, and the graph as all of it', async () => {
  const view = await open('light', 1280, 800);
  await view.send(
    ...everything(),
    { type: 'tradeOff', tradeOff: sampleTradeOff() },
    { type: 'graph', answer: { kind: 'done', result: hostileGraph() } },
  );
  const plots = [
    ['overview', '.journey-body', 'journey-picture', /-journey$/],
    ['layers', '.histogram-part', 'histogram', /^p2o\.Conv\.2-/],
    ['tradeOff', '.trade-body', 'trade-chart', /-trade-off$/],
  ] as const;
  for (const [tab, within, plot, name] of plots) {
    await view.openTab(tab);
    await view.page.locator(`svg.${plot}`).first().waitFor();
    const { svg, png } = await savePicture(view, within);
    expect(svg.name).toMatch(name);
    const drawn = await read(view, svg.data);
    expect(drawn).toMatchObject({ name: 'svg', isStyled: false, pointers: 0 });
    expect(drawn.fills, plot).toBeGreaterThan(0);
    const box = await view.page.locator(`svg.${plot}`).first().boundingBox();
    expect(drawn.width).toBe(Math.ceil(box?.width ?? 0));
    expect(pngWidth(png)).toBe(2 * drawn.width);
  }

  await view.openTab('graph');
  await view.page.locator('.graph-bar [data-save="svg"]').waitFor();
  // The camera does not see all of it.
  await view.page.locator('.graph-canvas').focus();
  for (let i = 0; i < 6; i++) await view.page.keyboard.press('+');
  const { svg, png } = await savePicture(view, '.graph-bar');
  expect(svg.name).toMatch(/-graph$/);
  const drawn = await read(view, svg.data);
  expect(drawn).toMatchObject({ name: 'svg', isStyled: false, pictures: 0 });
  expect(drawn.texts.filter((text) => text === 'Conv')).toHaveLength(40);
  expect(drawn.texts.filter((text) => text.includes('img src=x>\ufffd'))).toHaveLength(40);
  const canvas = await view.page.locator('.graph-canvas').boundingBox();
  expect(pngWidth(png)).toBe(2 * Math.round(canvas?.width ?? 0));
});
