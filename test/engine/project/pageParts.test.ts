import { expect, test } from 'vitest';
import { graphForPage, layersForStrips } from '../../../engine/project/pageParts';
import type { ModelGraph } from '../../../engine/shared/protocol/model';
import { sampleReport } from '../../webview/sampleReport';

const report = sampleReport();

test('strips are of the layers with the largest drops that have weights', () => {
  const byDrop = [...report.layers].sort((a, b) => b.drop - a.drop).filter(({ weight }) => weight !== null);
  expect(layersForStrips(report)).toEqual(byDrop.slice(0, 12).map(({ name }) => name));
});

test('a weight that is too large to look at quickly leaves its place to others', () => {
  const [worst] = layersForStrips(report);
  const layers = report.model.layers.map((layer) =>
    layer.name === worst ? { ...layer, weightShape: [4096, 4096] } : layer,
  );
  const names = layersForStrips({ ...report, model: { ...report.model, layers } });
  expect(names).toHaveLength(12);
  expect(names).not.toContain(worst);
});

test('a graph of too many nodes, or of too long names, is left out with a reason', () => {
  const graph = (count: number, name: string): ModelGraph => ({
    ...{ hash: 'h', groups: [], edges: [] },
    nodes: Array.from({ length: count }, () => ({
      ...{ name, kind: 'operator' as const, opType: 'Conv', layer: null, group: null },
    })),
  });
  const fitting = graph(5000, 'n');
  expect(graphForPage(fitting)).toBe(fitting);
  expect(graphForPage(graph(5001, 'n'))).toMatchObject({
    message: 'The network of 5,001 nodes is too large for this page.',
  });
  expect(graphForPage(graph(1000, 'n'.repeat(10_000)))).toMatchObject({ code: 'unsupported' });
});
