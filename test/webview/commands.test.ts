import { expect, test } from 'vitest';
import type { Progress } from '../../engine/shared/protocol/error';
import type { QuantizeResult } from '../../engine/shared/protocol/report';
import { data, everything } from './sampleMessages';
import { sampleModel, sampleReport } from './sampleReport';
import { useView } from './useView';
import type { View } from './viewPage';

const openView = useView();
let view: View;

const progress: Progress = {
  stage: 'sensitivity',
  title: 'Measuring each layer',
  done: 19,
  total: 51,
  secondsLeft: 125,
};
const report = sampleReport();
const quantized: QuantizeResult = {
  modelHash: 'abc',
  output: '/home/user/models/ch_PP-OCRv4_rec_infer.int8.onnx',
  settings: report.settings,
  dataStamp: '0 0 0',
  keepFloat: report.keepFloat,
  decisions: report.decisions,
  recipe: { version: 1, layers: [], operators: [] },
  blamed: report.blamed,
  notebook: report.notebook,
  float: report.float,
  int8: report.advised,
  verdict: report.verdict,
  meetsTarget: true,
  lint: [],
  warnings: [],
};

const firstRow = () => view.page.locator('.layer-row[aria-rowindex="2"]');

test('shows progress, and cancels', async () => {
  view = await openView('dark', 1000, 700);
  await view.send({ type: 'model', summary: sampleModel() }, data, { type: 'progress', progress });
  expect(await view.page.locator('.progress').innerText()).toMatch(
    /Measuring each layer\s+19 of 51\s+2 min 5 s left\s+Cancel/,
  );
  await view.screenshot('progress-first');
  const measured = report.layers.map(({ name, sqnrDb, drop, standardError, outputDb }, i) => ({
    // As they come: foretold, measured, on few samples, and then on all.
    ...{ name, sqnrDb, isForetold: i % 4 === 3 },
    alone: i % 4 === 1 || i % 4 === 2 ? { drop, standardError, outputDb, isSettled: i % 4 === 2 } : null,
  }));
  await view.send({ type: 'measured', layers: measured });
  expect(await firstRow().innerText()).toMatch(/^3\s+p2o\.Conv\.2\s+Conv\s[^]*−45\.3/);
  expect(await view.page.getByRole('columnheader').allInnerTexts()).toContain('At outputs');
  await view.screenshot('measuring');
  await view.send({ type: 'measured', layers: [] });
  await view.page.click('[data-action="analyze"]', { force: true });
  await view.page.click('[data-action="cancel"]');
  expect((await view.posted()).map((message) => message.type)).toEqual(['ready', 'cancel']);
  await view.send(
    { type: 'progress', progress: null },
    { type: 'error', error: { code: 'cancelled', message: 'The analysis was cancelled.', hint: '' } },
  );
  // It left nothing behind, and the editor tells of it for a moment.
  expect(await view.page.locator('.banner[role="alert"]').isVisible()).toBe(false);
  expect(await view.page.locator('[data-action="show-log"]').count()).toBe(0);
  await view.screenshot('cancelled');
  await view.send(...everything(), {
    type: 'progress',
    progress: { ...progress, total: 0, secondsLeft: null },
  });
  await view.screenshot('progress-again');
});

test('shows a failure with its hint and the way to the log', async () => {
  view = await openView('light', 1000, 700);
  const error = {
    code: 'runtime',
    message: 'onnxruntime failed at node p2o.Conv.3: input x has 4 channels, the weight expects 3.',
    hint: 'Check that the data has the shape that the model takes.',
  } as const;
  await view.send(...everything(), { type: 'error', error });
  await view.screenshot('error');
  await view.page.click('[data-action="show-log"]');
  expect((await view.posted()).at(-1)).toEqual({ type: 'showLog' });
});

test('shows only the failure when the model cannot be read', async () => {
  view = await openView('dark', 1000, 700);
  const error = {
    code: 'bad-model',
    message: 'broken.onnx ends inside field 7.',
    hint: 'Export it again.',
  } as const;
  await view.send({ type: 'error', error });
  expect(await view.page.locator('.banner.error').innerText()).toContain('ends inside field 7');
  expect(await view.page.locator('.layer-panel').isVisible()).toBe(false);
  await view.screenshot('bad-model');
});

test('shows what was quantized', async () => {
  view = await openView('dark', 1400, 900);
  await view.send(...everything(), { type: 'quantized', result: quantized });
  const card = view.page.locator('.quantized');
  expect((await card.locator('.facts li').allInnerTexts()).slice(0, 2)).toEqual([
    'within 1% of float',
    '97.6%, 0.5 points below float (95%: −0.9 to −0.1)',
  ]);
  expect(await card.innerText()).toContain('1.4× faster (1.3–1.4)');
  expect(await card.innerText()).toContain('2.1% of multiply-adds in float');
  expect(await card.innerText()).toContain('Softmax (1) costs 1.2 points in int8: stays in float');
  // The report's notebook tells the same.
  expect(await card.locator('.notebook').count()).toBe(0);
  await view.screenshot('quantized');
  const { verdict } = report.int8;
  const other = { ...quantized, notebook: quantized.notebook.slice(2), verdict, meetsTarget: false };
  await view.send({ type: 'quantized', result: other });
  expect(await card.innerText()).toContain('not within 1% of float');
  await card.locator('.notebook > summary').click();
  await view.screenshot('quantized-notebook');
  await view.page.click('[data-action="quantize"]');
  expect((await view.posted()).at(-1)).toEqual({ type: 'quantize' });
});
