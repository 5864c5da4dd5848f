// The measuring half of test/bench/depthwiseChannels.mjs.
import { makeTensor } from '../../engine/onnx/tensors/elements';
import { type Model } from '../../engine/onnx/graph/model';
import { encodeModel } from '../../engine/onnx/file/readModel';
import { RuntimeWorker } from '../../engine/runtime/runtimeWorker';
import { node, noise, noisy, tinyModel } from '../engine/tinyModel';

const [HEIGHT, WIDTH] = [12, 96];
const COUNTS = [8, 16, 24, 32, 36, 42, 48, 72, 80, 88, 96, 112, 200, 208];
/** So many in a row, so that what is around them counts little. */
const DEPTH = 8;

function float(channels: number): Model {
  return tinyModel({
    inputs: { x: [1, channels, HEIGHT, WIDTH] },
    outputs: [`y${DEPTH}`],
    constants: { w: noisy([channels, 1, 3, 3]) },
    nodes: Array.from({ length: DEPTH }, (_, i) =>
      node('Conv', [i === 0 ? 'x' : `y${i}`, 'w'], `y${i + 1}`, { group: channels, pads: [1, 1, 1, 1] }),
    ),
  });
}

function int8(channels: number): Model {
  const codes = noise(channels * 9).map((v) => Math.round(63 * v));
  const layer = (i: number) => [
    node('DequantizeLinear', [`q${i}`, 's', 'z'], `d${i}`),
    node('Conv', [`d${i}`, 'wd'], `c${i}`, { group: channels, pads: [1, 1, 1, 1] }),
    node('QuantizeLinear', [`c${i}`, 's', 'z'], `q${i + 1}`),
  ];
  return tinyModel({
    inputs: { x: [1, channels, HEIGHT, WIDTH] },
    outputs: ['y'],
    constants: {
      w: makeTensor('w', [channels, 1, 3, 3], Int8Array.from(codes)),
      ws: [[channels], new Float32Array(channels).fill(1 / 63)],
      wz: makeTensor('wz', [channels], new Int8Array(channels)),
      s: [[], [1 / 64]],
      z: makeTensor('z', [], Uint8Array.of(128)),
    },
    nodes: [
      node('DequantizeLinear', ['w', 'ws', 'wz'], 'wd', { axis: 0 }),
      node('QuantizeLinear', ['x', 's', 'z'], 'q0'),
      ...Array.from({ length: DEPTH }, (_, i) => layer(i)).flat(),
      node('DequantizeLinear', [`q${DEPTH}`, 's', 'z'], 'y'),
    ],
  });
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

const runs = Number(process.argv[2] ?? 200);
const worker = new RuntimeWorker();
const rows = [];
for (const channels of COUNTS) {
  const models = [float(channels), int8(channels)];
  const sessions = await Promise.all(models.map((m) => worker.load(encodeModel(m), { threads: 1 })));
  const dims = [1, channels, HEIGHT, WIDTH];
  const feeds = { x: { type: 'float32' as const, dims, data: noise(channels * HEIGHT * WIDTH) } };
  const times: number[][] = [[], []];
  for (let run = 0; run < runs; run++)
    for (const [i, session] of sessions.entries())
      times[i]?.push(
        (await session.run(feeds, models[i]?.graph.output.map((o) => o.name) ?? [])).milliseconds,
      );
  const [own = NaN, quantized = NaN] = times.map(median);
  rows.push({
    channels,
    'float, µs': Math.round((1000 * own) / DEPTH),
    'int8, µs': Math.round((1000 * quantized) / DEPTH),
    'int8 of float': (quantized / own).toFixed(2),
  });
  for (const session of sessions) await session.release();
}
await worker.terminate();
console.table(rows);
