import axe, { type RunOptions } from 'axe-core';
import { beforeAll, expect, test } from 'vitest';
import type { DataSummary } from '../../engine/shared/protocol/data';
import type { ModelGraph } from '../../engine/shared/protocol/model';
import type { Tab } from '../../webview/state/state';
import { otherReport } from './otherReport';
import { smallPictures } from './sampleData';
import { sampleScatter, sampleTrial, sampleWeights } from './sampleLayer';
import { everything } from './sampleMessages';
import { sampleModel, sampleReport } from './sampleReport';
import { sampleTradeOff } from './sampleTradeOff';
import { themes, type ThemeName } from './themes';
import { useView } from './useView';
import type { View } from './viewPage';

const open = useView();
// Rows are alike: a few of them take less time.
const report = sampleReport(20);
const [layer] = report.layers.filter(({ name }) => name === 'p2o.Conv.2');
const input = layer?.inputs[0];
const other = otherReport();
let pictures: DataSummary;
beforeAll(async () => {
  pictures = await smallPictures();
});

const graph: ModelGraph = {
  hash: report.model.hash,
  nodes: report.layers.map(({ name, opType }) => ({
    ...{ name, kind: 'operator', opType, layer: name, group: null },
  })),
  groups: [],
  edges: report.layers.slice(1).map((_, i) => ({ from: i, to: i + 1, tensor: `t${i}`, dims: null })),
};

/** Serious findings in what is shown: by every rule once, and in other themes by those of color. */
function findings(view: View, theme: ThemeName): Promise<string[]> {
  const options: RunOptions = { resultTypes: ['violations'] };
  if (theme !== 'dark') options.runOnly = ['color-contrast'];
  return view.page.evaluate(async (chosen) => {
    const { violations } = await (window as unknown as { axe: typeof axe }).axe.run(document, chosen);
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) =>
        nodes.slice(0, 4).map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`),
      );
  }, options);
}

/** The same in every theme, on one page. */
async function expectNone(view: View): Promise<void> {
  for (const theme of Object.keys(themes) as ThemeName[]) {
    await view.setTheme(theme);
    expect(await findings(view, theme), theme).toEqual([]);
  }
}

test('nothing on the start page or any tab is kept from those who use readers, keys or little contrast', async () => {
  const view = await open('dark', 1400, 1000);
  await view.page.evaluate(axe.source);
  const warnings = ['Input "x" gets values from 0 to 255.'];
  await view.send(
    { type: 'model', summary: sampleModel() },
    { type: 'data', data: { ...pictures, warnings } },
  );
  await view.page.locator('.start .sample').first().waitFor();
  await expectNone(view);

  const tensor = input?.tensor ?? '';
  const clip = input?.clips[input.method] ?? 1;
  const about = { layer: 'p2o.Conv.2', tensor, clip: clip * 0.6, goesOn: false };
  await view.send(
    ...everything(report),
    { type: 'data', data: pictures },
    { type: 'decided', choices: [['p2o.Conv.4', 'float']] },
    { type: 'stale', reasons: ['The data street-signs.npz has changed since the analysis.'] },
    { type: 'tradeOff', tradeOff: sampleTradeOff() },
    { type: 'graph', answer: { kind: 'done', result: graph } },
    { type: 'compared', report: { ...other, layers: other.layers.slice(0, 20) }, label: 'other.onnx' },
    {
      type: 'layerWeights',
      layer: 'p2o.Conv.2',
      answer: { kind: 'done', result: sampleWeights('p2o.Conv.2') },
    },
    { type: 'scatter', layer: 'p2o.Conv.2', answer: { kind: 'done', result: sampleScatter('p2o.Conv.2') } },
    {
      type: 'clipTrial',
      trial: {
        ...about,
        answer: { kind: 'done', result: sampleTrial('p2o.Conv.2', tensor, about.clip, clip) },
      },
    },
  );
  for (const tab of ['overview', 'layers', 'graph', 'tradeOff', 'compare'] as Tab[]) {
    await view.openTab(tab);
    if (tab === 'layers') await view.page.locator('.detail-panel .weight-strip').waitFor();
    if (tab === 'graph') await view.page.locator('.graph-stage[data-boxes]').waitFor();
    await expectNone(view);
  }
});
