import { fixedChoices } from '../recipe/recipeScope';
import { thatChangeRanges } from '../shared/findings';
import { EngineError } from '../shared/engineError';
import type { Rating } from '../data/metrics/rater';
import { firstOf } from '../data/samples/limitSamples';
import type { Layer } from '../onnx/layers/layers';
import type { Model } from '../onnx/graph/model';
import { encodeModel } from '../onnx/file/readModel';
import type { Measured } from '../evaluate/baseline';
import type { Run } from '../common/run';
import { StageProgress } from '../common/progress';
import type { Requests } from '../shared/protocol/requests';
import type { ClipTrial, NetworkScore, OutputScatter, RemediedInputs } from '../shared/protocol/layerDetail';
import type { Report } from '../shared/protocol/report';
import { remediedInputs } from './remediedInputs';
import type { WorkerPool } from '../runtime/workerPool';
import { localSqnr } from '../evaluate/noise/localError';
import { outputScatter } from '../evaluate/noise/outputScatter';
import { pairedDifference } from '../stats/pairedDifference';
import { spread } from '../stats/spread';
import {
  buildModel,
  layersAlone,
  planOf,
  withChoices,
  withDecided,
  withFixed,
  type Candidate,
  type FixedChoices,
} from '../search/candidate/candidate';
import { LOCAL_SAMPLES } from '../search/diagnosis/layerSensitivity';
import { rebuild } from '../search/tuning/tuneModel';

/** Samples whose outputs are drawn against each other: thousands of values each. */
const SCATTER_SAMPLES = 8;

type AskedClip = Omit<Requests['quantscope/tryClip']['params'], 'path' | 'settings'>;

/** The networks of a finished analysis, to try a single thing in; what was measured once is kept. */
export class LayerTrials {
  private readonly ratings = new Map<string, Map<number, Rating>>();
  private readonly sqnr = new Map<string, number>();

  private constructor(
    private readonly pool: WorkerPool,
    private readonly measured: Measured,
    /** Everything that the user left open in int8. */
    private readonly whole: Candidate,
    /** What the analysis advised. */
    private readonly chosen: Candidate,
    /** Outputs that were compared, by layer. */
    readonly scatters: Map<string, OutputScatter>,
  ) {}

  /**
   * @param scatters of the same networks, made before
   * @throws EngineError `runtime`, `cancelled`
   */
  static async start(
    pool: WorkerPool,
    measured: Measured,
    { settings, decisions }: Report,
    fixed: FixedChoices,
    scatters: Map<string, OutputScatter>,
    run: Run,
  ): Promise<LayerTrials> {
    const { method, weights } = settings;
    const operators = measured.operators.map((o) => o.name);
    const plain = { method, weights, operators, choices: {}, remedies: [] };
    const decided = fixedChoices(settings, measured);
    const whole = withFixed(await rebuild(pool, measured, settings, plain, decided, run), fixed);
    const { clips } = fixed;
    const isPlain = decisions.remedies.length === 0 && decisions.method === method;
    const advised: Candidate = isPlain
      ? {
          ...whole,
          weights: decisions.weights,
          operators: new Set(decisions.operators),
          choices: new Map(Object.entries(decisions.choices)),
        }
      : await rebuild(pool, measured, settings, { ...decisions, clips: [...clips] }, decided, run);
    const chosen = withDecided({ ...advised, clips }, fixed.layers);
    return new LayerTrials(pool, measured, whole, chosen, scatters);
  }

  /** @throws EngineError `bad-option` for a tensor that the layer does not read, or what is no clip; `runtime`, `cancelled` */
  async tryClip({ layer: name, tensor, clip, samples }: AskedClip, run: Run): Promise<ClipTrial> {
    const layer = this.layerNamed(name);
    if (!layer.activations.includes(tensor))
      throw new EngineError(
        'bad-option',
        `Layer ${name} does not read a tensor "${tensor}".`,
        `It reads ${layer.activations.join(', ') || 'none'}.`,
      );
    if (!(clip > 0 && Number.isFinite(clip)))
      throw new EngineError('bad-option', `${clip} is no clip.`, 'A clip is a magnitude above zero.');
    const { chooser } = this.measured;
    const all = chooser.samples.length;
    const indices = spread(all).slice(0, samples ?? all);
    const clips = { tried: clip, used: this.clipInUse(tensor) };
    const isAdvised = planOf(this.chosen).activations.has(tensor);

    const networks = (['used', 'tried'] as const).flatMap((which) => {
      // With the clip in use it is one network, whichever tensor is asked about.
      const at = (candidate: Candidate) => (which === 'used' ? candidate : withClip(candidate, tensor, clip));
      const key = which === 'used' ? [] : [tensor, clip];
      return [
        {
          ...{ which, where: 'alone' as const, key: JSON.stringify(['alone', name, ...key]) },
          build: () => buildModel(this.alone(at(this.whole), name)),
        },
        {
          ...{ which, where: 'advised' as const, key: JSON.stringify(['advised', ...key]) },
          build: () => buildModel(at(this.chosen)),
        },
      ];
    });
    const wanted = networks.filter(({ where }) => where === 'alone' || isAdvised);
    const missing = wanted.map(({ key }) => indices.filter((i) => this.ratings.get(key)?.has(i) !== true));
    const progress = new StageProgress(
      'evaluate',
      'Trying the clip',
      missing.reduce((n, some) => n + some.length, 0),
      run.onProgress,
    );
    const scores = new Map<string, NetworkScore>();
    for (const { which, where, key, build } of wanted)
      scores.set(`${where} ${which}`, await this.score(key, build, indices, () => progress.step(), run));
    const pick = (where: 'alone' | 'advised') => {
      const [tried, used] = [scores.get(`${where} tried`), scores.get(`${where} used`)];
      return tried === undefined || used === undefined ? null : { tried, used };
    };
    const sqnrDb = {
      used: await this.localDb(layer, tensor, clips.used, run),
      tried: await this.localDb(layer, tensor, clip, run),
    };
    const alone = pick('alone');
    if (alone === null) throw new RangeError('a layer alone is always measured');
    return {
      ...{ layer: name, tensor, clip, used: clips.used, samples: indices.length, allSamples: all },
      ...{ sqnrDb, alone, advised: pick('advised') },
    };
  }

  /** @throws EngineError `unsupported` where onnxruntime cannot hand the output out; `runtime`, `cancelled` */
  async scatter(name: string, { onProgress, signal }: Run): Promise<OutputScatter> {
    const known = this.scatters.get(name);
    if (known !== undefined) return known;
    const { output } = this.layerNamed(name);
    const samples = firstOf(this.measured.dataset.calibration, SCATTER_SAMPLES);
    const progress = new StageProgress('evaluate', 'Comparing outputs', samples.length, onProgress);
    const { models, ...counted } = await outputScatter(
      this.pool,
      this.whole.base.plain,
      [buildModel(this.alone(this.whole, name)), buildModel(this.whole)],
      output,
      samples,
      { onSample: () => progress.step(), signal, unfused: this.measured.isForeign },
    );
    const [alone = null, net = null] = models;
    if (alone === null)
      throw new EngineError(
        'unsupported',
        `The output of ${name} cannot be read out of its int8 model.`,
        'Its SQNR is measured all the same.',
      );
    const found = { layer: name, tensor: output, samples: samples.length, ...counted, alone, net };
    this.scatters.set(name, found);
    return found;
  }

  /** What a layer reads before and after the remedies; the models were run when these networks were made. */
  remediedInputs(name: string): RemediedInputs {
    const { whole, chosen, measured } = this;
    return {
      ...{ layer: name, remedies: thatChangeRanges(chosen.remedies) },
      samples: measured.dataset.calibration.length,
      inputs: remediedInputs(whole, chosen, this.layerNamed(name), measured),
    };
  }

  private layerNamed(name: string): Layer {
    const layer = this.whole.base.layers.find((l) => l.name === name);
    if (layer !== undefined) return layer;
    throw new EngineError(
      'bad-option',
      `No sample reached layer ${name}: it has no ranges.`,
      'Add samples that take the branch with it.',
    );
  }

  private clipInUse(tensor: string): number {
    const { base, methods, clips } = this.whole;
    return clips.get(tensor) ?? base.clips.get(methods.get(tensor) ?? 'max')?.get(tensor) ?? 0;
  }

  private alone(candidate: Candidate, name: string): Candidate {
    const others = candidate.base.layers.map((l) => l.name).filter((other) => other !== name);
    return withChoices(layersAlone(candidate), others, 'float');
  }

  private async score(
    key: string,
    build: () => Model,
    indices: readonly number[],
    onSample: () => void,
    { signal }: Run,
  ): Promise<NetworkScore> {
    const { chooser } = this.measured;
    const known = this.ratings.get(key) ?? new Map<number, Rating>();
    this.ratings.set(key, known);
    const missing = indices.filter((i) => !known.has(i));
    if (missing.length > 0) {
      const found = await chooser.rateSome(encodeModel(build()), missing, onSample, signal);
      found.forEach((rating, k) => known.set(missing[k] ?? 0, rating));
    }
    const own = indices.flatMap((i) => known.get(i) ?? []);
    const { score, samples, sqnrDb } = chooser.verdict(own);
    const floats = indices.flatMap((i) => chooser.floatSamples[i] ?? []);
    const { difference, standardError } = pairedDifference(floats, samples);
    // Not −0, which JSON does not know.
    return { score, drop: 0 - difference, standardError, outputDb: sqnrDb };
  }

  private async localDb(layer: Layer, tensor: string, clip: number, { signal }: Run): Promise<number> {
    const key = JSON.stringify([layer.name, tensor, clip]);
    const known = this.sqnr.get(key);
    if (known !== undefined) return known;
    const plan = planOf(withClip(layersAlone(this.whole), tensor, clip));
    const { dataset, isForeign } = this.measured;
    const samples = firstOf(dataset.calibration, LOCAL_SAMPLES);
    const how = { signal, unfused: isForeign };
    const found = await localSqnr(this.pool, this.whole.base.plain, [layer], plan, samples, how);
    const db = found.get(layer.name) ?? 0;
    this.sqnr.set(key, db);
    return db;
  }
}

function withClip(candidate: Candidate, tensor: string, clip: number): Candidate {
  return { ...candidate, clips: new Map([...candidate.clips, [tensor, clip]]) };
}
