import { claimWarnings } from './claimWarnings';
import {
  formatBlocks,
  formatMilliseconds,
  formatNotFinite,
  formatPlural,
  formatSpeed,
} from '../shared/format';
import { notFiniteOf } from './layerInput';
import type { Layer } from '../onnx/layers/layers';
import type { Model } from '../onnx/graph/model';
import type { Measured } from '../evaluate/baseline';
import type { Decisions } from '../shared/protocol/choices';
import type { Int8Result, NotebookEntry, RunNode } from '../shared/protocol/report';
import type { ModelSummary } from '../shared/protocol/model';
import type { SettledSettings } from '../shared/protocol/settings';
import { findOverflows } from '../quantize/findOverflows';
import { fitsWithoutRanges, UNREACHED_GRID } from '../quantize/layerGrids';
import { tensorsOf } from '../quantize/plan';
import { profiles } from '../quantize/targets/profiles';
import type { IdleRemedy } from '../search/candidate/candidate';
import { ownValue } from '../shared/ownValue';

export interface ResultFacts {
  summary: ModelSummary;
  settings: SettledSettings;
  measured: Measured;
  decisions: Pick<Decisions, 'choices' | 'weights'>;
  /** Remedies that were wanted and changed nothing. */
  idle: readonly IdleRemedy[];
  /** Of the model that is written or advised. */
  result: Int8Result;
  nodes: readonly RunNode[];
  model: Model;
  /** All that the workflow tried. */
  notebook: readonly NotebookEntry[];
}

/** The first few names and how many more there are. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 3);
  return shown.join(', ') + (names.length > shown.length ? ` and ${names.length - shown.length} more` : '');
}

/** What a result's readers have to know, in sentences: of the data, of what stays in float, and of what was reached. */
export function resultWarnings(facts: ResultFacts): string[] {
  return [
    ...dataWarnings(facts),
    ...claimWarnings(facts),
    ...facts.idle.map(({ name, reason }) => `The remedy "${name}" changes nothing here. ${reason}`),
    ...floatWarnings(facts),
    ...overflowWarnings(facts),
    ...timedWarnings(facts),
    ...resultOnes(facts),
  ];
}

function dataWarnings({ measured, settings }: ResultFacts): string[] {
  const { reference, dataset, samples, evaluator, histograms } = measured;
  const warnings = [
    ...dataset.warnings,
    ...measured.dataWarnings,
    ...(reference.warning === null ? [] : [reference.warning]),
  ];
  for (const [tensor, state] of Object.entries(histograms)) {
    const { notFinite } = notFiniteOf(state, measured);
    if (notFinite === undefined) continue;
    const where = notFinite.sample === null ? '' : `, first in sample ${notFinite.sample}`;
    warnings.push(`${tensor} held ${formatNotFinite(notFinite)}${where}; they were left out.`);
  }
  for (const [part, skipped] of [
    ['calibrate', samples.skipped],
    ['evaluate', evaluator.skipped],
  ] as const) {
    const [one] = skipped;
    if (one === undefined) continue;
    const names = listed(skipped.map((s) => s.name));
    warnings.push(
      `Could not ${part} with ${formatPlural(skipped.length, 'sample')}: ${names}. ${one.reason}`,
    );
  }
  const { notFinite } = evaluator.findings;
  if (notFinite.length > 0)
    warnings.push(
      `Float itself answers NaN or infinities in ${formatPlural(notFinite.length, 'sample')}: ${listed(notFinite)}. They are not scored where there are others.`,
    );
  if (settings.sharedSamples) {
    const count = settings.evaluationSamples;
    warnings.push(
      `Only ${formatPlural(count, 'sample')}: what calibrates also chooses and evaluates, so the scores flatter int8.`,
    );
  }
  return warnings;
}

function floatWarnings({ summary, settings, measured, decisions, nodes }: ResultFacts): string[] {
  const warnings: string[] = [];
  const floatNodes = new Set(nodes.filter((n) => n.kind === 'float').map((n) => n.name));
  const inFloat = summary.blocks.filter((block) => block.nodes.some((name) => floatNodes.has(name)));
  if (inFloat.length > 0) {
    warnings.push(
      `${formatBlocks(inFloat)} between the layers run in float: activations are converted there and back around each.`,
    );
  }
  for (const reason of new Set(summary.unquantizable.map((u) => u.reason))) {
    const names = summary.unquantizable.filter((u) => u.reason === reason).map((u) => u.name);
    warnings.push(`Stays in float: ${listed(names)}. ${reason}`);
  }
  const { unreached, unseen } = measured;
  const hasNoFinite = (layer: Layer) =>
    [...tensorsOf([layer])].some((tensor) => ownValue(measured.histograms, tensor)?.finite === 0);
  // What somebody decided is no surprise.
  const undecided = unreached.filter(({ name }) => ownValue(decisions.choices, name) === undefined);
  const isStored = (layer: Layer) => fitsWithoutRanges(layer, UNREACHED_GRID, profiles[settings.profile]);
  for (const [layers, what] of [
    [unseen, 'put into int8 by the weights alone'],
    [undecided.filter(isStored), 'stored in int8 and computed in float'],
    [undecided.filter((l) => !isStored(l)), 'left in float'],
  ] as const) {
    for (const [some, why] of [
      [layers.filter((l) => !hasNoFinite(l)), 'No calibration sample'],
      [layers.filter(hasNoFinite), 'Nothing but NaN and infinities'],
    ] as const) {
      if (some.length === 0) continue;
      const names = listed(some.map((l) => l.name));
      warnings.push(`${why} reached ${formatPlural(some.length, 'layer')}, ${what}: ${names}.`);
    }
  }
  return warnings;
}

function overflowWarnings({ model }: ResultFacts): string[] {
  return findOverflows(model).map(
    ({ layer, bound, times }) =>
      `${layer} may overflow: the sums of its integer products can reach ${bound.toExponential(1)}, ${times.toFixed(1)} times what 32 bits hold. Keep it in float, or split it along its inputs.`,
  );
}

/** What times decided beside a recipe, which people take for all that decides. */
export function timedWarnings({
  settings,
  notebook,
}: {
  settings: Pick<SettledSettings, 'recipe'>;
  notebook: readonly Pick<NotebookEntry, 'step' | 'tried' | 'kept'>[];
}): string[] {
  const timed = notebook.filter(({ step, kept }) => step === 'latency' && kept).map(({ tried }) => tried);
  if (settings.recipe === undefined || timed.length === 0) return [];
  return [
    `The recipe leaves operators open, and times on this machine decided: ${listed(timed)}. Another run may decide otherwise and write other bytes; a recipe that --write-recipe or Write Recipe wrote leaves nothing open, and with --reproducible times decide nothing.`,
  ];
}

function resultOnes({ summary, settings, decisions, measured, result }: ResultFacts): string[] {
  const warnings: string[] = [];
  if (decisions.weights !== settings.weights)
    warnings.push(
      'Scaling each weight as a whole, as asked, is to blame: its channels have scales of their own instead. A recipe with "remedies": [] keeps it as asked.',
    );
  const speed = formatSpeed(result.speedup.median, 1);
  if (result.verdict.kind === 'missed')
    warnings.push('Nothing that was tried meets the target; this is the best that was found.');
  if (measured.isForeign) {
    warnings.push(
      `Scored as ${settings.profile} computes, step by step; times and integer nodes are those of this machine, which is another.`,
    );
  } else if (speed.endsWith('slower')) {
    const where = result.slower
      .slice(0, 3)
      .map(
        (o) =>
          `${o.opType} ${formatMilliseconds(o.milliseconds)} (${formatMilliseconds(o.floatMilliseconds)} in float)`,
      );
    const costs = where.length === 0 ? '' : ` What costs most: ${where.join(', ')}.`;
    warnings.push(`int8 is ${speed} than float on this machine.${costs}`);
  }
  if (result.bytes > summary.bytes) warnings.push('The int8 file is larger than the float file.');
  return warnings;
}
