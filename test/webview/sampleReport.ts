import type {
  Fix,
  FloatGroup,
  HistogramData,
  Int8Result,
  LayerInput,
  LayerReport,
  NotebookEntry,
  OperatorReport,
  Report,
  TargetVerdict,
} from '../../engine/shared/protocol/report';
import type { CalibrationMethod } from '../../engine/shared/protocol/choices';
import type { LayerSummary, ModelSummary } from '../../engine/shared/protocol/model';

/** Numbers in [0, 1) that are the same in every run. */
export function randomSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A bulk of `spread` around zero with a thin tail far out, as after a convolution in a trained network. */
export function heavyTailed(
  random: () => number,
  spread: number,
  reach: number,
  signed: boolean,
): HistogramData {
  const binWidth = 2 ** Math.floor(Math.log2(reach / 1500));
  const bins = Math.ceil(reach / binWidth);
  const side = (scale: number) =>
    Array.from({ length: bins }, (_, i) => {
      const x = (i * binWidth) / spread;
      const bulk = 90000 * scale * Math.exp(-x);
      const tail = (scale * 14) / (1 + x / 6) ** 2;
      return Math.floor((bulk + tail) * (0.6 + 0.8 * random()));
    });
  const positive = side(1);
  positive[bins - 1] = 1;
  return { binWidth, positive, negative: signed ? side(0.7).slice(0, Math.ceil(bins / 3)) : [] };
}

/** The calibrator of all tensors. */
const USED: CalibrationMethod = 'percentile:99.99';

function sampleInput(tensor: string, random: () => number): LayerInput {
  const spread = 0.3 + 1.6 * random();
  const reach = spread * (12 + 40 * random() ** 2);
  const signed = random() < 0.5;
  const histogram = heavyTailed(random, spread, reach, signed);
  const top = histogram.positive.length * histogram.binWidth;
  const min = -histogram.negative.length * histogram.binWidth;
  const clips = {
    max: top,
    entropy: spread * 6.1,
    mse: spread * 7.4,
    'percentile:99.9': spread * 6.8,
    'percentile:99.99': Math.min(top, spread * 9.3),
    'percentile:99.999': Math.min(top, 0.62 * top + spread),
    'percentile:99.9999': 0.97 * top,
  };
  return { tensor, histogram, min, max: top, clips, method: USED };
}

const shapes = [
  [64, 3, 3, 3],
  [64, 64, 1, 1],
  [128, 64, 3, 3],
  [240, 1, 5, 5],
];

function sampleSummary(index: number): LayerSummary {
  const head = index % 17 === 16;
  const weightShape = head ? [480, 6625] : (shapes[index % shapes.length] ?? []);
  return {
    name: head ? `p2o.MatMul.${index}` : `p2o.Conv.${index}`,
    output: `relu_${index}.tmp_0`,
    outputShape: null,
    opType: head ? 'MatMul' : 'Conv',
    weight: head ? `linear_${index}.w_0` : `conv2d_${180 + index}.w_0`,
    weightShape,
    weightBytes: 4 * weightShape.reduce((a, b) => a * b, 1),
    choices: head
      ? ['int8', 'uint8', 'int16', 'int4', 'int4-block', 'dynamic', 'int8-weights', 'float', 'float16']
      : ['int8', 'uint8', 'int16', 'int8-weights', 'float', 'float16'],
  };
}

/** A text recognizer with so many layers. */
export function sampleModel(layers = 51): ModelSummary {
  return {
    path: '/home/user/models/ch_PP-OCRv4_rec_infer.onnx',
    bytes: 10_822_104,
    hash: 'a3f5',
    irVersion: 8,
    opset: 11,
    otherOpsets: [],
    producer: 'paddle2onnx 1.0',
    parameters: 2_655_812,
    nodeCount: 7 * layers,
    operators: {
      Conv: layers - 3,
      Add: 64,
      HardSwish: 38,
      Mul: 31,
      Reshape: 12,
      Transpose: 9,
      MatMul: 3,
      Softmax: 3,
    },
    inputs: [{ name: 'x', type: 'float', dims: ['DynamicDimension.0', 3, 48, 'DynamicDimension.1'] }],
    outputs: [{ name: 'softmax_11.tmp_0', type: 'float', dims: ['DynamicDimension.0', '?', 6625] }],
    layers: Array.from({ length: layers }, (_, index) => sampleSummary(index)),
    blocks: [
      { kind: 'HardSwish', name: 'p2o.Div.3', nodes: ['p2o.Add.7', 'p2o.Clip.2', 'p2o.Mul.5', 'p2o.Div.3'] },
    ],
    unquantizable: [
      { name: 'decoder/If_1/then_branch/RNN_2', opType: 'RNN', reason: 'onnxruntime has no integer RNN.' },
    ],
    notes: [],
    quantized: null,
  };
}

function sampleLayer(summary: LayerSummary, index: number, random: () => number): LayerReport {
  const costly: Record<number, number> = { 2: 0.453, 28: 0.082, 16: 0.021 };
  const drop = costly[index] ?? Math.round((random() - 0.35) * 12) / 1000;
  const keep = index in costly;
  return {
    name: summary.name,
    opType: summary.opType,
    weight: summary.weight,
    inputs: [sampleInput(`hardswish_${index}.tmp_0`, random)],
    sqnrDb: keep ? 6 + 9 * random() : 22 + 16 * random(),
    cosine: keep ? 0.91 : 0.9987,
    score: 0.981 - drop,
    drop,
    standardError: 0.002 + 0.1 * Math.abs(drop),
    samples: keep ? 128 : 500,
    outputDb: keep ? 5 + (index % 7) : 20 + ((index * 7) % 19),
    outputCosine: keep ? 0.87 : 0.9961,
    orthogonality: (index % 11) / 11,
    pathDb: keep ? 4 : 18 + (index % 9),
    pathCosine: keep ? 0.8 : 0.9933,
    cause: keep
      ? {
          kind: 'outliers',
          reason: `99.9% of what it reads lies within ±1.2, and its grid reaches ${20 + index}: one value in a thousand takes 4.1 of 8 bits.`,
          remedy: 'Clip it tighter (percentile 99.9%), if those values may be cut off; else a finer grid.',
          gainDb: 9.4,
        }
      : null,
    without: keep ? { score: 0.528 + 0.9 * drop, standardError: 0.012 } : null,
    mendedDb: keep ? 21.5 : null,
    ranAsInteger: index % 13 !== 5,
    advice: keep
      ? {
          decision: 'float',
          reason: `Its input reaches ${(20 + index).toFixed(1)}, far beyond where most of its values lie, so int8 steps are too coarse.`,
        }
      : { decision: 'int8', reason: 'It costs less than the noise of the measurement.' },
  };
}

function sampleGroups(): FloatGroup[] {
  const group = (opType: string, reason: string, count: number, first: number): FloatGroup => ({
    opType,
    reason,
    nodes: Array.from({ length: count }, (_, i) => `p2o.${opType}.${first + 2 * i}`),
  });
  return [
    group('Clip', 'It would vanish only before a grid that ends where it clips.', 14, 3),
    group('Div', 'onnxruntime has no integer Div.', 9, 2),
    group('Mul', 'Reads floats from Clip.', 6, 11),
    group('LayerNormalization', 'onnxruntime has no integer LayerNormalization.', 4, 1),
    group('Softmax', 'Its result leaves the model in float.', 1, 0),
  ];
}

/** What was tried before three layers stayed in float. */
export function sampleNotebook(): NotebookEntry[] {
  const entry = (
    step: NotebookEntry['step'],
    tried: string,
    score: number,
    kept = false,
    sqnrDb: number | null = 20,
  ): NotebookEntry => ({
    ...{ step, tried, score, kept, sqnrDb },
    difference: score - 0.984,
    standardError: 0.002,
  });
  return [
    entry('calibrator', 'mse', 0.5),
    entry('calibrator', 'max', 0.31, false, 12.4),
    entry('calibrator', '99.99th percentile', 0.528, true),
    entry('operators', 'Only the layers in int8, what stands between in float', 0.541, false, 20.6),
    entry('operators', 'Without Softmax', 0.54, true, 20.5),
    entry('remedy', 'Corrected biases', 0.561, true, 21.3),
    entry('float layers', '2 layers in float', 0.955),
    entry('float layers', '3 layers in float', 0.979, true, 26.1),
    { ...entry('latency', 'GlobalAveragePool in float', 0.979), latencyMs: 9.12 },
    {
      ...entry('verification', 'The result, on samples that chose nothing', 0.976, true, null),
      difference: -0.005,
    },
  ];
}

const met: TargetVerdict = {
  kind: 'met',
  reason: 'At most 0.9 points lost (95%), and 1.0 points may be lost.',
};

/** A finished analysis in which three layers are advised to stay in float. */
export function sampleReport(layers = 51): Report {
  const random = randomSource(7);
  const model = sampleModel(layers);
  const int8: Int8Result = {
    metric: 'ctc',
    score: 0.528,
    latencyMs: 8.94,
    latencySpread: { low: 8.71, high: 9.3 },
    difference: { difference: -0.453, low: -0.49, high: -0.416 },
    verdict: { kind: 'missed', reason: 'At least 41.6 points lost (95%), and 1.0 points may be lost.' },
    speedup: { median: 1.39, low: 1.33, high: 1.44 },
    floatShare: 0.004,
    slower: [],
    bytes: 2_940_331,
    integerNodes: 112,
    floatNodes: 34,
    floatGroups: sampleGroups(),
  };
  return {
    version: 10,
    created: '2026-03-01T14:05:00',
    model,
    settings: {
      data: '/home/user/data/street-signs.npz',
      preset: null,
      samples: null,
      weights: 'per-channel',
      calibration: 'auto',
      profile: 'x86',
      targetDrop: 0.01,
      method: USED,
      calibrationSamples: 500,
      choosingSamples: 500,
      evaluationSamples: 300,
      sharedSamples: false,
    },
    float: {
      metric: 'ctc',
      score: 0.981,
      latencyMs: 12.4,
      latencySpread: { low: 12.1, high: 12.9 },
      bytes: model.bytes,
    },
    int8,
    advised: {
      ...int8,
      score: 0.976,
      difference: { difference: -0.005, low: -0.009, high: -0.001 },
      latencyMs: 9.12,
      bytes: 3_214_008,
      floatNodes: 37,
      floatShare: 0.021,
      verdict: met,
      meetsTarget: true,
    },
    verdict: met,
    choosing: { score: 0.984 },
    blamed: [{ opType: 'Softmax', nodes: ['p2o.Softmax.0'], gain: 0.012 }],
    notebook: sampleNotebook(),
    decisions: {
      method: USED,
      weights: 'per-channel',
      operators: ['p2o.Add.3'],
      choices: { 'p2o.Conv.2': 'float', 'p2o.Conv.28': 'float', 'p2o.MatMul.16': 'float' },
      remedies: ['correct-bias'],
    },
    nodes: [],
    layers: model.layers.map((summary, index) => sampleLayer(summary, index, random)),
    operators: sampleOperators(),
    fixes: sampleFixes(),
    interactions: {
      ...{ layers: null, samples: 500, jointDrop: 0.45, sumOfDrops: 0.62, standardError: 0.021 },
      pairs: [
        {
          layers: ['p2o.Conv.2', 'p2o.Conv.28'],
          drop: 0.46,
          sum: 0.535,
          standardError: 0.018,
          isBeyondNoise: true,
        },
        {
          layers: ['p2o.Conv.2', 'p2o.MatMul.16'],
          drop: 0.47,
          sum: 0.474,
          standardError: 0.012,
          isBeyondNoise: false,
        },
      ],
    },
    keepFloat: ['p2o.Conv.2', 'p2o.Conv.28', 'p2o.MatMul.16'].filter((name) =>
      model.layers.some((layer) => layer.name === name),
    ),
    calibrationTable: [
      { method: 'mse', score: 0.973 },
      { method: 'max', score: 0.31 },
      { method: USED, score: 0.976 },
      { method: 'percentile:99.9', score: 0.954 },
      { method: 'mixed', score: 0.9752 },
    ],
    lint: [
      {
        severity: 'float',
        opType: 'Softmax',
        nodes: ['p2o.Softmax.0', 'p2o.Softmax.1'],
        message: 'It reads floats from MatMul.',
        hint: 'Let what makes its input make integers, or keep both in float.',
      },
    ],
    warnings: ['4 layers run in float even when quantized: the runtime has no int8 kernel for their shapes.'],
  };
}

function sampleFixes(): Fix[] {
  const fix = (what: string, to: number, more: Partial<Fix> = {}): Fix => ({
    ...{ kind: 'layer', what, names: [], from: 0.528, to, standardError: 0.011, isEnough: to > 0.97 },
    ...{ bytes: 0, floatShare: 0, milliseconds: null, taken: false, ...more },
  });
  const layer = { bytes: 884_736, floatShare: 0.012, milliseconds: 0.31, taken: true };
  return [
    fix('Mean errors taken out of the biases', 0.978, {
      ...{ kind: 'remedy', change: { remedies: ['correct-bias'] }, taken: true },
    }),
    fix('Keep p2o.Conv.2 in float', 0.9735, { ...layer, names: ['p2o.Conv.2'] }),
    fix('Keep p2o.Softmax.0 (Softmax) in float', 0.61, {
      kind: 'operator',
      names: ['p2o.Softmax.0'],
      taken: true,
    }),
    fix('Keep p2o.Conv.28 in float', 0.595, { ...layer, names: ['p2o.Conv.28'] }),
  ];
}

function sampleOperators(): OperatorReport[] {
  const names = [
    ...['p2o.Softmax.0', 'p2o.Mul.44', 'p2o.Add.3', 'p2o.Mul.12', 'p2o.HardSigmoid.1', 'p2o.Add.61'],
    ...Array.from({ length: 50 }, (_, i) => `p2o.Add.${100 + i}`),
  ];
  return names.map((name, i) => ({
    ...{ name, opType: name.split('.')[1] ?? '', block: i === 1 || i === 3 ? 'HardSwish' : null },
    ...{ sqnrDb: 22 + (i % 7) * 3, outputDb: 8.5 + 1.3 * i },
    ...{ drop: i === 0 ? 0.0131 : 0.0004, standardError: 0.0015, samples: i < 10 ? 500 : 8 },
    without: i < 10 ? { score: 0.9763 - 0.0002 * i, standardError: 0.0015 } : null,
    decision: i === 0 ? 'float' : 'int8',
  }));
}

/** A model that came with its layers in int8. */
export function sampleQuantized(tensors = 300): ModelSummary {
  const model = sampleModel();
  return {
    ...model,
    path: '/home/user/models/rec.int8.onnx',
    layers: [],
    notes: ['Computes in float16; it is analyzed in float32, and what int8 leaves over runs in float32.'],
    quantized: {
      form: 'qdq',
      layers: model.layers.map(({ name, opType }) => ({ name, opType, form: 'qdq' })),
      tensors: Array.from({ length: tensors }, (_, i) => {
        const weight = i % 2 === 1;
        const channels = weight ? 64 : 1;
        return {
          tensor: weight
            ? `conv2d_${i}.w_0`
            : i === 2
              ? `<img src=x>${'long/'.repeat(60)}`
              : `hardswish_${i}.tmp_0`,
          kind: weight ? ('weight' as const) : ('activation' as const),
          type: weight ? 'int8' : 'uint8',
          scale: { count: channels, min: 0.0021, max: weight ? 0.0727 : 0.0021 },
          zeroPoint: { count: channels, min: weight ? 0 : 129, max: weight ? 0 : 129 },
          axis: weight ? 0 : null,
          blockSize: null,
        };
      }),
    },
  };
}
