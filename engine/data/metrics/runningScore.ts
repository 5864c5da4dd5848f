import type { SampleScore } from './metric';

/** The score of the samples so far. */
export class RunningScore {
  private sum = 0;
  private weight = 0;

  add({ value, weight }: SampleScore): void {
    this.sum += value * weight;
    this.weight += weight;
  }

  /** Σ value · weight / Σ weight; 0 before the first sample. */
  get value(): number {
    return this.weight === 0 ? 0 : this.sum / this.weight;
  }
}
