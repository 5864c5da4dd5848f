import { expect, test } from 'vitest';
import type { MeasuredLayer } from '../../../engine/shared/protocol/report';
import { data, everything } from '../sampleMessages';
import { sampleModel } from '../sampleReport';
import type { ThemeName } from '../themes';
import { useView } from '../useView';
import type { View } from '../viewPage';

const openView = useView();
let view: View;
const summary = sampleModel();
const model = { type: 'model', summary } as const;
if (data.type !== 'data' || data.data === null) throw new Error('The sample messages name no data.');
const sampleData = data.data;
const none = { type: 'data', data: null } as const;
const cancelled = { type: 'error', error: { code: 'cancelled', message: 'Cancelled.', hint: '' } } as const;
const looks: [ThemeName, number][] = [
  ['dark', 1400],
  ['light', 1400],
  ['hc-dark', 900],
  ['hc-light', 400],
];

function measured(count: number): { type: 'measured'; layers: MeasuredLayer[] } {
  const alone = { drop: 0.01, standardError: 0.002, outputDb: 30, isSettled: true };
  const layers = summary.layers
    .slice(0, count)
    .map(({ name }, i) => ({ name, sqnrDb: 20 + (i % 17), isForetold: false, alone }));
  return { type: 'measured', layers };
}

const overflow = () =>
  view.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
const types = async () => (await view.posted()).map(({ type }) => type);
const now = () => view.page.locator('.steps > [aria-current="step"]');

test.each(looks)('every state before a report is whole in %s at %i pixels', async (theme, width) => {
  view = await openView(theme, width, 700);
  const look = async (name: string) => {
    expect(await overflow()).toBe(0);
    await view.screenshot(`state-${name}-${theme}-${width}`);
  };
  await view.page.locator('.loading').waitFor();
  await view.page.waitForTimeout(500);
  await look('loading');
  const broken = {
    code: 'bad-model',
    message: 'x.onnx ends after 12 bytes.',
    hint: 'Copy it again.',
  } as const;
  await view.send({ type: 'error', error: broken });
  expect(await view.page.locator('.banner.error').innerText()).toContain('read again as soon as');
  await look('failed');
  await view.send({ type: 'error', error: null }, model, none);
  await look('empty');
  await view.send({ type: 'dataState', state: { kind: 'reading', path: '/home/user/street-signs.npz' } });
  await look('reading');
  await view.send({ type: 'dataState', state: null }, data);
  expect(await view.page.locator('.start').innerText()).not.toContain('First samples');
  expect(await view.page.locator('.state-choice').first().innerText()).toBe('undecided');
  await look('chosen');
  const title = 'Measuring each layer';
  const progress = { stage: 'sensitivity', title, done: 12, total: 66, secondsLeft: 90 } as const;
  await view.send({ type: 'progress', progress }, measured(12));
  await look('running');
  await view.send({ type: 'progress', progress: null }, cancelled);
  await look('cancelled');
  const bad = {
    code: 'bad-data',
    message: 'Sample 7 lacks input x.',
    hint: 'Name it as the model does.',
  } as const;
  await view.send({ type: 'error', error: bad });
  await look('bad-data');
});

test.each([1400, 400])(
  'before an analysis the list of layers takes its whole tab, at %i pixels',
  async (width) => {
    view = await openView('light', width, 800);
    await view.send(model, data);
    const box = (selector: string) => view.page.locator(selector).boundingBox();
    // On one page with what there is to do, it leaves room for it.
    const beside = (await box('.layer-panel'))?.height ?? Infinity;
    expect(beside).toBeLessThan(600);
    await view.openTab('layers');
    const panel = await box('.layer-panel');
    if (width > 819) expect(Math.round((panel?.y ?? 0) + (panel?.height ?? 0))).toBe(800);
    expect(await overflow()).toBe(0);
    await view.screenshot(`state-layers-${width}`);
  },
);

test('three clicks lead from a model without data to its analysis', async () => {
  view = await openView('dark', 1400, 700);
  await view.send(model, none);
  expect(await now().innerText()).toContain('Samples');
  await view.page.getByRole('button', { name: 'Use Made-up Samples' }).click();
  expect(await types()).toEqual(['ready', 'useSynthetic']);
  await view.send({ type: 'data', data: { ...sampleData, data: 'synthetic' } });
  expect(await now().innerText()).toContain('Analysis');
  expect(await view.page.locator('.steps').innerText()).toContain('Made-up samples');
  expect(await view.page.getByRole('button', { name: 'Use Made-up Samples' }).count()).toBe(0);
  await now().getByRole('button', { name: 'Analyze' }).click();
  expect(await types()).toEqual(['ready', 'useSynthetic', 'analyze']);
});

test('a cancelled first analysis says what stays, and begins again by a click', async () => {
  view = await openView('dark', 1400, 700);
  await view.send(model, data, measured(12), cancelled);
  const banner = view.page.locator('.banner.cancelled');
  expect(await banner.innerText()).toContain(`12 of ${summary.layers.length} layers were measured`);
  await banner.getByRole('button', { name: 'Analyze Again' }).click();
  expect(await types()).toEqual(['ready', 'analyze']);
  const foretold = measured(20).layers.map((layer) => ({ ...layer, isForetold: true, alone: null }));
  const cancelAfter = (layers: MeasuredLayer[]) =>
    view.send({ type: 'measured', layers: [] }, { type: 'measured', layers }, cancelled);
  await cancelAfter(foretold);
  expect(await banner.innerText()).toContain(`None of ${summary.layers.length} layers was measured`);
  await cancelAfter([...measured(1).layers, ...foretold.slice(1)]);
  expect(await banner.innerText()).toContain(`1 of ${summary.layers.length} layers was measured`);
  await view.send(...everything());
  expect(await banner.isVisible()).toBe(false);
  await view.send(model, { type: 'report', report: null }, { type: 'measured', layers: [] });
  expect(await banner.isVisible()).toBe(false);
});

test('data that fails can be chosen anew where its failure is told', async () => {
  view = await openView('dark', 1400, 700);
  const error = { code: 'bad-data', message: '<img src=x>', hint: '' } as const;
  await view.send(model, none, { type: 'error', error });
  await view.page.locator('.banner.error').getByRole('button', { name: 'Choose Data…' }).click();
  expect(await types()).toEqual(['ready', 'chooseData']);
  await view.send({ type: 'error', error: { ...error, code: 'runtime' } });
  expect(await view.page.locator('.banner.error').getByRole('button').allTextContents()).toEqual([
    'Show Log',
  ]);
});
