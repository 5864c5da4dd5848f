// The measuring half of test/bench/hoverBench.mjs.
import { fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createMessageConnection,
  IPCMessageReader,
  IPCMessageWriter,
} from 'vscode-languageserver-protocol/node';
import { encodeModel } from '../../engine/onnx/file/readModel';
import { type NameHover, type Requests } from '../../engine/shared/protocol/requests';
import {
  REPORT_VERSION,
  type LayerInput,
  type LayerReport,
  type Report,
} from '../../engine/shared/protocol/report';
import type { ModelSummary } from '../../engine/shared/protocol/model';
import { node, noisy, tinyModel } from '../engine/tinyModel';

const LAYERS = 5000;
const LIMIT_MS = 20;
const BINS = 2048;
const asked = Number(process.argv[2] ?? 200);

const folder = mkdtempSync(join(tmpdir(), 'quantscope-hover-bench-'));
const cache = join(folder, 'cache');
mkdirSync(cache);
const path = join(folder, 'big.onnx');
const nameOf = (i: number) => `/encoder/block.${i >> 3}/product_${i & 7}/MatMul`;
const all = Array.from({ length: LAYERS }, (_, i) => i);
writeFileSync(
  path,
  encodeModel(
    tinyModel({
      inputs: { t0: [4, 16] },
      outputs: [`t${LAYERS}`],
      constants: Object.fromEntries(all.map((i) => [`w${i}`, noisy([16, 16], i)])),
      nodes: all.map((i) =>
        Object.assign(node('MatMul', [`t${i}`, `w${i}`], `t${i + 1}`), { name: nameOf(i) }),
      ),
    }),
  ),
);

/** Histograms as full as an analysis makes them. */
function reportOf(model: ModelSummary): Report {
  const counts = Array.from({ length: BINS }, (_, i) => Math.round(1e5 * Math.exp(-i / 200)));
  const input = (tensor: string): LayerInput => ({
    ...{ tensor, min: -20, max: 20, clips: { max: 20, mse: 12, 'percentile:99.99': 9 }, method: 'mse' },
    histogram: { binWidth: 20 / BINS, positive: counts, negative: counts },
  });
  const layers = model.layers.map(({ name, opType, weight }, i) => ({
    ...{ name, opType, weight, inputs: [input(`t${i}`)], sqnrDb: 20, score: 0.97, drop: 0.01 },
    advice: { decision: 'int8', reason: 'Within noise.' },
  })) as unknown as LayerReport[];
  return {
    ...{ version: REPORT_VERSION, created: '2026-01-01T00:00:00.000Z', model, layers, operators: [] },
    ...{ float: { metric: 'top1', score: 0.98 }, choosing: { score: 0.98 }, settings: {} },
  } as unknown as Report;
}

const engine = fork('dist/engine.js', ['--node-ipc'], { env: { ...process.env, QUANTSCOPE_CACHE: cache } });
const connection = createMessageConnection(new IPCMessageReader(engine), new IPCMessageWriter(engine));
connection.listen();
await connection.sendRequest('initialize', { processId: process.pid, rootUri: null, capabilities: {} });
await connection.sendNotification('initialized', {});
const request = <M extends keyof Requests>(
  method: M,
  params: Requests[M]['params'],
): Promise<Requests[M]['result']> => connection.sendRequest(method, params);

async function hover(word: string): Promise<{ ms: number; found: NameHover | null }> {
  const line = `  keep += ["${word}"]  # as the last run of the encoder said`;
  const start = performance.now();
  const found = await request('quantscope/hover', { path: '/notes.py', line, column: 14 });
  return { ms: performance.now() - start, found };
}

async function measure(title: string, isKnown: boolean, wordOf: (i: number) => string): Promise<boolean> {
  const times: number[] = [];
  for (let n = 0; n < asked; n++) {
    const word = wordOf((n * 7919) % LAYERS);
    const { ms, found } = await hover(word);
    if ((found !== null) !== isKnown) throw new Error(`${word}: ${found === null ? 'not ' : ''}found`);
    times.push(ms);
  }
  const [first = 0] = times;
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const [median, late] = [at(0.5), at(0.95)];
  const row = [first, median, late, at(1)].map((ms) => ms.toFixed(1).padStart(8)).join('');
  console.log(`${title.padEnd(34)}${row}`);
  return late <= LIMIT_MS;
}

try {
  const { summary } = await request('quantscope/open', { path });
  console.log(`${LAYERS} layers, milliseconds          first  median     95%    most`);
  const open = await measure('layers of an open model', true, nameOf);
  writeFileSync(join(cache, `${summary.hash}.json`), JSON.stringify(reportOf(summary)));
  await request('quantscope/open', { path });
  const results = [
    open,
    await measure('layers of an analyzed model', true, nameOf),
    await measure('tensors', true, (i) => `t${i}`),
    await measure('names that no model has', false, (i) => `${nameOf(i)}x`),
    await measure('ordinary words', false, () => 'weights'),
  ];
  process.exitCode = results.every(Boolean) ? 0 : 1;
} finally {
  connection.dispose();
  engine.kill();
  rmSync(folder, { recursive: true });
}
