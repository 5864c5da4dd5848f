import { EngineError } from '../shared/engineError';
import { formatExactCount } from '../shared/format';
import type { Run } from '../common/run';
import type { Project } from './project';
import type { AnalyzeSettings } from '../shared/protocol/settings';
import type { ErrorData } from '../shared/protocol/error';
import type { ModelGraph } from '../shared/protocol/model';
import type { PageParts } from '../shared/protocol/page';
import type { Report } from '../shared/protocol/report';
import type { WeightRanges } from '../shared/protocol/layerDetail';

/** Layers of which a page shows the weights. */
const MOST_STRIPS = 12;
/** Values that all of them may have together: a second or two to sort. */
const MOST_VALUES = 8_000_000;
/** Bytes of a model that is loaded three times more for each of these layers without people having to wait. */
const MOST_BYTES = 100_000_000;
/** Nodes that a browser lays out while one waits for it. */
const MOST_NODES = 5000;
/** Characters of a graph's names and edges in a page. */
const MOST_TEXT = 4_000_000;

/** The layers with the largest drops, as long as their weights are quick to look at. */
export function layersForStrips({ layers, model }: Pick<Report, 'layers' | 'model'>): string[] {
  const sizes = new Map(
    model.layers.map(({ name, weightShape }) => [
      name,
      weightShape?.reduce((product, size) => product * size, 1) ?? 0,
    ]),
  );
  let room = MOST_VALUES;
  return [...layers]
    .filter(({ weight }) => weight !== null)
    .sort((a, b) => b.drop - a.drop)
    .filter(({ name }) => {
      const size = sizes.get(name) ?? 0;
      if (size > room) return false;
      room -= size;
      return true;
    })
    .slice(0, MOST_STRIPS)
    .map(({ name }) => name);
}

/** A graph that a page can hold, or why it holds none. */
export function graphForPage(graph: ModelGraph): ModelGraph | ErrorData {
  const count = graph.nodes.length;
  if (count <= MOST_NODES && JSON.stringify(graph).length <= MOST_TEXT) return graph;
  return {
    code: 'unsupported',
    message: `The network of ${formatExactCount(count)} nodes is too large for this page.`,
    hint: 'Open the model in Quantscope to see its graph.',
  };
}

/** More digits than a picture shows only make the page longer. */
function rounded(ranges: WeightRanges): WeightRanges {
  const { min, low, median, high, max } = ranges.boxes;
  const round = (values: number[]) => values.map((value) => Number(value.toPrecision(5)));
  const boxes = {
    ...{ min: round(min), low: round(low), median: round(median) },
    ...{ high: round(high), max: round(max) },
  };
  return { ...ranges, boxes };
}

/**
 * Runs what a page shows of outputs in int8 against float, of the layers whose weights it shows; of large models none.
 * @param report that the settings gave just now
 */
export async function measureScatters(
  project: Project,
  settings: AnalyzeSettings,
  report: Report,
  run: Run,
): Promise<void> {
  if (report.model.bytes > MOST_BYTES) return;
  for (const layer of layersForStrips(report))
    try {
      await project.detail.scatter({ settings, layer }, report, run);
    } catch (thrown) {
      // What cannot be run or read out is not drawn; the report is whole without it.
      if (!(thrown instanceof EngineError) || thrown.code === 'cancelled') throw thrown;
    }
}

/**
 * What a page shows of a model beside its report, as far as that needs no run.
 * @param report of the model as it is now
 */
export function pageParts(project: Project, report: Report): PageParts {
  const weights = project.detail.weightsOf(layersForStrips(report), report);
  return {
    graph: graphForPage(project.graph()),
    scatters: project.detail.scattersOf(report),
    weights: weights.map((one) => ({
      ...one,
      before: rounded(one.before),
      after: one.after === null ? null : rounded(one.after),
    })),
  };
}
