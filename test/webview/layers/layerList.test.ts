import { describe, expect, test } from 'vitest';
import type { LayerChoice } from '../../../engine/shared/protocol/choices';
import type { Report } from '../../../engine/shared/protocol/report';
import { everything } from '../sampleMessages';
import { sampleReport } from '../sampleReport';
import type { ThemeName } from '../themes';
import { useView } from '../useView';
import type { View } from '../viewPage';

const openView = useView();
let view: View;

/** A transformer's names, whose paths tell blocks. */
function inBlocks(): Report {
  const report = sampleReport();
  report.model.layers.forEach((summary, i) => {
    const name = `/encoder/layer.${Math.floor(i / 6)}/part.${i % 6}/${summary.opType}`;
    const layer = report.layers[i];
    if (layer !== undefined) layer.name = name;
    report.keepFloat = report.keepFloat.map((one) => (one === summary.name ? name : one));
    summary.name = name;
  });
  report.decisions.choices = Object.fromEntries(report.keepFloat.map((name) => [name, 'float'] as const));
  return report;
}

async function openList(theme: ThemeName, width: number, report = sampleReport()): Promise<void> {
  view = await openView(theme, width, 900);
  await view.send(...everything(report));
  await view.openTab('layers');
}

const row = (position: number) => view.page.locator(`.line[aria-rowindex="${position + 2}"]`);
const nameOf = (position: number) => row(position).getAttribute('data-layer');
const chosen = () =>
  view.page
    .locator('.line[aria-selected="true"]')
    .evaluateAll((lines) =>
      lines
        .sort((a, b) => Number(a.ariaRowIndex) - Number(b.ariaRowIndex))
        .map((line) => (line as HTMLElement).dataset['layer']),
    );
const active = () => view.page.locator('.line.active').getAttribute('data-layer');
const decisions = async () => (await view.posted()).filter((message) => message.type === 'decide');
const counted = () => view.page.locator('.panel-bar [role="status"]').innerText();
const heads = () => view.page.getByRole('columnheader').locator('.sort').allInnerTexts();
const decide = (...choices: [string, LayerChoice][]) => view.send({ type: 'decided', choices });

describe('choosing rows', () => {
  test('takes several by mouse and decides for all of them', async () => {
    await openList('dark', 1400);
    await row(0).locator('.cell-name').click();
    await row(3)
      .locator('.cell-name')
      .click({ modifiers: ['Shift'] });
    expect(await chosen()).toEqual(['p2o.Conv.2', 'p2o.Conv.28', 'p2o.MatMul.16', 'p2o.Conv.9']);
    await row(1)
      .locator('.cell-name')
      .click({ modifiers: ['Control'] });
    expect(await chosen()).toEqual(['p2o.Conv.2', 'p2o.MatMul.16', 'p2o.Conv.9']);
    const bar = view.page.locator('.selection-bar');
    expect(await bar.locator('.selection-count').innerText()).toBe('3 layers selected');
    expect(await bar.locator('option').allInnerTexts()).toContain('int4-block (1 of 3)');
    await view.page.screenshot({ path: 'out/screenshots/table-selection.png' });
    await bar.locator('select').selectOption('int4-block');
    await bar.locator('select').selectOption('float16');
    await bar.locator('[data-action="as-advised"]').click();
    const all = ['p2o.Conv.2', 'p2o.MatMul.16', 'p2o.Conv.9'];
    expect(await decisions()).toEqual([
      { type: 'decide', layers: ['p2o.MatMul.16'], choice: 'int4-block' },
      { type: 'decide', layers: all, choice: 'float16' },
      { type: 'decide', layers: all, choice: null },
    ]);
    await decide(['p2o.Conv.2', 'float16'], ['p2o.MatMul.16', 'float16'], ['p2o.Conv.9', 'float16']);
    // What was chosen stays chosen when decisions come back.
    expect(await chosen()).toEqual(all);
    expect(await row(3).locator('.cell-state').getAttribute('aria-label')).toBe('float16, yours');
  });

  test('works from the keyboard alone', async () => {
    await openList('dark', 1400);
    const { keyboard } = view.page;
    await view.page.locator('.layer-grid').focus();
    await keyboard.press('Shift+ArrowDown');
    await keyboard.press('Shift+ArrowDown');
    expect(await chosen()).toEqual(['p2o.Conv.2', 'p2o.Conv.28', 'p2o.MatMul.16']);
    expect(await view.page.locator('.detail-panel').getAttribute('data-layer')).toBe('p2o.MatMul.16');
    await keyboard.press('Shift+ArrowUp');
    expect(await chosen()).toEqual(['p2o.Conv.2', 'p2o.Conv.28']);
    // All of them are in float: to int8, and back to what is advised.
    await keyboard.press('Space');
    await decide(['p2o.Conv.2', 'int8'], ['p2o.Conv.28', 'int8']);
    await keyboard.press('Space');
    expect(await decisions()).toEqual([
      { type: 'decide', layers: ['p2o.Conv.2', 'p2o.Conv.28'], choice: 'int8' },
      { type: 'decide', layers: ['p2o.Conv.2', 'p2o.Conv.28'], choice: null },
    ]);
    await keyboard.press('Control+a');
    expect(await view.page.locator('.selection-count').innerText()).toBe('51 layers selected');
    await keyboard.press('Escape');
    expect(await chosen()).toEqual(['p2o.Conv.28']);
    expect(await view.page.locator('.selection-bar').isVisible()).toBe(false);
    await keyboard.type('p2o.conv.44');
    expect(await active()).toBe('p2o.Conv.44');
    const grid = view.page.locator('.layer-grid');
    const pointed = await grid.getAttribute('aria-activedescendant');
    expect(await view.page.locator(`#${pointed ?? ''}`).getAttribute('data-layer')).toBe('p2o.Conv.44');
  });

  test('opens the control of a row with F2, and comes back', async () => {
    await openList('light', 1400);
    await view.page.locator('.layer-grid').focus();
    await view.page.keyboard.press('F2');
    const focused = () => view.page.evaluate(() => document.activeElement?.className);
    expect(await focused()).toBe('state-select');
    await view.page.keyboard.press('Escape');
    await view.page.keyboard.press('Escape');
    expect(await focused()).toContain('layer-grid');
    // A control that scrolls out of sight gives the focus back too.
    await view.page.keyboard.press('F2');
    await view.page.keyboard.press('Escape');
    expect(await focused()).toBe('state-select');
    await view.page.locator('.layer-grid').evaluate((grid) => grid.scrollTo(0, 1e6));
    await expect.poll(focused).toContain('layer-grid');
  });

  test('copies the names of what is chosen', async () => {
    await openList('dark', 1400);
    await view.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const clipboard = () => view.page.evaluate(() => navigator.clipboard.readText());
    await view.page.locator('.layer-grid').focus();
    await view.page.keyboard.press('Shift+ArrowDown');
    await view.page.keyboard.press('Control+c');
    expect(await clipboard()).toBe('p2o.Conv.2\np2o.Conv.28');
    await view.page.keyboard.press('Shift+ArrowDown');
    await view.page.click('[data-action="copy-names"]');
    await expect.poll(clipboard).toBe('p2o.Conv.2\np2o.Conv.28\np2o.MatMul.16');
  });
});

describe('what is listed', () => {
  test('is told by text and facets, over a reload too', async () => {
    await openList('dark', 1400);
    await view.page.fill('.filter', 'outl');
    expect(await counted()).toBe('3 of 51 layers');
    await view.page.fill('.filter', '');
    await view.page.click('[data-action="facets"]');
    await view.page.selectOption('.facet-bar [aria-label="Any state"]', 'falls-back');
    expect(await counted()).toBe('4 of 51 layers');
    expect(await row(0).locator('.state-reason').innerText()).toBe('runs in float');
    await view.page.screenshot({ path: 'out/screenshots/table-facets.png' });
    await view.page.selectOption('.facet-bar [aria-label="Any state"]', '');
    await view.page.getByLabel('Above noise only').check();
    const above = Number((await counted()).split(' ')[0]);
    expect(above).toBeGreaterThan(3);
    expect(above).toBeLessThan(51);
    await view.page.reload();
    await view.send(...everything());
    await view.openTab('layers');
    expect(Number((await counted()).split(' ')[0])).toBe(above);
    await view.page.click('[data-action="clear-facets"]');
    await view.page.getByLabel('Decided by me').check();
    expect(await view.page.locator('.empty').innerText()).toBe('No layer matches the filter.');
    await decide(['p2o.Conv.9', 'float']);
    expect(await counted()).toBe('1 of 51 layers');
    // A layer chosen elsewhere is shown whatever hides it.
    await view.send({ type: 'select', layer: 'p2o.Conv.40' });
    expect(await counted()).toBe('51 layers');
    expect(await chosen()).toEqual(['p2o.Conv.40']);
  });

  test('sorts by every column that is shown', async () => {
    await openList('dark', 2600);
    await view.page.click('[data-action="columns"]');
    await view.page.locator('.column-menu [data-column="orthogonality"]').check();
    await view.page.screenshot({ path: 'out/screenshots/table-columns.png' });
    await view.page.keyboard.press('Escape');
    const keys = await view.page
      .locator('.sort')
      .evaluateAll((buttons) => buttons.map((button) => (button as HTMLElement).dataset['sort'] ?? ''));
    expect(keys).toHaveLength(12);
    for (const key of keys) {
      await view.page.click(`[data-sort="${key}"]`);
      const sorted = view.page.locator('[aria-sort="ascending"], [aria-sort="descending"]');
      expect(await sorted.locator('[data-sort]').getAttribute('data-sort')).toBe(key);
    }
    await view.page.click('[data-sort="bytes"]');
    const first = await nameOf(0);
    await view.page.reload();
    await view.send(...everything());
    await view.openTab('layers');
    expect(await nameOf(0)).toBe(first);
    expect(await heads()).toContain('Orthogonality');
  });

  test.each([
    [360, ['Layer', 'State']],
    [480, ['Layer', 'Drop, points', 'SQNR', 'State']],
    [1400, ['#', 'Layer', 'Operator', 'Input', 'Drop, points', 'At outputs', 'SQNR', 'State']],
  ])('leaves out what finds no room at %i pixels, the name never', async (width, expected) => {
    await openList('light', width);
    expect(await heads()).toEqual(expected);
    await view.page.screenshot({ path: `out/screenshots/table-${width}.png` });
  });

  test('gathers layers by block', async () => {
    await openList('dark', 1400, inBlocks());
    await view.page.click('[data-action="group"]');
    const grid = view.page.locator('.layer-grid');
    expect(await grid.getAttribute('role')).toBe('treegrid');
    expect(await row(0).innerText()).toMatch(/encoder\/layer\.0\s+6 layers\s+−45\.3/);
    await view.page.screenshot({ path: 'out/screenshots/table-groups.png' });
    await grid.focus();
    await view.page.keyboard.press('ArrowLeft');
    expect(await row(0).getAttribute('aria-selected')).toBe('true');
    await view.page.keyboard.press('ArrowLeft');
    expect(await row(0).getAttribute('aria-expanded')).toBe('false');
    expect(await row(1).getAttribute('data-group')).toContain('layer.4');
    // A block is all of its layers.
    await view.page.keyboard.press('Space');
    expect((await decisions()).flatMap((message) => message.layers)).toHaveLength(6);
    await view.page.keyboard.press('ArrowRight');
    await view.page.keyboard.press('ArrowRight');
    expect(await active()).toBe('/encoder/layer.0/part.2/Conv');
  });
});

test('tells decisions, advice and layers that fall back apart in every theme', async () => {
  await openList('dark', 1800);
  await decide(['p2o.Conv.9', 'float'], ['p2o.MatMul.16', 'int4-block'], ['p2o.Conv.28', 'int8']);
  await view.page.click('[data-action="facets"]');
  const label = (name: string) =>
    view.page.locator(`.layer-row[data-layer="${name}"] .cell-state`).getAttribute('aria-label');
  expect(await label('p2o.Conv.2')).toBe('float, advised');
  expect(await label('p2o.MatMul.16')).toBe('int4-block, yours');
  expect(await label('p2o.Conv.5')).toBe('int8, runs in float');
  expect(await label('p2o.Conv.7')).toBe('int8');
  await view.page.locator('.layer-grid').focus();
  await view.page.keyboard.press('ArrowDown');
  await view.page.keyboard.press('Shift+ArrowDown');
  for (const theme of ['dark', 'light', 'hc-dark', 'hc-light'] as const) {
    await view.setTheme(theme);
    await view.screenshot(`table-${theme}`);
  }
});
