import { elementCount } from '../onnx/tensors/elements';
import type { Measured } from '../evaluate/baseline';
import type { Fix, OperatorReport } from '../shared/protocol/report';
import type { MetricName, NetworkDecision } from '../shared/protocol/choices';
import { meetsTarget } from '../shared/accuracyTarget';
import { floatLayers } from '../search/candidate/candidate';
import type { Outcome } from '../search/tuning/tuneModel';

/** Of each weight in float, against one byte. */
export const FLOAT_BYTES_MORE = 3;
const MOST = 12;

export interface FixFacts {
  metric: MetricName;
  targetDrop: number;
  measured: Pick<Measured, 'layers' | 'costs'> & { chooser: Pick<Measured['chooser'], 'float'> };
  outcome: Pick<Outcome, 'wholeScore' | 'notebook' | 'explained' | 'chosen' | 'floatCosts'>;
  operators: readonly OperatorReport[];
}

/**
 * What brings back, each by itself, what everything in int8 lost: remedies from the notebook, and layers and operators left out.
 * What is enough comes first, and of that what costs least; then what gains most. Gains within twice their error are none.
 */
export function fixesOf({ metric, targetDrop, measured, outcome, operators }: FixFacts): Fix[] {
  const { wholeScore: from, explained, chosen } = outcome;
  const isEnough = (score: number) => meetsTarget(metric, measured.chooser.float, score, targetDrop);
  if (isEnough(from)) return [];
  const free = { bytes: 0, floatShare: 0, milliseconds: null };
  const total = [...measured.costs.values()].reduce((a, b) => a + b, 0) || 1;
  const kept = new Set(floatLayers(chosen));
  const layers = measured.layers.flatMap(({ name, weight }): Fix[] => {
    const without = explained.get(name)?.without ?? null;
    if (without === null) return [];
    return [
      {
        ...{ kind: 'layer', what: `Keep ${name} in float`, names: [name], from, to: without.score },
        ...{ standardError: without.standardError, isEnough: isEnough(without.score) },
        bytes: FLOAT_BYTES_MORE * (weight === null ? 0 : elementCount(weight)),
        floatShare: (measured.costs.get(name) ?? 0) / total,
        milliseconds: outcome.floatCosts.get(name) ?? null,
        taken: kept.has(name),
      },
    ];
  });
  const between = operators.flatMap(({ name, opType, without, decision }): Fix[] => {
    if (without === null) return [];
    return [
      {
        ...{ kind: 'operator', what: `Keep ${name} (${opType}) in float`, names: [name], from },
        ...{ to: without.score, standardError: without.standardError, isEnough: isEnough(without.score) },
        ...{ ...free, taken: decision === 'float' },
      },
    ];
  });
  return [...remediesIn(outcome.notebook, isEnough), ...layers, ...between]
    .filter((fix) => fix.to - fix.from > 2 * fix.standardError)
    .sort(compareFixes)
    .slice(0, MOST);
}

/** What was done to the whole network, each on top of what was kept before it. */
function remediesIn(notebook: Outcome['notebook'], isEnough: (score: number) => boolean): Fix[] {
  let from = notebook[0]?.score ?? 0;
  return notebook.flatMap((entry): Fix[] => {
    const { step, tried, score: to, standardError, kept, network } = entry;
    const before = from;
    if (kept) from = to;
    if (step !== 'remedy') return [];
    return [
      {
        ...{ kind: 'remedy', what: tried, names: [], from: before, to, standardError },
        ...{ isEnough: isEnough(to), bytes: 0, floatShare: 0, milliseconds: null, taken: kept },
        ...(network === undefined ? {} : { change: changeOf(network) }),
      },
    ];
  });
}

/** How weights are scaled is a setting, and tried before any remedy of the float model. */
function changeOf({ remedies, weights }: Required<NetworkDecision>): NetworkDecision {
  return remedies.length > 0 ? { remedies } : { weights };
}

function compareFixes(a: Fix, b: Fix): number {
  if (a.isEnough !== b.isEnough) return a.isEnough ? -1 : 1;
  const gain = b.to - b.from - (a.to - a.from);
  return a.isEnough ? a.bytes - b.bytes || a.floatShare - b.floatShare || gain : gain;
}
