/** What a name in the text stands for. */
export interface Entity {
  kind: 'input' | 'initializer' | 'tensor' | 'node' | 'function';
  name: string;
  /** The name with the path of the bodies around it, as the analysis calls a node in a body. */
  path: string;
  /** A tensor's type as printed, a node's operator; empty where the model declares none. */
  type: string;
  /** Where the name is defined, in UTF-16 code units; `null` for a name that nothing defines. */
  definition: { start: number; end: number } | null;
  /** The node that makes the tensor. */
  producer: Entity | null;
  /** Nodes that read the tensor, those in bodies included; in the text's order, once each. */
  consumers: Set<Entity>;
  /** Every other place of the name, in the text's order. */
  references: { start: number; end: number }[];
}

/** One place of a name. */
export interface NameSpan {
  start: number;
  end: number;
  entity: Entity;
}

export type SymbolKind =
  'graph' | 'group' | 'input' | 'initializer' | 'node' | 'output' | 'body' | 'function';

/** An entry of the outline. */
export interface TextSymbol {
  kind: SymbolKind;
  name: string;
  detail: string;
  start: number;
  end: number;
  /** The name within it. */
  nameStart: number;
  nameEnd: number;
  children: TextSymbol[];
}

/** A model in ONNX's textual syntax, and what stands where. Places are UTF-16 code units from the start. */
export interface ModelText {
  text: string;
  /** In the text's order; they do not overlap. */
  names: NameSpan[];
  symbols: TextSymbol[];
  /** What can be folded: from the end of one line to before another. */
  folds: { start: number; end: number }[];
}

/** The name that holds this place, or that ends there. */
export function nameSpanAt(names: readonly NameSpan[], offset: number): NameSpan | undefined {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((names[middle]?.end ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  const found = names[low];
  return found !== undefined && found.start <= offset ? found : undefined;
}
