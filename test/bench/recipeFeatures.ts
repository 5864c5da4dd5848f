// The measuring half of test/bench/recipeBench.mjs.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseTree } from 'jsonc-parser';
import { recipeActions } from '../../engine/language/recipe/recipeActions';
import { recipeCompletion } from '../../engine/language/recipe/recipeCompletion';
import { recipeDiagnostics } from '../../engine/language/recipe/recipeDiagnostics';
import { recipeHover } from '../../engine/language/recipe/recipeHover';
import { recipeInlays } from '../../engine/language/recipe/recipeInlays';
import { recipeSubject } from '../../engine/language/recipe/recipeSubject';
import { recipeTree, type RecipeTree } from '../../engine/language/recipe/recipeTree';
import { encodeModel } from '../../engine/onnx/file/readModel';
import { Project } from '../../engine/project/project';
import type { LayerReport, Report } from '../../engine/shared/protocol/report';
import { resolveRecipe } from '../../engine/language/recipe/resolveRecipe';
import { WorkerPool } from '../../engine/runtime/workerPool';
import { node, noisy, tinyModel } from '../engine/tinyModel';

const COUNT = 5000;
const versions = Number(process.argv[2] ?? 15);

const names = Array.from({ length: COUNT }, (_, i) => `/encoder/block.${i >> 3}/product_${i & 7}/MatMul`);
const layers = names.map((name, i) => ({
  name,
  opType: 'MatMul',
  drop: i % 50 === 0 ? 0.04 : (i % 97) / 100_000,
  sqnrDb: 20,
}));
const report = {
  float: { metric: 'top1', score: 0.98 },
  choosing: { score: 0.98 },
  advised: { score: 0.976 },
  settings: { targetDrop: 0.01 },
  layers: layers.map(
    (layer) => ({ ...layer, standardError: 0.004, score: 0.98 - layer.drop }) as LayerReport,
  ),
  operators: [],
  keepFloat: names.filter((_, i) => i % 50 === 0),
  calibrationTable: [],
} as unknown as Report;
const subject = recipeSubject(
  { path: '/models/big.onnx', hash: 'abc' },
  {
    profile: 'x86',
    layers: layers.map(({ name, opType }) => ({ name, opType, choices: ['int8', 'uint8', 'float'] })),
    operators: [],
    tensors: new Set(names.map((name) => `${name}_output_0`)),
  },
  report,
);

/** A model of these layers, as the view asks what a recipe decides of it. */
async function openProject(): Promise<{ project: Project; close: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'quantscope-recipe-bench-'));
  const model = tinyModel({
    inputs: { t0: [4, 16] },
    outputs: [`t${COUNT}`],
    constants: Object.fromEntries(names.map((_, i) => [`w${i}`, noisy([16, 16], i)])),
    nodes: names.map((name, i) => Object.assign(node('MatMul', [`t${i}`, `w${i}`], `t${i + 1}`), { name })),
  });
  const path = join(folder, 'big.onnx');
  writeFileSync(path, encodeModel(model));
  const pool = new WorkerPool(1);
  const close = async () => {
    await pool.dispose();
    rmSync(folder, { recursive: true });
  };
  return { project: await Project.open(path, pool), close };
}

/** A recipe with a rule for each layer; `nameOf` says how they are written. */
function recipeOf(nameOf: (name: string, at: number) => string): string {
  const rules = names.map(
    (name, i) => `    ${JSON.stringify(nameOf(name, i))}: "${i % 3 === 0 ? 'float' : 'int8'}"`,
  );
  return `{\n  "version": 1,\n  "profile": "x86",\n  "layers": {\n${rules.join(',\n')}\n  }\n}\n`;
}

/** Milliseconds that this process has kept a processor busy, whatever else the machine is at. */
function busy(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

async function measure(title: string, text: string, project: Project): Promise<void> {
  const times = new Map<string, number[]>();
  const note = (what: string, start: number) => times.set(what, [...(times.get(what) ?? []), busy() - start]);
  const timed = <T>(what: string, work: () => T): T => {
    const start = busy();
    const made = work();
    note(what, start);
    return made;
  };
  const middle = text.indexOf(names[COUNT / 2] ?? '') + 1;
  const at = { start: middle, end: middle };
  const fixesOf = (tree: RecipeTree) => recipeActions(tree, subject, at).map(({ edits }) => edits());
  for (let version = 0; version < versions; version++) {
    // As if a letter were typed: nothing is known of a text that is new.
    const typed = `${text}${' '.repeat(version)}`;
    timed('one bare parse', () => parseTree(typed, [], { allowTrailingComma: true }));
    const tree = timed('diagnostics, parsing included', () => {
      const made = recipeTree(typed);
      recipeDiagnostics(made, subject);
      return made;
    });
    timed('quick fixes behind them', () => fixesOf(tree));
    timed('quick fixes first, parsing included', () => fixesOf(recipeTree(typed)));
    timed('completion', () => recipeCompletion(tree, subject, middle));
    timed('hover', () => recipeHover(tree, subject, middle));
    timed('inlays of a screen', () => recipeInlays(tree, subject, { start: middle, end: middle + 3000 }));
    const start = busy();
    await resolveRecipe(project, typed, '/models/big.quant.json');
    note('what it decides, for the view', start);
  }
  const bare = median(times.get('one bare parse') ?? []);
  console.log(`${title} (${(text.length / 1e3).toFixed(0)} kB)`);
  for (const [what, all] of times)
    console.log(
      `  ${what.padEnd(38)} ${median(all).toFixed(1).padStart(6)} ms ${(median(all) / bare).toFixed(1).padStart(6)}×`,
    );
}

const { project, close } = await openProject();
const misspelt = (name: string, i: number) => (i % 50 === 1 ? `${name}x` : name);
await measure(
  `${COUNT} rules for layers by name`,
  recipeOf((name) => name),
  project,
);
await measure('the same, and each 50th name unknown', recipeOf(misspelt), project);
await close();
