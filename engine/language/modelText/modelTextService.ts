import {
  FoldingRangeKind,
  MarkupKind,
  SymbolKind,
  type Connection,
  type DocumentSymbol,
  type FoldingRange,
  type Hover,
  type Location,
  type Position,
  type Range,
  type TextDocuments,
} from 'vscode-languageserver/node';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { hoverText } from '../hover/layerHover';
import { quantizedHover } from '../hover/quantizedHover';
import { definitionAt, entityHover, referencesAt, type Place } from '../textFeatures';
import { readModelFile } from '../../onnx/file/readModel';
import { printModel } from '../../onnx/text/printModel';
import { nameSpanAt, type ModelText, type TextSymbol } from '../../onnx/text/textIndex';
import type { Workspace } from '../../project/workspace';

const symbolKinds: Record<TextSymbol['kind'], SymbolKind> = {
  graph: SymbolKind.Module,
  group: SymbolKind.Array,
  input: SymbolKind.Field,
  initializer: SymbolKind.Constant,
  node: SymbolKind.Operator,
  output: SymbolKind.Property,
  body: SymbolKind.Namespace,
  function: SymbolKind.Function,
};

interface Printed extends ModelText {
  path: string;
}

/** Models shown as text, and what the editor asks about them. */
export class TextService {
  private readonly printed = new Map<string, Printed>();

  constructor(
    private readonly documents: TextDocuments<TextDocument>,
    private readonly workspace: Workspace,
  ) {
    documents.onDidClose(({ document }) => this.printed.delete(document.uri));
  }

  /**
   * The model's text as it is on disk now.
   * @param uri of the document that will show it
   * @throws EngineError `not-found` or `bad-model`
   */
  async print(path: string, uri: string): Promise<string> {
    const { model } = await readModelFile(path);
    const printed = { ...printModel(model), path };
    this.printed.set(uri, printed);
    return printed.text;
  }

  /** Registers all but hovers, which the server asks of {@link hover}. */
  listen(connection: Connection): void {
    connection.onDocumentSymbol(({ textDocument: { uri } }) => {
      const shown = this.find(uri);
      return shown?.model.symbols.map((symbol) => symbolOf(symbol, shown.document)) ?? null;
    });
    connection.onFoldingRanges(({ textDocument: { uri } }) => {
      const shown = this.find(uri);
      return shown?.model.folds.flatMap((fold) => foldOf(fold, shown.document)) ?? null;
    });
    connection.onDefinition(({ textDocument: { uri }, position }): Location | null => {
      const shown = this.find(uri);
      if (shown === undefined) return null;
      const place = definitionAt(shown.model, shown.document.offsetAt(position));
      return place === null ? null : { uri, range: rangeOf(place, shown.document) };
    });
    connection.onReferences(({ textDocument: { uri }, position, context }): Location[] | null => {
      const shown = this.find(uri);
      if (shown === undefined) return null;
      const places = referencesAt(shown.model, shown.document.offsetAt(position), context.includeDeclaration);
      return places.map((place) => ({ uri, range: rangeOf(place, shown.document) }));
    });
  }

  /** What is known of the name at a place: what was measured, and what the text says. */
  async hover(uri: string, position: Position): Promise<Hover | null> {
    const shown = this.find(uri);
    if (shown === undefined) return null;
    const { model, document } = shown;
    const span = nameSpanAt(model.names, document.offsetAt(position));
    if (span === undefined) return null;
    const { entity } = span;
    const name = entity.kind === 'node' ? entity.path : entity.name;
    const measured = await this.measured(model.path, name);
    const value = [entityHover(entity), ...measured].join('\n\n---\n\n');
    return { contents: { kind: MarkupKind.Markdown, value }, range: rangeOf(span, document) };
  }

  private async measured(path: string, name: string): Promise<string[]> {
    try {
      const project = await this.workspace.open(path);
      const report = await this.workspace.report(project);
      const known = [
        report === null ? null : hoverText(name, [report]),
        quantizedHover(name, [project.summary]),
      ];
      return known.filter((part) => part !== null);
    } catch {
      // A model that cannot be analyzed can still be read; its editor says what is wrong with it.
      return [];
    }
  }

  /** The document and its index, unless the two differ while a changed file is on its way. */
  private find(uri: string): { model: Printed; document: TextDocument } | undefined {
    const model = this.printed.get(uri);
    const document = this.documents.get(uri);
    if (model === undefined || document?.getText() !== model.text) return undefined;
    return { model, document };
  }
}

function rangeOf({ start, end }: Place, document: TextDocument): Range {
  return { start: document.positionAt(start), end: document.positionAt(end) };
}

function symbolOf(symbol: TextSymbol, document: TextDocument): DocumentSymbol {
  return {
    // The protocol forbids blank names.
    name: symbol.name.trim() === '' ? symbol.kind : symbol.name,
    detail: symbol.detail,
    kind: symbolKinds[symbol.kind],
    range: rangeOf(symbol, document),
    selectionRange: rangeOf({ start: symbol.nameStart, end: symbol.nameEnd }, document),
    children: symbol.children.map((child) => symbolOf(child, document)),
  };
}

function foldOf({ start, end }: Place, document: TextDocument): FoldingRange[] {
  const startLine = document.positionAt(start).line;
  const endLine = document.positionAt(end).line - 1;
  return endLine > startLine ? [{ startLine, endLine, kind: FoldingRangeKind.Region }] : [];
}
