import { percentileClip } from '../../calibrate/methods/percentileClip';
import { capitalized, formatDb } from '../../shared/format';
import { originsWithin, type Origins } from '../../onnx/layers/quantizedOrigin';
import { findBlocks, type BlockKind } from '../../onnx/layers/blocks';
import type { Layer } from '../../onnx/layers/layers';
import type { Model } from '../../onnx/graph/model';
import type { Cause } from '../../shared/protocol/report';
import { affine8 } from '../../quantize/affine';
import { writesInteger, type QuantPlan } from '../../quantize/plan';
import { GELU_LIMIT } from '../remedies/geluOutputs';
import { weightBits } from '../../quantize/weightBits';
import type { HistogramState } from '../../stats/histogram';
import { Magnitudes } from '../../stats/magnitudes';
import { gridNoise } from '../../evaluate/noise/gridNoise';
import { bits, gainOf, powerOf } from './noiseShares';
import { fewDirections, UNLIKE, unlikeChannels } from './weightCauses';
import { ownValue } from '../../shared/ownValue';

/** Decibels by which one noise has to be above another to be called the larger. */
const CLEARLY = 6;
/** Own noise below which a layer is no source of error. */
const QUIET = 30;
/** Ranges that differ so many times leave most channels less than four bits. */
const DROWNED = 16;
/** Bits of eight that outliers may take. */
const MOST_BITS = 2;
/** Values that are called few: one in a thousand. */
const FEW = 99.9;

/** Functions with a small negative lobe. */
const lobedBlocks = new Set<BlockKind>(['GELU', 'SiLU', 'HardSwish']);
const lobedOperators = new Set(['Gelu', 'HardSwish', 'Mish']);

/** What was measured of a layer. */
export interface LayerFacts {
  /** Signal to noise in dB at its own output, fed with float inputs: with all of it rounded, and with its weights alone in 8 bits. */
  sqnrDb: number;
  weightsDb: number;
  /** At the model's outputs, with this layer alone in int8. */
  outputDb: number;
  /** At its own output in the net with all in int8; `null` where it is not known. */
  pathDb: number | null;
  /** Whether it costs accuracy alone in int8. */
  costs: boolean;
}

/** Tensors and weights of a model, for saying why a layer loses accuracy. */
export class Causes {
  private readonly producer: Origins['producer'];
  private readonly lobed: ReadonlySet<string>;

  constructor(
    { graph }: Model,
    private readonly histograms: Readonly<Record<string, HistogramState>>,
    private readonly plan: QuantPlan,
  ) {
    this.producer = originsWithin(graph).producer;
    this.lobed = new Set(findBlocks(graph).flatMap((b) => (lobedBlocks.has(b.kind) ? [b.name] : [])));
  }

  /** What makes the noise that counts, and what fits. */
  of(layer: Layer, { sqnrDb, weightsDb, outputDb, pathDb, costs }: LayerFacts): Cause {
    const total = powerOf(sqnrDb);
    // Noise goes with the square of the step.
    const step = 127 / (2 ** (weightBits(layer, 'int8', this.plan.profile) - 1) - 1);
    const own = Math.min(total, step ** 2 * powerOf(weightsDb));
    const unlike = unlikeChannels(layer, this.plan, { total, own });
    // What drowns most channels says little in the power of the whole, which the widest one makes.
    if (unlike !== null && unlike.times >= DROWNED) return unlike.cause;
    if (!costs && pathDb !== null && sqnrDb >= pathDb + CLEARLY)
      return {
        kind: 'upstream',
        reason: `It loses little by itself (${formatDb(sqnrDb)}), and most of the error at its output in the int8 net (${formatDb(pathDb)}) came with what it reads.`,
        remedy: 'Look at the layers before it.',
        gainDb: null,
      };
    // What is lost is little beside the whole: that it counts is seen where what follows magnifies it. An integer output loses it anyway.
    if (unlike?.cause.kind === 'lost-channels' && outputDb <= sqnrDb - CLEARLY && !writesInteger(layer))
      return unlike.cause;
    const [output = 0, ...inputs] = [layer.output, ...layer.activations].map((tensor) =>
      this.noiseOf(tensor),
    );
    const input = Math.max(0, total - own - output);
    const most = Math.max(own, input, output);
    if (own === most)
      return unlike?.cause ?? fewDirections(layer, this.plan, own) ?? coarse('its weights', sqnrDb, outputDb);
    const noisiest = layer.activations[inputs.indexOf(Math.max(...inputs))] ?? '';
    const tensor = input === most ? noisiest : layer.output;
    const what = input === most ? 'what it reads' : 'what it makes';
    return this.ofTensor(tensor, what, total) ?? coarse(what, sqnrDb, outputDb);
  }

  private noiseOf(tensor: string): number {
    const [state, grid] = [ownValue(this.histograms, tensor), this.plan.activations.get(tensor)];
    return state === undefined || grid === undefined ? 0 : gridNoise(state, grid);
  }

  private ofTensor(tensor: string, what: string, total: number): Cause | null {
    const [state, grid] = [ownValue(this.histograms, tensor), this.plan.activations.get(tensor)];
    if (state === undefined || grid === undefined) return null;
    const { min, max } = state;
    /** With steps so many times as large. */
    const gainWith = (factor: number) =>
      gainOf(total, gridNoise(state, grid), gridNoise(state, { ...grid, scale: factor * grid.scale }));
    const parts = this.rangesJoined(tensor);
    const unlike = parts.length > 1 ? Math.max(...parts) / (Math.min(...parts) || 1) : 1;
    if (unlike >= UNLIKE)
      return {
        kind: 'unlike-parts',
        reason: `${capitalized(what)} was joined of tensors whose ranges differ ${unlike.toFixed(0)}-fold, on one grid.`,
        remedy: 'Keep the Concat in float, so that each part has a grid of its own.',
        gainDb: null,
      };
    const reach = Math.max(Math.abs(grid.low - grid.zeroPoint), grid.high - grid.zeroPoint) * grid.scale;
    // A grid of its own is never wider than what it holds: its calibrator clips, and does not widen.
    const own = Math.max(-min, max);
    if (own > 0 && reach >= UNLIKE * own)
      return {
        kind: 'shared-grid',
        reason: `${capitalized(what)} reaches ±${rough(own)}, on the grid of what it is a part of, which reaches ${rough(reach)}: that takes ${bits(Math.log2(reach / own))} of 8 bits.`,
        remedy:
          'Keep what takes it out (Slice, Split, Gather, MaxPool) in float, so that it has a grid of its own.',
        gainDb: gainWith(own / reach),
      };
    const isSymmetric = grid.low === -grid.high && grid.zeroPoint === 0;
    if (isSymmetric && (min >= 0 || max <= 0))
      return {
        kind: 'half-unused',
        reason: `${capitalized(what)} is never ${min >= 0 ? 'below' : 'above'} zero, where a symmetric grid has half its steps.`,
        remedy: 'Take an affine grid, if the target has one.',
        gainDb: gainOf(total, gridNoise(state, grid), gridNoise(state, affine8(min, max, -128))),
      };
    if (this.hasLobe(tensor) && min < 0 && -min < 2 * grid.scale)
      return {
        kind: 'lobe-lost',
        reason: `The activation function's negative values, down to ${rough(min)}, lie within two steps of ${rough(grid.scale)}.`,
        remedy: 'Clip the function at 10 (GELU10), which makes the steps finer.',
        gainDb: gainOf(
          total,
          gridNoise(state, grid),
          gridNoise(state, affine8(min, Math.min(max, GELU_LIMIT), 0)),
        ),
      };
    const most = percentileClip(new Magnitudes(state), FEW);
    const taken = Math.log2(reach / (most || reach || 1));
    if (taken >= MOST_BITS)
      return {
        kind: 'outliers',
        reason: `${FEW}% of ${what} lies within ±${rough(most)}, and its grid reaches ${rough(reach)}: one value in a thousand takes ${bits(taken)} of 8 bits.`,
        remedy: `Clip it tighter (percentile ${FEW}%), if those values may be cut off; else a finer grid.`,
        gainDb: gainWith(most / reach),
      };
    return null;
  }

  private hasLobe(tensor: string): boolean {
    const made = this.producer.get(tensor);
    return made !== undefined && (this.lobed.has(made.name) || lobedOperators.has(made.opType));
  }

  /** Largest magnitudes of what a Concat joins to a tensor; nothing for other tensors. */
  private rangesJoined(tensor: string): number[] {
    const joined = this.producer.get(tensor);
    if (joined?.opType !== 'Concat') return [];
    return joined.input.flatMap((name) => {
      const state = ownValue(this.histograms, name);
      return state === undefined ? [] : [Math.max(-state.min, state.max)];
    });
  }
}

function coarse(what: string, sqnrDb: number, outputDb: number): Cause {
  if (sqnrDb >= QUIET && outputDb <= sqnrDb - CLEARLY)
    return {
      kind: 'magnified',
      reason: `Its own noise is small (${formatDb(sqnrDb)}), and what follows magnifies it (${formatDb(outputDb)} at the outputs).`,
      ...{ remedy: null, gainDb: null },
    };
  const reason = `8 bits are too few for ${what} (${formatDb(sqnrDb)}).`;
  return { kind: 'coarse', reason, remedy: null, gainDb: null };
}

/** Two digits, without an exponent where people write none. */
function rough(value: number): string {
  return String(Number(value.toPrecision(2)));
}
