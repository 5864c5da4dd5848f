import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Highs, ModelData } from 'highs';
import { EngineError } from '../../shared/engineError';

/** Folder of the built files; set when the program is built. */
declare const QUANTSCOPE_DIST: string;

/** Most programs take less; of one whose proof takes longer the best that was found is taken. */
const MOST_SECONDS = 5;
/** Costs this near to the least, as a share, count as the least. */
const TOLERANCE = 1e-4;

/** Where what a network costs is so many times below the dearest choice, the solver's tolerances blur it. */
const MOST_RANGE = 1e4;

/** One thing that a layer can be. */
export interface ProgramChoice {
  /** What is to be small in sum; finite. */
  cost: number;
  /** What it takes of each limited resource, in the order of the limits; may be negative. */
  uses: readonly number[];
}

/** One choice for each layer, so that the costs' sum is least and no resource is used beyond its limit. */
export interface Program {
  layers: readonly (readonly ProgramChoice[])[];
  limits: readonly number[];
}

export type ProgramResult =
  /** What it costs beyond the layers' cheapest choices may be less by the share `gap`: 0 where that was ruled out in time. */
  | { kind: 'solved'; choices: number[]; cost: number; uses: number[]; gap: number }
  /** No choice keeps to this limit, whatever the others; `least` is what can be reached. */
  | { kind: 'beyond'; limit: number; least: number }
  /** Each limit can be kept, but not all of them together. */
  | { kind: 'contradictory' };

let loaded: Promise<Highs> | undefined;

/** 3.5 MB, which most sessions never ask for. */
function loadSolver(): Promise<Highs> {
  loaded ??= (async () => {
    const [{ default: load }, wasmBinary] = await Promise.all([
      import('highs'),
      readFile(join(QUANTSCOPE_DIST, 'highs.wasm')),
    ]);
    return load({ wasmBinary });
  })();
  return loaded;
}

/**
 * Solves a multiple-choice knapsack with HiGHS: a limit may be passed by two millionths of it, and the cost be above the least by
 * a ten-thousandth, which is far less than what costs are measured with. A program that is solved without a gap always gives the same answer.
 * @param seconds after which the best that was found is taken
 * @throws EngineError `runtime` when the solver ends without an answer
 */
export async function solveProgram(
  { layers, limits }: Program,
  seconds = MOST_SECONDS,
): Promise<ProgramResult> {
  for (const [i, limit] of limits.entries()) {
    const least = layers.reduce((n, choices) => n + Math.min(...choices.map((c) => c.uses[i] ?? 0)), 0);
    if (least > limit + 1e-6 * Math.abs(limit)) return { kind: 'beyond', limit: i, least };
  }
  const solved = (choices: number[], gap = 0): ProgramResult => ({
    kind: 'solved',
    choices,
    cost: layers.reduce((n, own, k) => n + (own[choices[k] ?? 0]?.cost ?? 0), 0),
    uses: limits.map((_, i) => layers.reduce((n, own, k) => n + (own[choices[k] ?? 0]?.uses[i] ?? 0), 0)),
    gap,
  });
  const cheapest = solved(layers.map((own) => lowest(own.map((c) => c.cost))));
  if (cheapest.kind === 'solved' && cheapest.uses.every((use, i) => use <= (limits[i] ?? 0))) return cheapest;
  const highs = await loadSolver();
  const dearest = (own: readonly ProgramChoice[], most: number) =>
    own.map((c) => c.cost - cheapestOf(own)).reduce((a, b) => (b <= most ? Math.max(a, b) : a), 0);
  // No choice is in the best network that costs more than all of another network.
  for (let most = Infinity; ;) {
    const found = runSolver({ layers, limits }, most, seconds, highs);
    if (found === null) return { kind: 'contradictory' };
    const { choices, gap } = found;
    const above = layers.reduce((n, own, k) => n + (own[choices[k] ?? 0]?.cost ?? 0) - cheapestOf(own), 0);
    const largest = layers.reduce((a, own) => Math.max(a, dearest(own, most)), 0);
    if (above <= 0 || largest <= MOST_RANGE * above) return solved(choices, gap);
    most = above;
  }
}

/**
 * @param most of choices that cost more above their layer's cheapest none is taken
 * @returns `null` where no choices keep to all limits
 */
function runSolver(
  { layers, limits }: Program,
  most: number,
  seconds: number,
  highs: Highs,
): { choices: number[]; gap: number } | null {
  const { modelStatus } = highs.constants;
  return highs.withModel((model) => {
    model.options.set({
      output_flag: false,
      ...{ mip_rel_gap: TOLERANCE, mip_abs_gap: 1e-9, time_limit: seconds },
    });
    model.passModel(modelOf({ layers, limits }, most, highs));
    model.run();
    const status = model.getModelStatus();
    if (status === modelStatus.infeasible) return null;
    const isFound = model.info.get('primal_solution_status') === highs.constants.solutionStatus.feasible;
    if (status === modelStatus.timeLimit && !isFound)
      throw new EngineError(
        'runtime',
        `The solver found no choice for ${layers.length} layers within ${seconds} s.`,
        'Take another budget, or fewer grids to choose from.',
      );
    if (status !== modelStatus.optimal && status !== modelStatus.timeLimit)
      throw new EngineError(
        'runtime',
        `The solver found no choice for ${layers.length} layers (HiGHS answered status ${status}).`,
        'Take another budget, or fewer grids to choose from.',
      );
    const { colValue } = model.getSolution();
    let at = 0;
    const choices = layers.map((own) => {
      const chosen = lowest(own.map((_, c) => -(colValue[at + c] ?? 0)));
      at += own.length;
      return chosen;
    });
    const gap = status === modelStatus.optimal ? 0 : Number(model.info.get('mip_gap'));
    return { choices, gap: Number.isFinite(gap) ? Math.min(1, gap) : 1 };
  });
}

function cheapestOf(own: readonly ProgramChoice[]): number {
  return own[lowest(own.map((c) => c.cost))]?.cost ?? 0;
}

function lowest(values: readonly number[]): number {
  return values.reduce((best, value, i) => (value < (values[best] ?? Infinity) ? i : best), 0);
}

/** A column of 0 or 1 for each choice; a row for each layer, whose choices add up to 1, and one for each limit. */
function modelOf({ layers, limits }: Program, most: number, highs: Highs): ModelData {
  const columns = layers.flatMap((own, layer) => own.map((choice) => ({ layer, choice })));
  const numCols = columns.length;
  const numRows = layers.length + limits.length;
  // The solver's tolerances are absolute: rows and costs are brought to the size of 1.
  const costs = layers.map(cheapestOf);
  const above = columns.map(({ layer, choice }) => choice.cost - (costs[layer] ?? 0));
  const isOpen = above.map((cost) => cost <= most);
  const largest = above.reduce((a, b, i) => (isOpen[i] === true ? Math.max(a, b) : a), 0) || 1;
  const rowScales = limits.map(
    (limit, i) =>
      Math.abs(limit) || Math.max(...columns.map(({ choice }) => Math.abs(choice.uses[i] ?? 0))) || 1,
  );
  const starts = [0];
  const indices: number[] = [];
  const values: number[] = [];
  for (const { layer, choice } of columns) {
    indices.push(layer, ...limits.map((_, i) => layers.length + i));
    values.push(1, ...limits.map((_, i) => (choice.uses[i] ?? 0) / (rowScales[i] ?? 1)));
    starts.push(indices.length);
  }
  const ones = layers.map(() => 1);
  return {
    ...{ numCols, numRows },
    colCost: above.map((cost, i) => (isOpen[i] === true ? (1000 * cost) / largest : 0)),
    colLower: columns.map(() => 0),
    colUpper: isOpen.map(Number),
    rowLower: [...ones, ...limits.map(() => -highs.infinity)],
    rowUpper: [...ones, ...limits.map((limit, i) => limit / (rowScales[i] ?? 1))],
    matrix: { format: 'csc', numRows, numCols, starts, indices, values },
    integrality: columns.map(() => highs.constants.variableType.integer),
  };
}
