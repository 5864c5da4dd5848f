import { describe, expect, test } from 'vitest';
import type { Fix } from '../../../engine/shared/protocol/report';
import { everything } from '../sampleMessages';
import { sampleReport } from '../sampleReport';
import { useView } from '../useView';
import type { View } from '../viewPage';

const openView = useView();
let view: View;
const report = sampleReport();
const decisions = async () => (await view.posted()).filter((message) => message.type.startsWith('decide'));

describe('overview', () => {
  test('shows tiles, journey and cards in every theme and width', async () => {
    view = await openView('dark', 1400, 1000);
    await view.send(...everything(), {
      type: 'stale',
      reasons: ['The data street-signs.npz has changed since the analysis.'],
    });
    const tiles = await view.page.locator('.tile').allInnerTexts();
    expect(tiles.map((text) => text.split('\n')[0])).toEqual([
      'Character accuracy',
      'Size',
      'Latency',
      'Integer nodes',
    ]);
    await view.inEveryLook(1000, async (name) => {
      await view.page.locator('.tiles-panel').scrollIntoViewIfNeeded();
      await view.screenshot(`glance-${name}`);
      await view.page.locator('.fixes-panel').scrollIntoViewIfNeeded();
      await view.screenshot(`glance-${name}-below`);
    });
  });

  test('tiles say the figures of float, int8 and the advised model', async () => {
    view = await openView('dark', 1400, 900);
    await view.send(...everything());
    const text = async (at: number) =>
      (await view.page.locator('.tile').nth(at).innerText()).replaceAll(/\s+/g, ' ');
    expect(await text(0)).toContain('97.6% 0.5 points below float, within 1% of float');
    expect(await text(1)).toContain('3.2 MB 3.4× smaller than float');
    expect(await text(2)).toContain('9.12 ms 1.4× faster');
    expect(await text(3)).toContain('75.2% 112 of 149 nodes');
  });

  test('a stale report says why, on every tab, and is made anew by a click', async () => {
    view = await openView('dark', 1400, 900);
    const banner = view.page.locator('.banner.stale');
    await view.send(...everything(), { type: 'stale', reasons: [] });
    expect(await banner.isVisible()).toBe(false);
    await view.send({ type: 'stale', reasons: ['<img src=x> has changed since it was analyzed.'] });
    await view.openTab('layers');
    expect(await banner.innerText()).toContain('<img src=x> has changed');
    await banner.getByRole('button', { name: 'Analyze Again' }).click();
    expect(await view.posted()).toContainEqual({ type: 'analyze' });
    await view.send({ type: 'stale', reasons: [] });
    expect(await banner.isVisible()).toBe(false);
  });

  test('the journey is read with the keyboard, and a click opens the layer', async () => {
    view = await openView('dark', 1400, 900);
    await view.send(...everything());
    const picture = view.page.locator('.journey-frame');
    await picture.focus();
    await view.page.keyboard.press('Home');
    await view.page.keyboard.press('ArrowRight');
    await view.page.keyboard.press('ArrowRight');
    const readout = view.page.locator('.journey .readout');
    expect(await readout.innerText()).toMatch(
      /^p2o\.Conv\.2: adds noise at .* dB; 4\.0 dB with everything in int8/,
    );
    expect(await picture.getAttribute('aria-valuetext')).toBe(await readout.innerText());
    await view.page.keyboard.press('Enter');
    expect(await view.page.locator('.detail-panel').innerText()).toContain('p2o.Conv.2');
    expect(await view.page.locator('#tab-layers').getAttribute('aria-selected')).toBe('true');
  });

  test('the journey of thousands of layers with hostile names is drawn', async () => {
    view = await openView('light', 900, 900);
    const layers = Array.from({ length: 4000 }, (_, i) => ({
      ...(report.layers[i % report.layers.length] ?? raise()),
      name: `</script><img src=x>${i}${'x'.repeat(100)}`,
    }));
    await view.send(...everything({ ...report, layers }));
    const words = await view.page.locator('.journey').innerText();
    expect(words).toContain('</script><img src=x>');
    expect(await view.page.locator('img').count()).toBe(0);
    expect(await view.overflow()).toBe(0);
    const count = Number(await view.page.locator('.journey-frame').getAttribute('aria-valuemax'));
    expect(count).toBeLessThan(600);
    expect(count).toBeGreaterThan(200);
    await view.screenshot('journey-4000');
  });

  test('a card keeps its layer in float, or leaves it to the advice, by one click', async () => {
    view = await openView('dark', 1400, 900);
    const more: Fix = {
      ...(report.fixes[1] ?? raise()),
      ...{ what: 'Keep p2o.Conv.4 in float', names: ['p2o.Conv.4'], taken: false, isEnough: false, to: 0.53 },
    };
    await view.send(...everything({ ...report, fixes: [...report.fixes, more] }));
    const cards = view.page.locator('.fix-card');
    const button = (at: number) => cards.nth(at).getByRole('button');
    expect(await cards.nth(2).innerText()).toContain('The advised model has it');
    await button(1).click();
    await button(4).click();
    expect(await decisions()).toEqual([
      { type: 'decide', layers: ['p2o.Conv.2'], choice: 'int8' },
      { type: 'decide', layers: ['p2o.Conv.4'], choice: 'float' },
    ]);
    await view.send({ type: 'decided', choices: [['p2o.Conv.4', 'float']] });
    expect(await cards.nth(4).innerText()).toContain('You keep it in float');
    await button(4).click();
    expect((await decisions()).at(-1)).toEqual({ type: 'decide', layers: ['p2o.Conv.4'], choice: null });
  });

  test('operators and remedies are decided by one click too, and taken back', async () => {
    view = await openView('light', 1400, 900);
    const equalize: Fix = {
      ...(report.fixes[0] ?? raise()),
      ...{ what: 'Neighbouring layers equalized', change: { remedies: ['equalize'] }, taken: false },
    };
    await view.send(...everything({ ...report, fixes: [equalize, ...report.fixes] }));
    const card = (text: string) => view.page.locator('.fix-card').filter({ hasText: text });
    const [remedy, bias, operator] = [card('equalized'), card('biases'), card('Softmax')];
    await remedy.getByRole('button', { name: 'Use It: Neighbouring layers equalized' }).click();
    await bias.getByRole('button', { name: 'Leave Out' }).click();
    await operator.getByRole('button', { name: 'Use int8' }).click();
    expect(await decisions()).toEqual([
      { type: 'decideNetwork', change: { remedies: ['correct-bias', 'equalize'] } },
      { type: 'decideNetwork', change: { remedies: [] } },
      { type: 'decideOperators', operators: ['p2o.Softmax.0'], choice: 'int8' },
    ]);
    await view.send(
      { type: 'decidedOperators', choices: [['p2o.Softmax.0', 'int8']] },
      { type: 'decidedNetwork', decision: { remedies: ['correct-bias', 'equalize'] } },
    );
    expect(await remedy.innerText()).toContain('Your recipe has it');
    expect(await operator.innerText()).toContain('You decided int8');
    await view.page.locator('.fixes-panel').scrollIntoViewIfNeeded();
    await view.screenshot('fixes-decided');
    await remedy.getByRole('button', { name: 'As Advised' }).click();
    await operator.getByRole('button', { name: 'As Advised' }).click();
    expect((await decisions()).slice(3)).toEqual([
      { type: 'decideNetwork', change: { remedies: null } },
      { type: 'decideOperators', operators: ['p2o.Softmax.0'], choice: null },
    ]);
  });
});

function raise(): never {
  throw new Error('The sample report lacks it.');
}
