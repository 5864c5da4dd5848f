import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { unprovenWarning } from '../../../../engine/report/planReport';
import {
  solveProgram,
  type Program,
  type ProgramResult,
} from '../../../../engine/search/mixedPrecision/integerProgram';

/** The least cost of all combinations of choices that keep to the limits; `null` where none does. */
function bruteForce({ layers, limits }: Program): number | null {
  const none = { cost: 0, uses: limits.map(() => 0) };
  const all = layers.reduce(
    (found, own) =>
      found.flatMap(({ cost, uses }) =>
        own.map((choice) => ({
          cost: cost + choice.cost,
          uses: uses.map((use, i) => use + (choice.uses[i] ?? 0)),
        })),
      ),
    [none],
  );
  const fitting = all.filter(({ uses }) => uses.every((use, i) => use <= (limits[i] ?? 0)));
  return fitting.length === 0 ? null : Math.min(...fitting.map(({ cost }) => cost));
}

const whole = fc.integer({ min: -40, max: 400 });
/** Whole numbers, so that no limit is met but for rounding. */
const programs = fc.integer({ min: 1, max: 2 }).chain((resources) =>
  fc.record({
    layers: fc.array(
      fc.array(
        fc.record({
          cost: fc.integer({ min: 0, max: 1000 }),
          uses: fc.array(whole, { minLength: resources, maxLength: resources }),
        }),
        { minLength: 1, maxLength: 4 },
      ),
      { minLength: 1, maxLength: 5 },
    ),
    limits: fc.array(fc.integer({ min: -60, max: 900 }), { minLength: resources, maxLength: resources }),
  }),
);

function expectSolved(result: ProgramResult): asserts result is ProgramResult & { kind: 'solved' } {
  expect(result.kind).toBe('solved');
}

describe('the integer program', () => {
  test('finds what trying every combination finds', async () => {
    await fc.assert(
      fc.asyncProperty(programs, async (program) => {
        const best = bruteForce(program);
        const result = await solveProgram(program);
        if (best === null) {
          expect(result.kind).not.toBe('solved');
          return;
        }
        expectSolved(result);
        expect(result.cost).toBe(best);
        expect(result.gap).toBe(0);
        result.uses.forEach((use, i) => expect(use).toBeLessThanOrEqual(program.limits[i] ?? 0));
      }),
      { numRuns: 150 },
    );
  });

  test('says which limit cannot be kept and what can, or that they cannot be kept together', async () => {
    const two = (a: number[], b: number[]) => [
      { cost: 1, uses: a },
      { cost: 2, uses: b },
    ];
    const layers = [two([5, 1], [1, 5]), two([5, 1], [1, 5])];
    expect(await solveProgram({ layers, limits: [99, 1] })).toEqual({ kind: 'beyond', limit: 1, least: 2 });
    expect(await solveProgram({ layers, limits: [2, 2] })).toEqual({ kind: 'contradictory' });
  });

  test('tells costs apart that are millions of times smaller than the largest', async () => {
    const layers = Array.from({ length: 30 }, (_, i) => [
      { cost: 0, uses: [100] },
      { cost: 1e-9 * (1 + i), uses: [10] },
      { cost: 1e-3, uses: [1] },
    ]);
    const result = await solveProgram({ layers, limits: [30 * 100 - 10 * 90] });
    expectSolved(result);
    expect(result.choices.map((c, i) => (c === 1 ? i : -1)).filter((i) => i >= 0)).toEqual([
      ...Array.from({ length: 10 }, (_, i) => i),
    ]);
  });

  test('is not blinded by a choice that breaks the network', async () => {
    const layers = Array.from({ length: 12 }, (_, i) => [
      { cost: 0, uses: [100] },
      { cost: 1e-3 * (1 + i), uses: [10] },
      { cost: 1e10, uses: [1] },
    ]);
    const result = await solveProgram({ layers, limits: [12 * 100 - 4 * 90] });
    expectSolved(result);
    expect(result.choices).toEqual([1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  test('solves a hundred layers of five choices under two limits', async () => {
    const value = (seed: number) => Math.abs(Math.sin(seed * 12.9898) * 43758.5453) % 1;
    const layers = Array.from({ length: 100 }, (_, i) =>
      Array.from({ length: 5 }, (_, c) => ({
        cost: value(i * 5 + c) * 2 ** (-2 * c),
        uses: [0, 1].map((r) => value(1000 + 100 * r + i) * (c + 1)),
      })),
    );
    const limits = [0, 1].map((r) => layers.reduce((n, own) => n + 2.5 * (own[0]?.uses[r] ?? 0), 0));
    const result = await solveProgram({ layers, limits });
    expectSolved(result);
    result.uses.forEach((use, i) => expect(use).toBeLessThanOrEqual((limits[i] ?? 0) * (1 + 2e-6)));
  });

  test('takes the best that it found in time, and says how far that may be from the least', async () => {
    const value = (seed: number) => Math.abs(Math.sin(seed * 12.9898) * 43758.5453) % 1;
    // Costs that follow the uses, and many limits: no bound is tight, on the fastest machine either.
    const LIMITS = 8;
    const layers = Array.from({ length: 200 }, (_, i) =>
      Array.from({ length: 4 }, (_, c) => {
        const uses = Array.from({ length: LIMITS }, (_, r) => value(1 + i * 97 + c * 31 + r * 7));
        return { cost: 10 - uses.reduce((a, b) => a + b) + value(5000 + 4 * i + c) / 10, uses };
      }),
    );
    const limits = Array.from({ length: LIMITS }, () => 80);
    // A busy machine finds nothing at all within a second.
    const solve = (seconds: number): ReturnType<typeof solveProgram> =>
      solveProgram({ layers, limits }, seconds).catch((thrown: unknown) => {
        if (seconds > 10) throw thrown;
        return solve(4 * seconds);
      });
    const result = await solve(1);
    expectSolved(result);
    expect(result.gap).toBeGreaterThan(0);
    expect(result.gap).toBeLessThanOrEqual(1);
    result.uses.forEach((use, i) => expect(use).toBeLessThanOrEqual((limits[i] ?? 0) * (1 + 2e-6)));
    expect(unprovenWarning([result.gap, 0.02])).toEqual([
      expect.stringMatching(/ran out of time for 2 networks.* may be up to \d+\.\d% lower/),
    ]);
    expect(unprovenWarning([])).toEqual([]);
  });
});
