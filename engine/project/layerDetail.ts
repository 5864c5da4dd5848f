import { thatChangeRanges } from '../shared/findings';
import { EngineError } from '../shared/engineError';
import { LayerTrials } from './layerTrials';
import { layerWeights, weightsOfLayers } from './layerWeights';
import type { Layer } from '../onnx/layers/layers';
import type { Model } from '../onnx/graph/model';
import type { Measured, Resolved } from '../evaluate/baseline';
import type { Run } from '../common/run';
import type { Requests } from '../shared/protocol/requests';
import type { AnalyzeSettings } from '../shared/protocol/settings';
import type { ClipTrial, LayerWeights, OutputScatter, RemediedInputs } from '../shared/protocol/layerDetail';
import type { ProfileName } from '../shared/protocol/choices';
import type { Report } from '../shared/protocol/report';
import { profiles } from '../quantize/targets/profiles';
import { weightBits } from '../quantize/weightBits';
import { resolveProfile } from '../runtime/hostProfile';
import { fixedChoices } from '../recipe/recipeScope';
import type { WorkerPool } from '../runtime/workerPool';
import { checkSettings } from '../recipe/parseSettings';

/** What it takes of the model that it is about. */
export interface DetailSource {
  /** @throws EngineError `bad-option` for a layer that the model does not have */
  checkLayerNames: (names: readonly string[]) => void;
  measure: (settings: Resolved<AnalyzeSettings>, run: Run) => Promise<Measured>;
}

/** What people ask about one layer of an open model. */
export class LayerDetail {
  private last: { key: string; measured: Measured; isWhole: boolean; trials: LayerTrials } | undefined;

  constructor(
    private readonly pool: WorkerPool,
    private readonly normalized: Model,
    private readonly source: DetailSource,
  ) {}

  /**
   * Ranges of a layer's weights, and with the remedies of the finished analysis, if there is one.
   * @throws EngineError `bad-option` for another model's layers, `unsupported` for one without weights
   */
  async weights(layer: string, report: Report | null): Promise<LayerWeights> {
    this.source.checkLayerNames([layer]);
    const profile = report?.settings.profile ?? (await resolveProfile('auto', this.pool.first));
    return layerWeights(this.normalized, layer, bitsOn(profile), report?.decisions.remedies ?? []);
  }

  /** {@link weights} of several layers of an analyzed model. */
  weightsOf(layers: readonly string[], { settings, decisions }: Report): LayerWeights[] {
    this.source.checkLayerNames(layers);
    return weightsOfLayers(this.normalized, layers, bitsOn(settings.profile), decisions.remedies);
  }

  /**
   * Runs the model with another clip for a tensor.
   * @throws EngineError `bad-option` before an analysis, for another model's layers and tensors, and for what is no clip;
   * `bad-data`, `not-found` where its data no longer is
   */
  async tryClip(
    { settings, ...asked }: Omit<Requests['quantscope/tryClip']['params'], 'path'>,
    report: Report | null,
    run: Run,
  ): Promise<ClipTrial> {
    return (await this.trialsOf(asked.layer, settings, report, run)).tryClip(asked, run);
  }

  /** @throws EngineError as {@link tryClip} does */
  async scatter(
    { settings, layer }: Omit<Requests['quantscope/scatter']['params'], 'path'>,
    report: Report | null,
    run: Run,
  ): Promise<OutputScatter> {
    return (await this.trialsOf(layer, settings, report, run, false)).scatter(layer, run);
  }

  /** Those that were made of an analysis, with its own recipe and data. */
  scattersOf(report: Report): OutputScatter[] {
    const { last } = this;
    return last?.key === keyOf(report, report.settings) ? [...last.trials.scatters.values()] : [];
  }

  /** @throws EngineError as {@link tryClip} does */
  async remediedInputs(
    { settings, layer }: Omit<Requests['quantscope/remediedInputs']['params'], 'path'>,
    report: Report | null,
    run: Run,
  ): Promise<RemediedInputs> {
    return (await this.trialsOf(layer, settings, report, run, false)).remediedInputs(layer);
  }

  /**
   * The networks of a finished analysis, made again once, with what was measured of them since.
   * @param isWhole whether all remedies are wanted, or only those that change ranges: rounding weights together takes long
   */
  private async trialsOf(
    layer: string,
    asked: AnalyzeSettings,
    report: Report | null,
    run: Run,
    isWhole = true,
  ): Promise<LayerTrials> {
    this.source.checkLayerNames([layer]);
    if (report === null)
      throw new EngineError('bad-option', 'The model was not analyzed yet.', 'Analyze it first.');
    const settings = { ...report.settings, ...howMeasured(asked) };
    checkSettings(settings);
    const measured = await this.source.measure(settings, run);
    const key = keyOf(report, settings);
    const { last } = this;
    const isKnown = last?.key === key && last.measured === measured;
    if (isKnown && (last.isWhole || !isWhole)) return last.trials;
    const { remedies } = report.decisions;
    const decisions = { ...report.decisions, remedies: isWhole ? remedies : thatChangeRanges(remedies) };
    const fixed = fixedChoices(settings, measured);
    const known = isKnown ? last.trials.scatters : new Map<string, OutputScatter>();
    const trials = await LayerTrials.start(this.pool, measured, { ...report, decisions }, fixed, known, run);
    this.last = { key, measured, isWhole, trials };
    return trials;
  }
}

/** Bits of a layer's weights in int8 on a target. */
function bitsOn(profile: ProfileName): (layer: Layer) => number {
  return (layer) => weightBits(layer, 'int8', profiles[profile]);
}

/** What decides on which samples the float model is measured, and the recipe: a report keeps not all of it. */
function howMeasured({ data, preset, recipe, skipFailed, calibrated }: AnalyzeSettings) {
  return {
    ...{ data, preset },
    ...(recipe === undefined ? {} : { recipe }),
    ...(skipFailed === undefined ? {} : { skipFailed }),
    ...(calibrated === undefined ? {} : { calibrated }),
  };
}

/** An analysis with a recipe and data of its own or those that were chosen since. */
function keyOf({ created }: Report, { recipe, data, preset }: AnalyzeSettings): string {
  return JSON.stringify([created, recipe ?? null, data, preset]);
}
