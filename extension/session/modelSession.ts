import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as vscode from 'vscode';
import type { DataSummary } from '../../engine/shared/protocol/data';
import type { ErrorData, Progress } from '../../engine/shared/protocol/error';
import type { MeasuredLayer, QuantizeResult, Report } from '../../engine/shared/protocol/report';
import type { ModelSummary } from '../../engine/shared/protocol/model';
import type { PresetName } from '../../engine/shared/protocol/choices';
import type { OtherReport } from '../../engine/shared/protocol/page';
import type { TradeOff } from '../../engine/shared/protocol/plan';
import { keptInFloat } from '../../engine/shared/floatLayers';
import type { ToWebview } from '../../engine/shared/protocol/webview';
import type { EngineClient } from '../engine/engineClient';
import { DataWatch } from '../data/dataWatch';
import { diskPath } from '../common/diskPath';
import { describeWork } from '../engine/engineWork';
import { EngineStopped } from '../engine/engineStopped';
import { Refusal, toErrorData } from '../common/failure';
import { isMadeUp, isModule } from '../data/dataSource';
import { RecipeDecisions } from '../recipe/recipeDecisions';
import { choosePreset, settingsWith, type ConfiguredSettings } from '../common/settings';
import type { Target } from './targetChoices';
import { Turns } from '../common/serialQueue';

/** A view that has just loaded hears the last message of each type, in this order. */
const ORDER: ToWebview['type'][] = [
  'model',
  'dataState',
  'data',
  'measured',
  'report',
  'stale',
  'decided',
  'decidedOperators',
  'decidedNetwork',
  'decidedClips',
  'compared',
  'quantized',
  'tradeOff',
  'progress',
  'error',
  'select',
];

/** One model in this window: what is known of it, what the user decided, what runs on it. */
export class ModelSession implements vscode.Disposable {
  /** Editors that show it; counted by the editor. */
  panes = 0;
  data: DataSummary | null = null;
  report: Report | null = null;
  /** The analysis that the report took the place of in this window. */
  private previous: Report | null = null;
  /** What changed since the report was made, in sentences. */
  stale: string[] = [];
  progress: Progress | null = null;
  private running: vscode.CancellationTokenSource | undefined;
  private loading: Promise<void> | undefined;
  /** A file that changes is read again meanwhile. */
  private readonly dataTurns = new Turns();
  private readonly latest = new Map<ToWebview['type'], ToWebview>();
  private summary: ModelSummary | null = null;
  private readonly watch = new DataWatch(() => void this.checkFresh());
  private readonly measured = new Map<string, MeasuredLayer>();
  readonly recipe: RecipeDecisions;
  private readonly sent = new vscode.EventEmitter<ToWebview>();
  /** Every message for the views of this model. */
  readonly onDidSend = this.sent.event;

  constructor(
    readonly uri: vscode.Uri,
    private readonly engine: EngineClient,
    private readonly memory: vscode.Memento,
    private readonly log: vscode.LogOutputChannel,
  ) {
    const resolve = (text: string, file: string) =>
      engine.request('quantscope/recipe', { path: this.path, text, file });
    const model = { uri, resolve, summary: () => this.summary, report: () => this.report };
    this.recipe = new RecipeDecisions(model, log);
    this.recipe.onDidRead(() => {
      this.send({ type: 'decided', choices: this.recipe.choices });
      this.send({ type: 'decidedOperators', choices: this.recipe.operators });
      this.send({ type: 'decidedNetwork', decision: this.recipe.network });
      this.send({ type: 'decidedClips', clips: this.recipe.rules?.clips ?? [] });
    });
  }

  /** Where the engine finds the model; throws for one that is not a file on disk. */
  get path(): string {
    return diskPath(this.uri);
  }

  get isRunning(): boolean {
    return this.running !== undefined;
  }

  /** Of the file, as the engine read it last; `null` before it did. */
  get hash(): string | null {
    return this.summary?.hash ?? null;
  }

  /** The last quantization of this window; `null` when there was none. */
  get quantized(): QuantizeResult | null {
    const known = this.latest.get('quantized');
    return known?.type === 'quantized' ? known.result : null;
  }

  /** The last plan of this window; `null` when there was none. */
  get tradeOff(): TradeOff | null {
    const known = this.latest.get('tradeOff');
    return known?.type === 'tradeOff' ? known.tradeOff : null;
  }

  /** What the report is compared with in this window; `null` for nothing. */
  get compared(): OtherReport | null {
    const known = this.latest.get('compared');
    return known?.type === 'compared' ? { report: known.report, label: known.label } : null;
  }

  send(message: ToWebview): void {
    this.latest.set(message.type, message);
    this.sent.fire(message);
  }

  /** Tells the views that are there, and no later ones: those ask again. */
  tell(message: ToWebview): void {
    this.sent.fire(message);
  }

  /** Has the network read that a view wants to draw; what goes wrong is shown there. */
  async sendGraph(): Promise<void> {
    this.tell({ type: 'graph', answer: { kind: 'waiting' } });
    try {
      const result = await this.engine.request('quantscope/graph', { path: this.path });
      this.tell({ type: 'graph', answer: { kind: 'done', result } });
    } catch (thrown) {
      this.tell({ type: 'graph', answer: { kind: 'failed', error: toErrorData(thrown) } });
    }
  }

  snapshot(): ToWebview[] {
    return ORDER.flatMap((type) => this.latest.get(type) ?? []);
  }

  /** Reads the file, once; never rejects: a view shows what went wrong. */
  ready(): Promise<void> {
    return (this.loading ??= this.load().catch((thrown: unknown) => this.fail(toErrorData(thrown))));
  }

  /** Reads the file again, after it changed. */
  async reload(): Promise<void> {
    await this.loading;
    this.loading = undefined;
    await this.ready();
  }

  private async load(): Promise<void> {
    const { summary, report, tradeOff } = await this.engine.request('quantscope/open', { path: this.path });
    this.send({ type: 'error', error: null });
    this.summary = summary;
    this.send({ type: 'model', summary });
    // What an earlier file scored is still the best that is known, and is called stale.
    this.setReport(report ?? this.report, report !== null);
    // One that could not be written to disk is known here alone.
    this.send({ type: 'tradeOff', tradeOff: tradeOff ?? this.planOf(summary) });
    await this.recipe.refresh();
    await this.checkFresh();
    await this.recallData(report);
  }

  /** Shows what another window or a terminal has found out of this very file since; what is known here already stays. */
  async takeIn(): Promise<void> {
    await this.loading;
    try {
      const { summary, report, tradeOff } = await this.engine.request('quantscope/open', { path: this.path });
      // The file changed meanwhile, and is read again.
      if (summary.hash !== this.hash) return;
      if (tradeOff !== null && tradeOff.created !== this.tradeOff?.created)
        this.send({ type: 'tradeOff', tradeOff });
      if (report === null || report.created === this.report?.created) return;
      this.log.info(`${this.uri.fsPath} was analyzed elsewhere.`);
      this.setReport(report);
      await this.checkFresh();
      if (this.data === null) await this.recallData(report);
    } catch (thrown) {
      // Nobody asked for it.
      this.log.warn(`${this.uri.fsPath}: ${toErrorData(thrown).message}`);
    }
  }

  /** The file is gone; it shows again when it is back. */
  lose(): void {
    this.fail({
      code: 'not-found',
      message: `${basename(this.uri.fsPath)} was deleted or moved.`,
      hint: 'It shows again when it is back.',
    });
  }

  /** Finds out whether the model and its data are still those of the report. */
  private async checkFresh(): Promise<void> {
    const { report, summary } = this;
    const data = report?.settings.data ?? null;
    const onDisk = data === null || isMadeUp(data) ? null : data;
    this.watch.watch(onDisk);
    const reasons: string[] = [];
    if (report !== null && summary !== null && summary.hash !== report.model.hash)
      reasons.push(`${basename(this.uri.fsPath)} has changed since it was analyzed.`);
    if (onDisk !== null && report?.dataStamp !== undefined) {
      const stamp = await this.engine
        .request('quantscope/stamp', { path: this.uri.fsPath, data: onDisk })
        .catch(() => report.dataStamp);
      const name = basename(onDisk);
      if (!existsSync(onDisk)) reasons.push(`The data ${name} is no longer where it was.`);
      else if (stamp !== report.dataStamp) reasons.push(`The data ${name} has changed since the analysis.`);
    }
    if (report !== this.report) return;
    this.stale = reasons;
    this.send({ type: 'stale', reasons });
  }

  private recallData(report: Report | null): Promise<void> {
    return this.dataTurns.take(() => this.recall(report));
  }

  private async recall(report: Report | null): Promise<void> {
    const kept = this.memory.get<unknown>(`data:${this.uri.toString()}`);
    const known = typeof kept === 'string' ? kept : undefined;
    const data = known ?? this.recipe.data ?? report?.settings.data;
    if (data === undefined) {
      this.send({ type: 'data', data: null });
      return;
    }
    // Analyzed in a terminal: a preset that was named there is in no settings.
    const named = known === undefined ? (report?.settings.preset ?? null) : null;
    if (named !== null) await this.choosePreset(data, named);
    try {
      await this.readData(data, this.settingsFor(data).preset);
    } catch (thrown) {
      // It was moved since; the user chooses again when it is needed.
      const error = toErrorData(thrown);
      this.log.warn(`${data} is no longer usable: ${error.message}`);
      this.send({ type: 'data', data: null });
      this.send({ type: 'dataState', state: { kind: 'failed', path: data, error } });
    }
  }

  /** The settings for this model with this data: a preset that was chosen with it comes before the setting's. */
  settingsFor(data: string): ConfiguredSettings {
    return settingsWith(this.uri, data, this.memory);
  }

  /** Remembers how the pictures of a folder become tensors for this model. */
  async choosePreset(data: string, preset: PresetName | null): Promise<void> {
    await choosePreset(this.uri, { data, preset }, this.memory);
  }

  /** Has the engine check a data source, then remembers it for this model. */
  useData(data: string, preset = this.settingsFor(data).preset): Promise<DataSummary> {
    return this.dataTurns.take(() => this.readData(data, preset));
  }

  private async readData(data: string, preset: PresetName | null): Promise<DataSummary> {
    if (isModule(data) && !vscode.workspace.isTrusted)
      throw new Refusal({
        code: 'unsupported',
        message: `${basename(data)} is a program, and this workspace is not trusted.`,
        hint: 'Trust the workspace to run it.',
      });
    this.send({ type: 'dataState', state: { kind: 'reading', path: data } });
    try {
      this.data = await this.engine.request('quantscope/data', { path: this.path, data, preset });
    } finally {
      this.send({ type: 'dataState', state: null });
    }
    await this.memory.update(`data:${this.uri.toString()}`, data);
    this.send({ type: 'data', data: this.data });
    return this.data;
  }

  /** The plan of this window, where it is one of the file as it is. */
  private planOf({ hash }: ModelSummary): TradeOff | null {
    const known = this.tradeOff;
    return known?.model.hash === hash ? known : null;
  }

  /** The analysis that the report took the place of, in this window or before; `null` when there was none. */
  async previousReport(): Promise<Report | null> {
    return this.previous ?? this.engine.request('quantscope/previous', { path: this.path });
  }

  /** @param isOwn whether it is of the file as it is now */
  setReport(report: Report | null, isOwn = true): void {
    if (this.report !== null && report !== null && this.report.created !== report.created)
      this.previous = this.report;
    this.report = report;
    if (report !== null && isOwn) {
      this.summary = report.model;
      this.send({ type: 'model', summary: report.model });
    }
    this.send({ type: 'report', report });
  }

  /** The layers to keep in float: the analysis' advice, but for what the user decided; `null` before an analysis. */
  get keepFloat(): string[] | null {
    return this.report === null ? null : keptInFloat(this.report, new Map(this.recipe.choices));
  }

  /** Of the layers to keep in float those that the recipe says nothing of, which is more exact: `float16` stays that. */
  get advisedFloat(): string[] | null {
    const decided = new Map(this.recipe.choices);
    return this.keepFloat?.filter((name) => !decided.has(name)) ?? null;
  }

  /** Whether the recipe decides what the last analysis did not know. */
  get isOwnChoice(): boolean {
    // Another model may have no such layers.
    if (this.report === null || this.summary?.hash !== this.report.model.hash) return false;
    return !isDeepStrictEqual(this.report.settings.recipe ?? null, this.recipe.rules);
  }

  /** How near to float this model had to be last time; `null` when nobody has said so. */
  get target(): Target | null {
    const kept = this.memory.get<unknown>(`target:${this.uri.toString()}`);
    return kept === 'int8' || (typeof kept === 'number' && Number.isFinite(kept)) ? kept : null;
  }

  /** Remembers how near to float this model has to be. */
  async chooseTarget(target: Target): Promise<void> {
    await this.memory.update(`target:${this.uri.toString()}`, target);
  }

  /**
   * Checks that nothing which is read is lost by writing a file.
   * @throws ResponseError `bad-option`, `write-failed`
   */
  async checkOutput(output: string): Promise<void> {
    const data = this.data?.data ?? this.report?.settings.data ?? null;
    try {
      await this.engine.request('quantscope/checkOutput', { path: this.path, output, data });
    } catch (thrown) {
      // A report may be saved when its model is gone.
      const { code, message } = toErrorData(thrown);
      if (code === 'bad-option' || code === 'write-failed') throw thrown;
      this.log.warn(`${output} was not compared with what is read: ${message}`);
    }
  }

  /** Runs the only task of this model; callers check `isRunning` first. */
  async run<T>(task: (token: vscode.CancellationToken) => Promise<T>): Promise<T> {
    const source = (this.running = new vscode.CancellationTokenSource());
    this.send({ type: 'error', error: null });
    this.measured.clear();
    this.send({ type: 'measured', layers: [] });
    try {
      return await task(source.token);
    } catch (thrown) {
      if (!(thrown instanceof EngineStopped)) throw thrown;
      throw new EngineStopped(thrown.exit, describeWork(this.uri.fsPath, this.summary, this.progress));
    } finally {
      this.running = undefined;
      source.dispose();
      this.progress = null;
      this.send({ type: 'progress', progress: null });
      await this.checkFresh();
    }
  }

  setProgress(progress: Progress): void {
    // One that arrives after the end would never be cleared.
    if (!this.isRunning) return;
    this.progress = progress;
    this.send({ type: 'progress', progress });
  }

  /** Layers that the analysis under way has measured so far; they stay when it is cancelled. */
  addMeasured(layers: MeasuredLayer[]): void {
    for (const layer of layers) this.measured.set(layer.name, layer);
    this.latest.set('measured', { type: 'measured', layers: [...this.measured.values()] });
    this.sent.fire({ type: 'measured', layers });
  }

  cancel(): void {
    this.running?.cancel();
  }

  fail(error: ErrorData): void {
    this.log.error(`${this.uri.fsPath}: ${error.message}`);
    this.send({ type: 'error', error });
  }

  /** The user ended what ran; views say what it leaves behind. */
  tellCancelled(error: ErrorData): void {
    const told = this.latest.get('error');
    // That the model was deleted meanwhile matters more.
    if (told?.type === 'error' && told.error !== null) return;
    this.send({ type: 'error', error });
  }

  dispose(): void {
    this.cancel();
    this.watch.dispose();
    this.recipe.dispose();
    this.sent.dispose();
  }
}
