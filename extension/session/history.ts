import * as v from 'valibot';
import * as vscode from 'vscode';
import type { MetricName } from '../../engine/shared/protocol/choices';
import type { QuantizeResult, Report, VerdictKind } from '../../engine/shared/protocol/report';

/** What came of one run on a model. */
export interface PastRun {
  kind: 'analyzed' | 'quantized';
  /** ISO 8601. */
  when: string;
  metric: MetricName;
  float: number;
  int8: number;
  targetDrop: number;
  meetsTarget: boolean;
  /** Earlier versions knew only whether the score met the target. */
  verdict?: VerdictKind;
  /** Layers that stayed in float. */
  kept: number;
  data: string;
  /** The file that was written. */
  output?: string;
}

/** A model and its runs, the newest first. */
export interface PastModel {
  uri: string;
  runs: PastRun[];
}

const number = v.pipe(v.number(), v.finite());
const pastModel: v.GenericSchema<PastModel> = v.object({
  uri: v.string(),
  runs: v.array(
    v.object({
      kind: v.picklist(['analyzed', 'quantized']),
      when: v.pipe(
        v.string(),
        v.check((when) => !Number.isNaN(Date.parse(when))),
      ),
      metric: v.picklist([
        ...(['top1', 'top5', 'ctc', 'frames', 'iou', 'segments', 'sqnr', 'cosine', 'agreement'] as const),
      ]),
      float: number,
      int8: number,
      targetDrop: number,
      meetsTarget: v.boolean(),
      kept: number,
      data: v.string(),
      output: v.exactOptional(v.string()),
    }),
  ),
});

const KEY = 'history';
const MOST_MODELS = 100;
const MOST_RUNS = 20;

/** The models that were analyzed in this workspace, the last one first. */
export class History implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;

  constructor(private readonly memory: vscode.Memento) {}

  /** What another version kept in another shape is left out. */
  models(): PastModel[] {
    const kept = this.memory.get<unknown>(KEY);
    return Array.isArray(kept) ? kept.filter((one) => v.is(pastModel, one)) : [];
  }

  /** Remembers an analysis, once: a model that is opened again brings its own. */
  async addReport(uri: vscode.Uri, report: Report): Promise<void> {
    const { created, float, advised, settings, keepFloat } = report;
    const known = this.models().find((model) => model.uri === uri.toString());
    if (known?.runs.some(({ when }) => when === created) === true) return;
    await this.add(uri, {
      ...{ kind: 'analyzed', when: created, metric: float.metric, float: float.score, int8: advised.score },
      ...{ targetDrop: settings.targetDrop, meetsTarget: advised.meetsTarget, kept: keepFloat.length },
      verdict: report.verdict.kind,
      data: settings.data,
    });
  }

  /** Remembers an int8 model that was written. */
  addResult(uri: vscode.Uri, result: QuantizeResult): Promise<void> {
    const { float, int8, settings, meetsTarget, keepFloat, output } = result;
    const { metric } = float;
    return this.add(uri, {
      ...{ kind: 'quantized', when: new Date().toISOString(), metric, float: float.score, int8: int8.score },
      ...{
        targetDrop: settings.targetDrop,
        meetsTarget,
        verdict: result.verdict.kind,
        kept: keepFloat.length,
        data: settings.data,
        output,
      },
    });
  }

  private async add(uri: vscode.Uri, run: PastRun): Promise<void> {
    const own = uri.toString();
    const models = this.models();
    const runs = models.find((model) => model.uri === own)?.runs ?? [];
    const sorted = [run, ...runs].sort((a, b) => (a.when < b.when ? 1 : -1)).slice(0, MOST_RUNS);
    await this.keep([{ uri: own, runs: sorted }, ...models.filter((model) => model.uri !== own)]);
  }

  async forget(uri: vscode.Uri): Promise<void> {
    await this.keep(this.models().filter((model) => model.uri !== uri.toString()));
  }

  /** Carries what is remembered to a model's new place. */
  async rename(from: vscode.Uri, to: vscode.Uri): Promise<void> {
    const [before, after] = [from.toString(), to.toString()];
    const models = this.models();
    if (!models.some((model) => model.uri === before)) return;
    const others = models.filter((model) => model.uri !== after);
    await this.keep(others.map((model) => (model.uri === before ? { ...model, uri: after } : model)));
  }

  private async keep(models: PastModel[]): Promise<void> {
    await this.memory.update(KEY, models.slice(0, MOST_MODELS));
    this.changed.fire();
  }

  dispose(): void {
    this.changed.dispose();
  }
}
