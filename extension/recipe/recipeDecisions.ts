import * as vscode from 'vscode';
import type { ResolvedRecipe } from '../../engine/shared/protocol/requests';
import type { AnalyzeSettings } from '../../engine/shared/protocol/settings';
import type { LayerChoice, NetworkDecision, OperatorChoice } from '../../engine/shared/protocol/choices';
import type { ModelSummary } from '../../engine/shared/protocol/model';
import type { Report } from '../../engine/shared/protocol/report';
import type { RecipeRules } from '../../engine/shared/protocol/recipe';
import { partsIn, type RecipeDecision } from '../../engine/shared/recipe/recipeEdits';
import { decidingRules } from '../../engine/shared/recipe/recipeText';
import type { NetworkChange } from '../../engine/shared/protocol/webview';
import { Refusal, toErrorData } from '../common/failure';
import { RecipeFile } from './recipeFile';
import { Turns } from '../common/serialQueue';

/** The model that a recipe lies beside. */
interface DecidedModel {
  uri: vscode.Uri;
  /** As the engine read it last; `null` before it did. */
  summary: () => Pick<ModelSummary, 'hash' | 'layers'> | null;
  /** Its analysis; `null` before one. */
  report: () => Pick<Report, 'operators'> | null;
  /** Has the engine say what a recipe's text decides of it. */
  resolve: (text: string, file: string) => Promise<ResolvedRecipe>;
}

/** What the recipe beside a model decides, and what the user decides in it. */
export class RecipeDecisions implements vscode.Disposable {
  readonly file: RecipeFile;
  private last: ResolvedRecipe | null = null;
  /** Counts when the recipe was read, and of what that is which counts. */
  private reads = 0;
  private lastRead = 0;
  private readonly turns = new Turns();
  private readonly read = new vscode.EventEmitter<void>();
  /** After what the recipe decides was read again. */
  readonly onDidRead = this.read.event;

  constructor(
    private readonly model: DecidedModel,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.file = new RecipeFile(model.uri);
    this.file.onDidChange(() => void this.refresh());
  }

  /** What each layer that it speaks of is. */
  get choices(): ResolvedRecipe['choices'] {
    return this.last?.choices ?? [];
  }

  /** Where each operator that it speaks of is computed. */
  get operators(): ResolvedRecipe['operators'] {
    return this.last?.operators ?? [];
  }

  /** What it says of the whole network. */
  get network(): NetworkDecision {
    const { remedies, weights } = this.last?.recipe ?? {};
    return { ...(remedies === undefined ? {} : { remedies }), ...(weights === undefined ? {} : { weights }) };
  }

  /** `null` for a recipe that leaves all parts open, which is as none. */
  get rules(): RecipeRules | null {
    return decidingRules(this.last?.recipe ?? null);
  }

  /** The data that it names. */
  get data(): string | undefined {
    return this.last?.recipe?.data;
  }

  /** What it says now; `null` when there is no recipe. `take` makes that count, unless it was read again and answered meanwhile. */
  private async resolve(): Promise<{ resolved: ResolvedRecipe | null; take: () => void }> {
    const text = await this.file.read();
    const read = ++this.reads;
    const resolved = text === null ? null : await this.model.resolve(text, this.file.uri.fsPath);
    const take = () => {
      if (read < this.lastRead) return;
      this.lastRead = read;
      this.last = resolved;
      this.read.fire();
    };
    return { resolved, take };
  }

  /** Reads it again; what could be read last stays while it is being written. Never rejects. */
  async refresh(): Promise<void> {
    try {
      const { resolved, take } = await this.resolve();
      if (resolved?.recipe === null) return;
      for (const { message } of resolved?.problems ?? []) this.log.warn(message);
      take();
    } catch (thrown) {
      this.log.warn(`${this.file.uri.fsPath}: ${toErrorData(thrown).message}`);
    }
  }

  /**
   * What the recipe says now, in place of settings.
   * @throws Refusal for one that cannot be read: a model is not made by half of what was decided
   */
  async settings(): Promise<Partial<AnalyzeSettings>> {
    const { resolved, take } = await this.resolve();
    const [problem] = resolved?.problems ?? [];
    if (problem !== undefined) throw new Refusal(problem);
    take();
    if (resolved?.recipe == null) return {};
    const { preset, samples, profile, weights, calibration, targetDrop } = resolved.recipe;
    const recipe = this.rules ?? undefined;
    const said = { preset, samples, profile, weights, calibration, targetDrop, recipe };
    return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
  }

  /** Writes what the user decided of layers; `null` leaves them to the analysis again. */
  decideLayers(layers: readonly string[], choice: LayerChoice | null): Promise<void> {
    const partsOf = partsIn(this.model.summary()?.layers ?? []);
    return this.write({ part: 'layers', keys: layers, value: choice, partsOf, knowsAll: true });
  }

  /** Writes a clip that the user decided; `null` leaves it to the calibrator again. */
  decideClip(tensor: string, clip: number | null): Promise<void> {
    const all = { partsOf: () => null, knowsAll: true };
    return this.write({ part: 'clips', keys: [tensor], value: clip, ...all });
  }

  /** Writes what the user decided of operators between the layers; `null` leaves them to the analysis again. */
  decideOperators(operators: readonly string[], choice: OperatorChoice | null): Promise<void> {
    const partsOf = partsIn(this.model.report()?.operators ?? []);
    // Those in float have no figures in the report.
    return this.write({ part: 'operators', keys: operators, value: choice, partsOf, knowsAll: false });
  }

  /** Writes what the user decided of the whole network; what is left out stays as it is. */
  decideNetwork({ remedies, weights }: NetworkChange): Promise<void> {
    return this.write(
      ...(remedies === undefined ? [] : [{ part: 'remedies', value: remedies } as const]),
      ...(weights === undefined ? [] : [{ part: 'weights', value: weights } as const]),
    );
  }

  private write(...decisions: RecipeDecision[]): Promise<void> {
    return this.turns.take(async () => {
      const hash = this.model.summary()?.hash ?? null;
      for (const decision of decisions) await this.file.decide(decision, hash);
      await this.refresh();
    });
  }

  dispose(): void {
    this.file.dispose();
    this.read.dispose();
  }
}
