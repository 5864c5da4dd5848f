import type { ChoiceCost, TradeOff, TradeOffPoint } from '../../engine/shared/protocol/plan';
import type { LayerChoice } from '../../engine/shared/protocol/choices';
import { sampleReport } from './sampleReport';

const FLOAT_BYTES = 10_822_104;
const FLOAT_BOPS = 2.1e12;

/** What a layer takes less than in float, and loses, on a grid. */
function cost(choice: LayerChoice, drop: number): ChoiceCost {
  const shares = { float: 0, int8: 0.75, 'int4-block': 0.86 } as Record<string, number>;
  const share = shares[choice] ?? 0;
  return {
    ...{ choice, noise: drop / 10, drop, standardError: 0.002 },
    extra: {
      bytes: (-share * FLOAT_BYTES) / 51,
      bops: (-share * 1.24 * FLOAT_BOPS) / 51,
      latency: choice === 'float' ? 0 : -0.07,
    },
  };
}

/** A plan of the sample model: from everything in 4 bits and int8 to everything in float. */
export function sampleTradeOff(): TradeOff {
  const report = sampleReport();
  const names = report.layers.map(({ name }) => name);
  const worst = ['p2o.Conv.2', 'p2o.Conv.28', 'p2o.MatMul.16'];
  const others = names.filter((name) => !worst.includes(name));
  const networks: [floats: number, fours: number, drop: number, measured: number | null][] = [
    [0, 3, 0.62, 0.49],
    [0, 0, 0.55, 0.456],
    [1, 2, 0.11, 0.082],
    [1, 0, 0.1, 0.075],
    [2, 0, 0.024, 0.021],
    [3, 0, 0.006, 0.005],
    [5, 0, 0.004, 0.004],
    [9, 0, 0.003, null],
    [17, 0, 0.002, 0.001],
    [30, 0, 0.001, null],
    [51, 0, 0, 0],
  ];
  const points = networks.map(([floats, fours, drop, measured]): TradeOffPoint => {
    const choices = Object.fromEntries([
      ...[...worst, ...others].slice(0, floats).map((name) => [name, 'float'] as const),
      ...others.slice(-fours || others.length).map((name) => [name, 'int4-block'] as const),
    ]);
    const bytes = FLOAT_BYTES * (0.27 + (0.73 * floats) / 51 - 0.01 * fours);
    return {
      choices,
      predicted: {
        ...{ bytes, bops: FLOAT_BOPS * (0.08 + (0.92 * floats) / 51), latency: 8.6 + (3.8 * floats) / 51 },
        ...{ outputDb: 8 + floats, drop, standardError: 0.003 + 0.08 * drop },
      },
      verified:
        measured === null
          ? null
          : {
              ...{ score: 0.984 - measured, drop: measured, standardError: 0.002 + 0.06 * measured },
              ...{ outputDb: 7.6 + floats, bytes: bytes * 1.004 },
            },
    };
  });
  const { model, float, settings, advised, decisions, notebook } = report;
  return {
    model,
    settings: { ...settings, budgets: [], along: 'bytes', grids: ['int4-block'], by: 'noise' },
    float,
    floatUse: { bytes: FLOAT_BYTES, bops: FLOAT_BOPS, latency: 12.4 },
    choosing: { score: 0.984 },
    layers: report.layers.map(({ name, opType, orthogonality }) => ({
      ...{ name, opType, orthogonality },
      choices: [cost('int8', 0.01), cost('int4-block', 0.02), cost('float', 0)],
    })),
    points,
    chosen: 5,
    offPrediction: { difference: 0.001, low: -0.003, high: 0.005 },
    result: { ...advised },
    missed: [],
    verdict: advised.verdict,
    meetsTarget: true,
    decisions,
    recipe: { version: 1, layers: [], operators: [] },
    notebook,
    warnings: [],
  };
}
