import { beforeAll, expect, test } from 'vitest';
import type { DataSummary } from '../../../engine/shared/protocol/data';
import { hostileNames } from '../hostileNames';
import { hostileData, severalInputs, smallPictures, textLines } from '../sampleData';
import { sampleModel, sampleReport } from '../sampleReport';
import type { ThemeName } from '../themes';
import { useView } from '../useView';
import type { View } from '../viewPage';

const openView = useView();
let view: View;
let lines: DataSummary;

beforeAll(async () => {
  lines = await textLines();
});

const warnings = [
  'Input "x" gets values from 0 to 255, on average 126, as pixels of 8 bits do.',
  '3 samples calibrate, and the same ones evaluate: ranges measured on so few are chance.',
];
const looks: [ThemeName, number][] = [
  ['dark', 1400],
  ['light', 1400],
  ['light', 400],
  ['hc-dark', 1400],
  ['hc-light', 400],
];

async function start(data: DataSummary, theme: ThemeName = 'dark', width = 1400): Promise<void> {
  view = await openView(theme, width, 900);
  await view.send({ type: 'model', summary: sampleModel() }, { type: 'data', data });
}

/** Numbers of dark, middle and light pixels of the first canvas. */
function shades(): Promise<number[]> {
  return view.page.evaluate(() => {
    const canvas = document.querySelector('canvas');
    const { data } = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? {
      data: [],
    };
    const counts = [0, 0, 0];
    for (let i = 0; i < data.length; i += 4) {
      const place = Math.min(2, Math.floor((data[i] ?? 0) / 86));
      counts[place] = (counts[place] ?? 0) + 1;
    }
    return counts;
  });
}

async function expectNoOverflow(): Promise<void> {
  const overflow = await view.page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow).toBe(0);
}

test.each(looks)('shows the first samples before an analysis in %s at %i pixels', async (theme, width) => {
  await start({ ...lines, warnings }, theme, width);
  const { page } = view;
  expect(await page.locator('.sample').count()).toBe(8);
  const first = page.locator('.sample').first();
  expect(await first.innerText()).toMatch(
    /calibrate-000.png\s+Truth\s+LJE 555 AH\s+1 × 3 × 48 × 320\s+−1 to 0.741, mean 0.265/,
  );
  expect(await first.getByRole('img').getAttribute('aria-label')).toBe(
    'calibrate-000.png, input x: image of shape 1 × 3 × 48 × 320, −1 to 0.741, mean 0.265',
  );
  // Black letters on light ground, and the padding in the middle of the range.
  const [dark = 0, middle = 0, light = 0] = await shades();
  expect(dark).toBeGreaterThan(200);
  expect(middle).toBeGreaterThan(1000);
  expect(light).toBeGreaterThan(2000);
  expect(await page.locator('.data-warnings li').allInnerTexts()).toEqual(warnings);
  await expectNoOverflow();
  await view.screenshot(`data-start-${theme}-${width}`);
});

test.each(looks.slice(2))(
  'shows them beside a report when asked, in %s at %i pixels',
  async (theme, width) => {
    const report = sampleReport();
    await start({ ...lines, warnings }, theme, width);
    await view.send({ type: 'report', report });
    const { page } = view;
    const button = page.locator('[data-action="show-data"]');
    expect(await page.locator('.sample:visible').count()).toBe(0);
    expect(await button.getAttribute('aria-expanded')).toBe('false');
    expect(await button.locator('[role="img"]').getAttribute('aria-label')).toBe('2 warnings');
    await button.focus();
    await page.keyboard.press('Enter');
    expect(await button.getAttribute('aria-expanded')).toBe('true');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-action'))).toBe('show-data');
    expect(await page.locator('.sample:visible').count()).toBe(8);
    await expectNoOverflow();
    await view.screenshot(`data-report-${theme}-${width}`);
    await page.reload();
    await view.send(
      { type: 'model', summary: report.model },
      { type: 'data', data: lines },
      { type: 'report', report },
    );
    expect(await page.locator('.sample:visible').count()).toBe(8);
    await page.click('.data-panel [data-action="choose-data"]');
    expect((await view.posted()).at(-1)).toEqual({ type: 'chooseData' });
    await page.keyboard.press('Escape');
    expect(await page.locator('.data-panel').isVisible()).toBe(false);
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-action'))).toBe('show-data');
  },
);

test('data that was chosen for a first analysis does not cover its result, other data shows beside it', async () => {
  await start(lines);
  await view.send({ type: 'showData', on: true }, { type: 'report', report: sampleReport() });
  const panel = view.page.locator('.data-panel');
  expect(await view.page.locator('.tiles').isVisible()).toBe(true);
  expect(await panel.isVisible()).toBe(false);
  await view.send({ type: 'showData', on: true });
  expect(await panel.isVisible()).toBe(true);
});

test('says for those who do not see what was chosen, and that it is being read', async () => {
  await start(lines);
  const status = view.page.locator('[role="status"].for-readers').first();
  expect(await status.textContent()).toBe('lines: 64 samples to calibrate');
  await view.send({ type: 'dataState', state: { kind: 'reading', path: '/data/more.npz' } });
  expect(await view.page.locator('.reading').innerText()).toContain('more.npz');
  await view.screenshot('data-reading');
  await view.send({ type: 'dataState', state: null }, { type: 'data', data: { ...lines, warnings } });
  expect(await status.textContent()).toBe('lines: 64 samples to calibrate, 2 warnings');
  expect(await view.page.locator('.reading').count()).toBe(0);
});

test.each<[ThemeName, number]>([
  ['light', 1400],
  ['hc-dark', 400],
])('says why data of last time cannot be used, in %s at %i pixels', async (theme, width) => {
  view = await openView(theme, width, 700);
  const error = {
    code: 'not-found',
    message: 'There is no data at /data/lines: no such file or directory.',
    hint: 'Name another.',
  } as const;
  await view.send(
    { type: 'model', summary: sampleModel() },
    { type: 'dataState', state: { kind: 'failed', path: '/data/lines', error } },
    { type: 'data', data: null },
  );
  const text = await view.page.locator('.data-failed').innerText();
  expect(text).toMatch(
    /lines\s+was used before and no longer can be.\s+There is no data at \/data\/lines: no such file or directory.\s+Name another./,
  );
  expect(await view.page.locator('.preview').count()).toBe(0);
  await view.screenshot(`data-failed-${theme}-${width}`);
});

test.each<[ThemeName, number]>([
  ['dark', 1400],
  ['light', 400],
])('shows small pictures in their colours, in %s at %i pixels', async (theme, width) => {
  await start(await smallPictures(), theme, width);
  expect(await view.page.locator('.sample').first().innerText()).toMatch(/#0\s+Class\s+0\s+1 × 3 × 28 × 28/);
  const middle = await view.page.evaluate(() => {
    const canvas = document.querySelector('canvas');
    return Array.from(canvas?.getContext('2d')?.getImageData(14, 8, 1, 1).data ?? []);
  });
  expect(middle).toEqual([255, 153, 153, 255]);
  await expectNoOverflow();
  await view.screenshot(`data-pictures-${theme}-${width}`);
});

test.each<[ThemeName, number]>([
  ['dark', 1400],
  ['hc-light', 1400],
  ['light', 400],
])('shows sound, ids and numbers, in %s at %i pixels', async (theme, width) => {
  await start(await severalInputs(), theme, width);
  const first = view.page.locator('.sample').first();
  expect(await first.locator('figure').count()).toBe(4);
  expect(await first.locator('svg.wave').getAttribute('aria-label')).toMatch(
    /^#0, input sound: waveform of shape 1 × 16000, −1 to 1, mean 0$/,
  );
  expect(await first.locator('svg.wave path').getAttribute('d')).toMatch(/^M0 3\d/);
  expect(await first.locator('.tokens').innerText()).toMatch(/^0 {2}7919 {2}15838 .*…$/s);
  expect(await first.locator('.numbers').first().locator('tr').first().innerText()).toMatch(
    /3.33e−5\s+NaN\s+/,
  );
  expect(await first.locator('.not-finite').innerText()).toBe('1 value NaN or infinite');
  expect(await first.locator('figure').last().innerText()).toMatch(/16000\s+rate\s+scalar\s+int64\s+16000$/);
  await expectNoOverflow();
  await view.screenshot(`data-inputs-${theme}-${width}`);
});

test('shows hostile names as text', async () => {
  await start(await hostileData(hostileNames), 'dark', 900);
  expect(await view.page.locator('.sample-name').first().textContent()).toBe(hostileNames[0]);
  expect(await view.page.locator('.data-warnings li').first().innerText()).toBe(hostileNames[0]);
  expect(await view.page.locator('img').count()).toBe(0);
  expect(await view.page.locator('script').count()).toBe(2);
  await expectNoOverflow();
  await view.screenshot('data-hostile');
});
