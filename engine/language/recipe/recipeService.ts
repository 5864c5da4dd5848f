import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  CodeActionKind,
  CodeActionRequest,
  CodeLensRefreshRequest,
  CodeLensRequest,
  CompletionItemKind,
  CompletionRequest,
  DiagnosticSeverity,
  DiagnosticTag,
  DidChangeWatchedFilesNotification,
  InlayHintKind,
  InlayHintRefreshRequest,
  InlayHintRequest,
  MarkupKind,
  type ClientCapabilities,
  type CodeAction,
  type CodeActionParams,
  type CodeLens,
  type CompletionItem,
  type Connection,
  type Diagnostic,
  type Hover,
  type InlayHint,
  type Position,
  type Range,
  type TextDocuments,
} from 'vscode-languageserver/node';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { errorText } from '../../shared/engineError';
import { baseName } from '../../shared/format';
import { recipeActions } from './recipeActions';
import { recipeCompletion, type RecipeCompletion } from './recipeCompletion';
import { noModelProblem, recipeDiagnostics, type RecipeProblem } from './recipeDiagnostics';
import { recipeHover } from './recipeHover';
import { recipeInlays } from './recipeInlays';
import { recipeLenses } from './recipeLenses';
import { recipeSubject, type RecipeSubject } from './recipeSubject';
import { recipeTree, type RecipeTree } from './recipeTree';
import type { Place } from '../textFeatures';
import type { Project } from '../../project/project';
import type { ProfileChoice } from '../../shared/protocol/choices';
import { choicesOf } from '../../quantize/layerGrids';
import { tensorsOf } from '../../quantize/plan';
import { profiles } from '../../quantize/targets/profiles';
import { operatorChoices } from '../../recipe/parseRecipe';
import { recipePathOf } from '../../shared/recipe/recipeText';
import { profileChoices } from '../../recipe/parseSettings';
import type { Workspace } from '../../project/workspace';

/** Typing changes a recipe letter by letter. */
const QUIET_MS = 100;
const RECIPES = [{ scheme: 'file', pattern: '**/*.quant.json' }];

const itemKinds: Record<RecipeCompletion['kind'], CompletionItemKind> = {
  layer: CompletionItemKind.Field,
  operator: CompletionItemKind.Operator,
  type: CompletionItemKind.Class,
  tensor: CompletionItemKind.Variable,
  choice: CompletionItemKind.EnumMember,
};
const severities: Record<RecipeProblem['severity'], DiagnosticSeverity> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  unused: DiagnosticSeverity.Information,
  hint: DiagnosticSeverity.Hint,
};

interface Opened {
  document: TextDocument;
  tree: RecipeTree;
  /** `null` without a model that could be read. */
  subject: RecipeSubject | null;
  /** Why there is no subject. */
  missing: string | null;
}

interface Known {
  project: Project;
  choice: ProfileChoice;
  subject: RecipeSubject;
}

/** Recipes that are open in an editor, and what it asks about them. */
export class RecipeService {
  private readonly trees = new WeakMap<TextDocument, { version: number; tree: RecipeTree }>();
  private readonly subjects = new Map<string, Known>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  /** What the editor can do, once it has said so. */
  client: ClientCapabilities = {};

  constructor(
    private readonly connection: Connection,
    private readonly documents: TextDocuments<TextDocument>,
    private readonly workspace: Workspace,
  ) {}

  listen(): void {
    const { connection, documents } = this;
    documents.onDidChangeContent(({ document }) => this.announce(document.uri));
    documents.onDidClose(({ document: { uri } }) => {
      clearTimeout(this.timers.get(uri));
      this.timers.delete(uri);
      this.subjects.delete(uri);
      if (isRecipe(uri)) void connection.sendDiagnostics({ uri, diagnostics: [] });
    });
    connection.onDidChangeWatchedFiles(() => this.refresh());
    connection.onCompletion(({ textDocument, position }) => this.completion(textDocument.uri, position));
    connection.onCodeAction((params) => this.actions(params));
    connection.onCodeLens(({ textDocument }) => this.lenses(textDocument.uri));
    connection.languages.inlayHint.on(({ textDocument, range }) => this.inlays(textDocument.uri, range));
  }

  /** Has the editor ask for recipes alone: what else is open has nothing to be asked. */
  async register(): Promise<void> {
    const options = { documentSelector: RECIPES };
    const { textDocument, workspace } = this.client;
    // A model that comes to lie beside its recipe is looked at, though nobody opens it; a recipe may go.
    if (workspace?.didChangeWatchedFiles?.dynamicRegistration === true)
      await this.connection.client.register(DidChangeWatchedFilesNotification.type, {
        watchers: [{ globPattern: '**/*.onnx' }, { globPattern: '**/*.quant.json' }],
      });
    if (textDocument?.completion?.dynamicRegistration === true)
      await this.connection.client.register(CompletionRequest.type, {
        ...options,
        triggerCharacters: ['"', ':', ' '],
      });
    if (textDocument?.codeAction?.dynamicRegistration === true)
      await this.connection.client.register(CodeActionRequest.type, {
        ...options,
        codeActionKinds: [CodeActionKind.QuickFix],
      });
    if (textDocument?.codeLens?.dynamicRegistration === true)
      await this.connection.client.register(CodeLensRequest.type, options);
    if (textDocument?.inlayHint?.dynamicRegistration === true)
      await this.connection.client.register(InlayHintRequest.type, options);
  }

  /** Looks at all recipes again, after something became known of a model. */
  refresh(): void {
    const open = this.documents.all().filter(({ uri }) => isRecipe(uri));
    if (open.length === 0) return;
    for (const { uri } of open) this.announce(uri);
    const { workspace } = this.client;
    const ask = (type: typeof CodeLensRefreshRequest.type) =>
      void this.connection.sendRequest(type).catch((thrown: unknown) => {
        this.connection.console.warn(errorText(thrown));
      });
    if (workspace?.codeLens?.refreshSupport === true) ask(CodeLensRefreshRequest.type);
    if (workspace?.inlayHint?.refreshSupport === true) ask(InlayHintRefreshRequest.type);
  }

  /** What the rule at a place speaks of. */
  async hover(uri: string, position: Position): Promise<Hover | null> {
    const opened = await this.find(uri);
    if (opened?.subject == null) return null;
    const { document, tree, subject } = opened;
    const found = recipeHover(tree, subject, document.offsetAt(position));
    if (found === null) return null;
    return {
      contents: { kind: MarkupKind.Markdown, value: found.value },
      range: rangeOf(found.place, document),
    };
  }

  private announce(uri: string): void {
    if (!isRecipe(uri)) return;
    clearTimeout(this.timers.get(uri));
    this.timers.set(
      uri,
      setTimeout(() => {
        this.publish(uri).catch((thrown: unknown) => this.connection.console.error(errorText(thrown)));
      }, QUIET_MS),
    );
  }

  private async publish(uri: string): Promise<void> {
    const opened = await this.find(uri);
    // Of one that was closed meanwhile nobody would take them away again.
    if (opened === null || this.documents.get(uri) !== opened.document) return;
    const { document, tree, subject, missing } = opened;
    // An editor holds on to a recipe for a while after it was moved along with its model.
    if (!existsSync(fileURLToPath(uri))) {
      await this.connection.sendDiagnostics({ uri, diagnostics: [] });
      return;
    }
    const problems = [
      ...(missing === null ? [] : [noModelProblem(tree, missing)]),
      // What is no JSON the editor's own support of JSON says in the same words.
      ...recipeDiagnostics(tree, subject).filter(({ code }) => code !== 'syntax'),
    ];
    const diagnostics = problems.map((problem) => diagnosticOf(problem, document));
    await this.connection.sendDiagnostics({ uri, version: document.version, diagnostics });
  }

  private async completion(uri: string, position: Position): Promise<CompletionItem[]> {
    const opened = await this.find(uri);
    if (opened === null) return [];
    const { document, tree, subject } = opened;
    const offers = recipeCompletion(tree, subject, document.offsetAt(position));
    return offers.map(({ label, detail, kind, text, place, opensValue }, order) => ({
      label,
      detail,
      kind: itemKinds[kind],
      filterText: text,
      sortText: String(order).padStart(6, '0'),
      textEdit: { range: rangeOf(place, document), newText: opensValue ? `${text}: ` : text },
      ...(opensValue ? { command: { title: 'Choices', command: 'editor.action.triggerSuggest' } } : {}),
    }));
  }

  private async actions({ textDocument: { uri }, range }: CodeActionParams): Promise<CodeAction[]> {
    const opened = await this.find(uri);
    if (opened === null) return [];
    const { document, tree, subject } = opened;
    const at = { start: document.offsetAt(range.start), end: document.offsetAt(range.end) };
    return recipeActions(tree, subject, at).flatMap(
      ({ title, isPreferred, problem, edits }): CodeAction[] => {
        const changes = edits().map(({ offset, length, content }) => ({
          range: rangeOf({ start: offset, end: offset + length }, document),
          newText: content,
        }));
        if (changes.length === 0) return [];
        return [
          {
            ...{ title, isPreferred, kind: CodeActionKind.QuickFix, edit: { changes: { [uri]: changes } } },
            ...(problem === null ? {} : { diagnostics: [diagnosticOf(problem, document)] }),
          },
        ];
      },
    );
  }

  private async lenses(uri: string): Promise<CodeLens[]> {
    const opened = await this.find(uri);
    if (opened?.subject == null) return [];
    const { tree, subject, document } = opened;
    const range = rangeOf({ start: tree.root?.start ?? 0, end: tree.root?.start ?? 0 }, document);
    return recipeLenses(tree, subject).map(({ title, command }) => ({
      range,
      command: { title, command, arguments: [subject.model.path] },
    }));
  }

  private async inlays(uri: string, range: Range): Promise<InlayHint[]> {
    const opened = await this.find(uri);
    if (opened?.subject == null) return [];
    const { tree, subject, document } = opened;
    const within = { start: document.offsetAt(range.start), end: document.offsetAt(range.end) };
    return recipeInlays(tree, subject, within).map(({ offset, label }) => ({
      ...{ position: document.positionAt(offset), label, paddingLeft: true, kind: InlayHintKind.Type },
    }));
  }

  private async find(uri: string): Promise<Opened | null> {
    const document = this.documents.get(uri);
    if (document === undefined || !isRecipe(uri)) return null;
    const known = this.trees.get(document);
    const { version } = document;
    const tree = known?.version === version ? known.tree : recipeTree(document.getText());
    this.trees.set(document, { version, tree });
    return { document, tree, ...(await this.subject(uri, tree)) };
  }

  /** The model beside a recipe, with its last analysis. */
  private async subject(uri: string, { settings }: RecipeTree): Promise<Pick<Opened, 'subject' | 'missing'>> {
    const file = fileURLToPath(uri);
    const open = this.workspace.summaries().find(({ path }) => recipePathOf(path) === file);
    const said = settings.get('profile')?.said;
    const choice: ProfileChoice = profileChoices.find((profile) => profile === said) ?? 'auto';
    const path = open?.path ?? file.replace(/\.quant\.json$/, '.onnx');
    try {
      const project = await this.workspace.open(path);
      const report = await this.workspace.report(project);
      const known = this.subjects.get(uri);
      if (known?.project === project && known.choice === choice && known.subject.report === report)
        return { subject: known.subject, missing: null };
      const subject = await subjectOf(project, choice, report);
      this.subjects.set(uri, { project, choice, subject });
      return { subject, missing: null };
    } catch (thrown) {
      const name = baseName(path);
      const missing = existsSync(path)
        ? `${name} cannot be read: ${errorText(thrown)}`
        : `There is no ${name} beside this recipe.`;
      return { subject: null, missing };
    }
  }
}

async function subjectOf(
  project: Project,
  choice: ProfileChoice,
  report: RecipeSubject['report'],
): Promise<RecipeSubject> {
  const { model, layers, operators, profile } = await project.ruled.of(choice);
  const target = profiles[profile];
  return recipeSubject(
    project.summary,
    {
      profile,
      layers: layers.map((layer) => ({
        name: layer.name,
        opType: layer.opType,
        choices: choicesOf(layer, target, model.graph),
      })),
      operators: operators.map(({ name, opType }) => ({ name, opType, choices: operatorChoices })),
      tensors: tensorsOf(layers, operators),
    },
    report,
  );
}

function isRecipe(uri: string): boolean {
  return uri.startsWith('file:') && uri.endsWith('.quant.json');
}

function rangeOf({ start, end }: Place, document: TextDocument): Range {
  return { start: document.positionAt(start), end: document.positionAt(end) };
}

function diagnosticOf({ place, severity, code, message }: RecipeProblem, document: TextDocument): Diagnostic {
  return {
    ...{ range: rangeOf(place, document), severity: severities[severity], code, message },
    source: 'Quantscope',
    ...(severity === 'unused' ? { tags: [DiagnosticTag.Unnecessary] } : {}),
  };
}
