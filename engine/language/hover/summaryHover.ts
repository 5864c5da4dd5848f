import { baseName, formatShape } from '../../shared/format';
import type { LayerSummary, ModelSummary } from '../../shared/protocol/model';
import { blocks, joined, literal, md, RULE, type Markdown, commandLink } from '../markdown';
import { layersNamed } from '../../report/reportIndex';

function section(layer: LayerSummary, name: string): Markdown {
  const { opType, weight, weightShape, output } = layer;
  const shape = weightShape === null ? '' : `, weight ${formatShape(weightShape)}`;
  if (name === layer.name) return md`**Layer** ${literal(name)} (${opType}${shape})`;
  if (name === weight) return md`**Weight** ${literal(name)} of ${literal(layer.name)} (${opType}${shape})`;
  return md`**Tensor** ${literal(output)}, made by ${literal(layer.name)} (${opType})`;
}

/** What open models that nobody has analyzed have of this name, as Markdown; `null` when they have nothing. */
export function summaryHover(name: string, models: readonly ModelSummary[]): string | null {
  const sections = models.flatMap((model) => {
    const layers = layersNamed(model, name);
    const [first] = layers;
    if (first === undefined) return [];
    const link = commandLink('Show in view', 'quantscope.showLayer', [model.path, first.name]);
    return [
      blocks([
        ...layers.map((layer) => section(layer, name)),
        md`In ${literal(baseName(model.path))}, not analyzed yet`,
        link,
      ]),
    ];
  });
  return sections.length === 0 ? null : joined(sections, RULE).value;
}
