import { quoteName } from './quoteText';
import type { Entity, ModelText, NameSpan, SymbolKind, TextSymbol } from './textIndex';

/** Names that are visible in one graph or function; what is not found here may be in the one around it. */
export class Scope {
  readonly names = new Map<string, Entity>();

  constructor(
    readonly outer: Scope | null,
    /** Path of the nodes and attributes that hold this body; empty in the graph itself. */
    readonly path: string,
  ) {}

  find(name: string): Entity | undefined {
    return this.names.get(name) ?? this.outer?.find(name);
  }
}

/** A place of a tensor's name whose meaning is looked up when all of the graph is there. */
interface Use {
  start: number;
  end: number;
  name: string;
  scope: Scope;
  consumer: Entity | null;
}

/** Collects text, and notes which name stands where. */
export class TextWriter {
  private readonly parts: string[] = [];
  private readonly uses: Use[] = [];
  private readonly names: NameSpan[] = [];
  private readonly folds: { start: number; end: number }[] = [];
  private indent = '';
  offset = 0;

  write(text: string): void {
    this.parts.push(text);
    this.offset += text.length;
  }

  /** Text that may hold line ends, which get this place's indentation. */
  writeLines(text: string): void {
    this.write(text.replaceAll('\n', `\n${this.indent}`));
  }

  newLine(): void {
    this.write(`\n${this.indent}`);
  }

  /** What `write` writes stands one step further in; the whole, from `start`, can be folded. */
  indented(start: number, write: () => void): void {
    const { indent } = this;
    this.indent = `${indent}  `;
    write();
    this.indent = indent;
    this.newLine();
    this.folds.push({ start, end: this.offset });
  }

  /** Writes a tensor's name where it is defined. */
  define(scope: Scope, kind: Entity['kind'], name: string, type: string, producer: Entity | null): void {
    const entity = this.declare(scope, name);
    Object.assign(entity, { kind, producer, type: type === '' ? entity.type : type });
    // An initializer that is an input too is looked for with its values; the earlier place becomes a reference.
    const span = this.writeName(name);
    entity.definition = span;
    if (name !== '') this.uses.push({ ...span, name, scope, consumer: null });
  }

  /** Notes what a declaration says of a tensor that is defined elsewhere in this graph. */
  declareType(scope: Scope, name: string, type: string): void {
    const entity = this.declare(scope, name);
    if (entity.type === '') entity.type = type;
  }

  private declare(scope: Scope, name: string): Entity {
    const known = scope.names.get(name);
    if (known !== undefined) return known;
    const entity = makeEntity('tensor', name, name, '');
    // A name left out is no tensor.
    if (name !== '') scope.names.set(name, entity);
    return entity;
  }

  /** Writes a tensor's name where it is used. */
  use(scope: Scope, name: string, consumer: Entity | null): void {
    const span = this.writeName(name);
    if (name !== '') this.uses.push({ ...span, name, scope, consumer });
  }

  /** Writes the name of an entity that is known already: a node, or a function. */
  place(entity: Entity, role: 'definition' | 'reference', quote = quoteName): void {
    const start = this.offset;
    this.write(quote(entity.name));
    const span = { start, end: this.offset };
    if (role === 'definition') entity.definition = span;
    else entity.references.push(span);
    this.names.push({ ...span, entity });
  }

  private writeName(name: string): { start: number; end: number } {
    const start = this.offset;
    this.write(quoteName(name));
    return { start, end: this.offset };
  }

  /** Starts an entry of the outline; its name is what was or will be written at `start`. */
  symbol(kind: SymbolKind, name: string, detail: string, start = this.offset): TextSymbol {
    return { kind, name, detail, start, end: start, nameStart: start, nameEnd: start, children: [] };
  }

  close(symbol: TextSymbol): void {
    symbol.end = this.offset;
  }

  /** @param symbols the outermost entries of the outline */
  finish(symbols: TextSymbol[]): ModelText {
    const unknown = new Map<string, Entity>();
    for (const { start, end, name, scope, consumer } of this.uses) {
      let entity = scope.find(name) ?? unknown.get(name);
      if (entity === undefined) unknown.set(name, (entity = makeEntity('tensor', name, name, '')));
      if (entity.definition?.start !== start) entity.references.push({ start, end });
      if (consumer !== null) entity.consumers.add(consumer);
      this.names.push({ start, end, entity });
    }
    this.names.sort((a, b) => a.start - b.start);
    return { text: this.parts.join(''), names: this.names, symbols, folds: this.folds };
  }
}

export function makeEntity(kind: Entity['kind'], name: string, path: string, type: string): Entity {
  return {
    kind,
    name,
    path,
    type,
    definition: null,
    producer: null,
    consumers: new Set(),
    references: [],
  };
}
