import { describe, expect, test } from 'vitest';
import { everything } from '../sampleMessages';
import { sampleModel } from '../sampleReport';
import { sampleTradeOff } from '../sampleTradeOff';
import type { ThemeName } from '../themes';
import { useView } from '../useView';
import type { View } from '../viewPage';

const openView = useView();
let view: View;
const plan = sampleTradeOff();
const decisions = async () => (await view.posted()).filter((message) => message.type === 'decide');

async function openPlan(theme: ThemeName, width: number, height = 900): Promise<void> {
  view = await openView(theme, width, height);
  await view.send(...everything(), { type: 'tradeOff', tradeOff: plan });
  await view.openTab('tradeOff');
  await view.page.locator('.trade-frame').waitFor();
}

describe('trade-off', () => {
  test('shows the front in every theme and on a narrow pane', async () => {
    await openPlan('dark', 1400, 1000);
    expect(await view.page.locator('.trade-point').count()).toBe(11);
    expect(await view.page.locator('.trade-verified').count()).toBe(9);
    expect(await view.page.locator('.trade-ring').count()).toBe(1);
    await view.inEveryLook(1000, async (name) => {
      await view.page.locator('.trade-frame').focus();
      await view.page.keyboard.press('Shift+ArrowLeft');
      await view.screenshot(`tradeOff-${name}`);
    });
  });

  test('what is chosen looks unlike what has the focus, also in high contrast', async () => {
    await openPlan('hc-dark', 1400);
    for (const theme of ['hc-dark', 'hc-light'] as const) {
      await view.setTheme(theme);
      await view.page.getByRole('button', { name: 'Latency', exact: true }).focus();
      const look = (name: string) =>
        view.page.getByRole('button', { name, exact: true }).evaluate((button) => {
          const { outlineStyle, backgroundColor, color } = getComputedStyle(button);
          return { outlineStyle, backgroundColor, color };
        });
      const [chosen, other] = [await look('Size'), await look('Latency')];
      expect(chosen.outlineStyle, theme).toBe('none');
      expect(chosen.backgroundColor, theme).not.toBe(other.backgroundColor);
      expect(chosen.color, theme).not.toBe(other.color);
      await view.page.keyboard.press('Tab');
      expect((await look('Size')).outlineStyle, theme).toBe('solid');
    }
    await view.screenshot('tradeOff-hc-light-focus');
  });

  test('asks for a plan before there is one, even without an analysis', async () => {
    view = await openView('dark', 1400, 900);
    await view.send({ type: 'model', summary: sampleModel() });
    await view.openTab('tradeOff');
    expect(await view.page.locator('.trade-empty').innerText()).toContain(
      'which layers to have in int8, in 4 bits or in float',
    );
    await view.page.getByRole('button', { name: 'Plan Trade-off…' }).click();
    expect(await view.posted()).toContainEqual({ type: 'plan' });
    await view.screenshot('tradeOff-empty');
  });

  test('the keyboard moves along the front, compares, and applies', async () => {
    await openPlan('dark', 1400);
    const frame = view.page.locator('.trade-frame');
    await frame.focus();
    expect(await frame.getAttribute('aria-valuetext')).toContain('The chosen network');
    await view.page.keyboard.press('ArrowLeft');
    expect(await view.page.locator('.trade-card').innerText()).toContain('49 int8, 2 float');
    await view.page.keyboard.press('Shift+ArrowRight');
    const rows = view.page.locator('.trade-differences tbody tr');
    expect((await rows.allInnerTexts()).map((text) => text.split(/\s+/))).toEqual([
      ['p2o.MatMul.16', 'int8', 'float'],
    ]);
    await view.page.keyboard.press('ArrowLeft');
    expect(await rows.count()).toBe(0);
    await view.page.keyboard.press('Enter');
    const sent = await decisions();
    expect(sent).toContainEqual({ type: 'decide', layers: ['p2o.MatMul.16'], choice: 'int8' });
    expect(sent).toHaveLength(2);
    expect(sent.flatMap((message) => ('layers' in message ? message.layers : []))).toHaveLength(51);
    expect(await view.page.locator('.trade-applied').innerText()).toContain('Applied: 49 int8, 2 float');
    await view.page.getByRole('button', { name: 'Undo' }).click();
    expect((await decisions()).at(-1)).toMatchObject({ choice: null });
  });

  test('a drag compares, a click applies, and the axis can be another', async () => {
    await openPlan('light', 1400);
    const { page } = view;
    const box = (await page.locator('.trade-chart').boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
    await page.mouse.move(box.x + 2, box.y + 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 2, box.y + box.height - 2, { steps: 4 });
    await page.mouse.up();
    expect(await page.locator('.trade-comparison h3').innerText()).toBe('51 layers differ between A and B');
    expect(await decisions()).toEqual([]);
    await page.getByRole('button', { name: 'Latency' }).click();
    expect(await page.locator('.trade-chart').innerHTML()).toContain('latency of a sample, ms');
    await page.locator('.trade-point.chosen .trade-verified').click({ force: true });
    expect(await decisions()).toHaveLength(1);
    await view.screenshot('tradeOff-latency');
  });

  test('the chart takes the height that there is, and no more than a narrow or a low pane leaves', async () => {
    await openPlan('light', 1280, 800);
    const { page } = view;
    const heightAt = async (width: number, height: number) => {
      await page.setViewportSize({ width, height });
      const chart = page.locator('.trade-chart');
      // Its width tells that it was drawn anew.
      const drawn = async () => Number(await chart.getAttribute('width'));
      const room = () => page.locator('.trade-body').evaluate((body) => body.clientWidth);
      await expect.poll(async () => (await drawn()) - (await room())).toBe(0);
      return Number(await chart.getAttribute('height'));
    };
    expect(await heightAt(1280, 800)).toBe(480);
    await view.screenshot('tradeOff-light-1280');
    expect(await heightAt(1900, 1000)).toBe(600);
    expect(await heightAt(900, 1000)).toBe(405);
    expect(await heightAt(400, 1000)).toBe(360);
    expect(await heightAt(1280, 500)).toBe(360);
    await page.setViewportSize({ width: 1280, height: 900 });
    await expect.poll(() => page.locator('.trade-chart').getAttribute('height')).toBe('540');
    // What is compared and where one is stays over a new size.
    expect(await page.locator('.trade-cursor').isVisible()).toBe(true);
  });

  test('says when the plan was made, and goes with it', async () => {
    view = await openView('dark', 1400, 900);
    const tradeOff = { ...plan, created: '2026-03-01T14:05:00' };
    await view.send(...everything(), { type: 'tradeOff', tradeOff });
    await view.openTab('tradeOff');
    expect(await view.page.locator('.trade-summary').innerText()).toContain('Planned 2026-03-01 14:05.');
    const lines = () =>
      view.page.locator('.trade-date').evaluate((date) => {
        const range = document.createRange();
        range.selectNodeContents(date);
        return new Set([...range.getClientRects()].map(({ top }) => top)).size;
      });
    for (let width = 300; width <= 420; width += 12) {
      await view.page.setViewportSize({ width, height: 900 });
      expect(await lines(), String(width)).toBe(1);
    }
    await view.send({ type: 'tradeOff', tradeOff: null });
    expect(await view.page.locator('.trade-empty').isVisible()).toBe(true);
    expect(await view.page.locator('.trade').isHidden()).toBe(true);
  });

  test('names from the model stay text', async () => {
    view = await openView('dark', 900, 900);
    const name = '</script><img src=x onerror=alert(1)>';
    const layers = plan.layers.map((layer, i) => (i === 0 ? { ...layer, name } : layer));
    const points = plan.points.map((point, i) =>
      i === 5 ? { ...point, choices: { [name]: 'float' as const } } : point,
    );
    const warnings = [`${name} was not reached.`];
    await view.send(...everything(), { type: 'tradeOff', tradeOff: { ...plan, layers, points, warnings } });
    await view.openTab('tradeOff');
    await view.page.locator('.trade-frame').focus();
    await view.page.keyboard.press('Shift+ArrowLeft');
    expect(await view.page.locator('.trade-differences').innerText()).toContain(name);
    expect(await view.page.locator('img').count()).toBe(0);
    expect(await view.overflow()).toBe(0);
  });
});
