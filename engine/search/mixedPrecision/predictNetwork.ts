import type { MetricName, ResourceUse } from '../../shared/protocol/choices';
import type { TradeOffPoint } from '../../shared/protocol/plan';
import { pairedDifference, type WeightedValue } from '../../stats/pairedDifference';
import { MAX_SQNR_DB } from '../../shared/accuracyTarget';
import type { LayerChoices, MeasuredChoice, MeasuredChoices } from './gridCosts';

/** Everything in int8 but what the user decided, measured as one network. */
export interface MeasuredWhole {
  noise: number;
  /** What each sample's value changes by against float. */
  changes: readonly number[];
  bytes: number;
}

export interface Prediction {
  predicted: TradeOffPoint['predicted'];
  /** Values of the samples, to be held against those of the network once it is built. */
  samples: WeightedValue[];
}

const resources = ['bytes', 'bops', 'latency'] as const;

/**
 * Predicts a network from its layers alone. Noise powers add up as independent errors do, and losses sample by sample; what
 * everything in int8 measures beyond its layers' sums (operators between them, and their interplay) is shared out: noise in proportion
 * to each layer's, losses with the noise, bytes evenly over the layers in int8. So all float and all int8 come out as measured.
 * Where the metric is in decibels, which never add up, it is the noise of each sample that does.
 */
export class NetworkPredictor {
  private readonly noiseScale: number;
  private readonly reference: readonly MeasuredChoice[];
  private readonly referenceNoise: number;
  private readonly beyond: readonly number[];
  private readonly moreBytes: number;

  constructor(
    private readonly measured: MeasuredChoices,
    private readonly float: readonly WeightedValue[],
    private readonly whole: MeasuredWhole,
    private readonly metric: MetricName,
  ) {
    const { layers, floatUse } = measured;
    this.reference = layers.map(referenceOf);
    this.referenceNoise = sum(this.reference.map((c) => c.noise));
    this.noiseScale = this.referenceNoise > 0 ? whole.noise / this.referenceNoise : 1;
    this.beyond = whole.changes.map(
      (change, s) => change - sum(this.reference.map((c) => c.changes[s] ?? 0)),
    );
    const integers = this.reference.filter((c) => c.choice === 'int8').length;
    const bytes = floatUse.bytes + sum(this.reference.map((c) => c.extra.bytes));
    this.moreBytes = integers === 0 ? 0 : (whole.bytes - bytes) / integers;
  }

  /** What a layer takes of each resource more than in float, with its part of what its network takes besides. */
  extra({ choice, extra }: MeasuredChoice): ResourceUse {
    return { ...extra, bytes: extra.bytes + (choice === 'int8' ? this.moreBytes : 0) };
  }

  /** @param chosen one of each layer's choices, in the order of the layers */
  predict(chosen: readonly MeasuredChoice[]): Prediction {
    const noise = sum(chosen.map((c) => c.noise));
    // No further than it was measured: noise beyond that of int8 is none of its interplay.
    const share = this.referenceNoise > 0 ? Math.min(1, noise / this.referenceNoise) : 0;
    const samples = this.float.map(({ value, weight }, s) => ({
      value:
        this.metric === 'sqnr'
          ? this.decibels(value, s, chosen)
          : value + sum(chosen.map((c) => c.changes[s] ?? 0)) + share * (this.beyond[s] ?? 0),
      weight,
    }));
    const { difference, standardError } = pairedDifference(this.float, samples);
    const [bytes = 0, bops = 0, latency = 0] = resources.map(
      (resource) => this.measured.floatUse[resource] + sum(chosen.map((c) => this.extra(c)[resource])),
    );
    const power = noise * this.noiseScale;
    return {
      predicted: {
        ...{ bytes, bops, latency },
        outputDb: power > 0 ? Math.min(MAX_SQNR_DB, -10 * Math.log10(power)) : MAX_SQNR_DB,
        // Not −0, which JSON does not know.
        drop: 0 - difference,
        standardError,
      },
      samples,
    };
  }

  /** @param float decibels of sample `s` in float */
  private decibels(float: number, s: number, chosen: readonly MeasuredChoice[]): number {
    const floor = powerOf(float);
    const noise = (change: number) => Math.max(0, powerOf(float + change) - floor);
    const inSum = (choices: readonly MeasuredChoice[]) => sum(choices.map((c) => noise(c.changes[s] ?? 0)));
    const reference = inSum(this.reference);
    const scale = reference > 0 ? noise(this.whole.changes[s] ?? 0) / reference : 1;
    return -10 * Math.log10(floor + scale * inSum(chosen));
  }
}

/** Noise against a signal of 1. */
function powerOf(decibels: number): number {
  return 10 ** (-decibels / 10);
}

/** What a layer is where everything is in int8 that nobody decided about. */
export function referenceOf({ choices }: LayerChoices): MeasuredChoice {
  const found = choices.find((c) => c.choice === 'int8') ?? choices[0];
  if (found === undefined) throw new RangeError('a layer has a choice');
  return found;
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
