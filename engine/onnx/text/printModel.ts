import type { FunctionProto, GraphProto, NodeProto, OperatorSetIdProto, ValueInfoProto } from 'onnx-buf';
import type { Model } from '../graph/model';
import { commentText, quoteDotted, quoteName, quoteText } from './quoteText';
import { attributeText, bodiesOf } from './attributeText';
import { tensorType, tensorValues } from './tensorText';
import type { Entity, ModelText, TextSymbol } from './textIndex';
import { makeEntity, Scope, TextWriter } from './textWriter';
import { typeText } from './typeText';

/** Inputs or outputs up to this number stand on one line. */
const MAX_ON_A_LINE = 4;

/**
 * A model in ONNX's textual syntax (onnx/docs/Syntax.md), as onnx.printer writes it, but for this: long tensors and
 * lists show their first values, control characters are escaped, and what the syntax has no form for (sparse
 * tensors, values of 4 bits or less) is a comment. The same model always gives the same text.
 */
export function printModel(model: Model): ModelText {
  return new ModelPrinter(model).print();
}

function functionKey(domain: string, name: string, overload: string): string {
  return JSON.stringify([domain, name, overload]);
}

class ModelPrinter {
  private readonly out = new TextWriter();
  private readonly functions = new Map<string, Entity>();

  constructor(private readonly model: Model) {
    for (const { domain, name, overload } of model.functions) {
      const key = functionKey(domain, name, overload);
      this.functions.set(key, makeEntity('function', name, name, domain));
    }
  }

  print(): ModelText {
    const { model, out } = this;
    this.header();
    out.write('\n');
    const symbols = [this.graph(model.graph, new Scope(null, ''), 'graph')];
    for (const each of model.functions) {
      out.write('\n\n');
      symbols.push(this.function(each));
    }
    out.write('\n');
    return out.finish(symbols);
  }

  private header(): void {
    const { model } = this;
    const properties = model.metadataProps.map(({ key, value }) => `${quoteText(key)}: ${quoteText(value)}`);
    this.properties([
      `ir_version: ${model.irVersion}`,
      `opset_import: ${opsetsText(model.opsetImport)}`,
      ...textProperty('producer_name', model.producerName),
      ...textProperty('producer_version', model.producerVersion),
      ...textProperty('domain', model.domain),
      ...(model.modelVersion === 0n ? [] : [`model_version: ${model.modelVersion}`]),
      ...textProperty('doc_string', model.docString),
      ...(properties.length === 0 ? [] : [`metadata_props: [${properties.join(', ')}]`]),
    ]);
  }

  private properties(lines: string[]): void {
    const { out } = this;
    const start = out.offset;
    out.write('<');
    out.indented(start, () => {
      lines.forEach((line, i) => {
        out.newLine();
        out.write(`${line}${i < lines.length - 1 ? ',' : ''}`);
      });
    });
    out.write('>');
  }

  private graph(graph: GraphProto, scope: Scope, kind: 'graph' | 'body', title = graph.name): TextSymbol {
    const { out } = this;
    const symbol = out.symbol(kind, title, '');
    // The parser wants a name.
    out.write(graph.name === '' ? '_' : quoteName(graph.name));
    symbol.nameEnd = out.offset;
    out.write(' ');
    for (const { name, type } of [...graph.input, ...graph.valueInfo, ...graph.output]) {
      const text = typeText(type);
      if (text !== '' && name !== '') out.declareType(scope, name, text);
    }
    this.list(graph.input, (input) => this.valueInfo(input, scope, 'input', symbol));
    out.write(' => ');
    this.list(graph.output, (output) => this.valueInfo(output, scope, 'output', symbol));
    out.write(' ');
    this.initializers(graph, scope, symbol);
    this.nodes(graph.node, scope, symbol);
    out.close(symbol);
    return symbol;
  }

  private list<T>(items: T[], write: (item: T) => void): void {
    const { out } = this;
    const start = out.offset;
    const apart = items.length > MAX_ON_A_LINE;
    const writeAll = () => {
      items.forEach((item, i) => {
        if (i > 0) out.write(apart ? ',' : ', ');
        if (apart) out.newLine();
        write(item);
      });
    };
    out.write('(');
    if (apart) out.indented(start, writeAll);
    else writeAll();
    out.write(')');
  }

  private valueInfo(
    { name, type }: ValueInfoProto,
    scope: Scope,
    role: 'input' | 'output' | 'declaration',
    parent: TextSymbol | null,
  ): void {
    const { out } = this;
    const text = typeText(type);
    const symbol = role === 'declaration' ? null : out.symbol(role, name, text);
    if (text !== '') out.write(`${text} `);
    const start = out.offset;
    if (role === 'input') out.define(scope, 'input', name, text, null);
    else out.use(scope, name, null);
    if (symbol === null || parent === null) return;
    Object.assign(symbol, { nameStart: start, nameEnd: out.offset, end: out.offset });
    parent.children.push(symbol);
  }

  private initializers(graph: GraphProto, scope: Scope, parent: TextSymbol): void {
    const { out } = this;
    const declared = graph.valueInfo;
    const sparse = graph.sparseInitializer;
    if (graph.initializer.length + declared.length + sparse.length === 0) return;
    const group = out.symbol('group', 'initializers', String(graph.initializer.length));
    out.write('<');
    group.nameEnd = out.offset;
    const last = graph.initializer.length + declared.length - 1;
    out.indented(group.start, () => {
      graph.initializer.forEach((tensor, i) => {
        out.newLine();
        const type = tensorType(tensor);
        const symbol = out.symbol('initializer', tensor.name, type);
        out.write(`${type} `);
        symbol.nameStart = out.offset;
        out.define(scope, 'initializer', tensor.name, type, null);
        symbol.nameEnd = out.offset;
        out.write(' = ');
        out.writeLines(tensorValues(tensor));
        if (i < last) out.write(',');
        out.close(symbol);
        group.children.push(symbol);
      });
      declared.forEach((each, i) => {
        out.newLine();
        this.valueInfo(each, scope, 'declaration', null);
        if (graph.initializer.length + i < last) out.write(',');
      });
      for (const { values, dims } of sparse) {
        out.newLine();
        const name = values?.name ?? '';
        if (name !== '') out.declareType(scope, name, `sparse [${dims.join(',')}]`);
        out.write(commentText(`sparse initializer ${name} [${dims.join(',')}]`));
      }
    });
    out.write('> ');
    out.close(group);
    if (group.children.length > 0) parent.children.push(group);
  }

  private nodes(nodes: NodeProto[], scope: Scope, parent: TextSymbol): void {
    const { out } = this;
    const start = out.offset;
    out.write('{');
    out.indented(start, () => {
      for (const node of nodes) {
        out.newLine();
        parent.children.push(this.node(node, scope));
      }
    });
    out.write('}');
  }

  private node(node: NodeProto, scope: Scope): TextSymbol {
    const { out } = this;
    const path = scope.path === '' ? node.name : `${scope.path}/${node.name}`;
    const entity = makeEntity('node', node.name, path, node.opType);
    const symbol = out.symbol('node', node.name || (node.output[0] ?? node.opType), node.opType);
    symbol.nameEnd = symbol.start;
    if (node.name !== '') {
      out.write('[');
      symbol.nameStart = out.offset;
      out.place(entity, 'definition');
      symbol.nameEnd = out.offset;
      out.write('] ');
    } else {
      entity.name = node.output.find((o) => o !== '') ?? node.opType;
      entity.definition = { start: out.offset, end: out.offset };
    }
    node.output.forEach((name, i) => {
      if (i > 0) out.write(', ');
      out.define(scope, 'tensor', name, '', entity);
    });
    out.write(' = ');
    if (node.domain !== '') out.write(`${quoteDotted(node.domain)}.`);
    const called = this.functions.get(functionKey(node.domain, node.opType, node.overload));
    if (called === undefined) out.write(quoteName(node.opType));
    else out.place(called, 'reference');
    if (node.overload !== '') out.write(`:${quoteName(node.overload)}`);
    const bodies = node.attribute.some((a) => bodiesOf(a).length > 0);
    if (!bodies) this.attributes(node, scope, symbol);
    out.write(' (');
    node.input.forEach((name, i) => {
      if (i > 0) out.write(', ');
      out.use(scope, name, entity);
    });
    out.write(')');
    // As onnx.printer does: what a body reads follows the node's own inputs.
    if (bodies) this.attributes(node, scope, symbol);
    out.close(symbol);
    return symbol;
  }

  private attributes({ attribute, name }: NodeProto, scope: Scope, parent: TextSymbol): void {
    const { out } = this;
    if (attribute.length === 0) return;
    out.write(' <');
    attribute.forEach((each, i) => {
      if (i > 0) out.write(', ');
      const bodies = bodiesOf(each);
      if (bodies.length === 0) {
        out.writeLines(attributeText(each));
        return;
      }
      const several = each.g === undefined;
      out.write(`${quoteName(each.name)}${several ? ': graphs = [' : ' = '}`);
      const path = [scope.path, name, each.name].filter((part) => part !== '').join('/');
      bodies.forEach((body, j) => {
        if (j > 0) out.write(', ');
        parent.children.push(this.graph(body, new Scope(scope, path), 'body', each.name));
      });
      if (several) out.write(']');
    });
    out.write('>');
  }

  private function(each: FunctionProto): TextSymbol {
    const { out } = this;
    const symbol = out.symbol('function', each.name, each.domain);
    this.properties([
      `domain: ${quoteText(each.domain)}`,
      ...textProperty('overload', each.overload),
      `opset_import: ${opsetsText(each.opsetImport)}`,
      ...textProperty('doc_string', each.docString),
    ]);
    out.write('\n');
    const entity = this.functions.get(functionKey(each.domain, each.name, each.overload));
    symbol.nameStart = out.offset;
    if (entity !== undefined) out.place(entity, 'definition');
    symbol.nameEnd = out.offset;
    out.write(' ');
    const attributes = [...each.attribute.map(quoteName), ...each.attributeProto.map(attributeText)];
    if (attributes.length > 0) out.writeLines(`<${attributes.join(', ')}> `);
    const scope = new Scope(null, each.name);
    this.list(each.input, (name) => out.define(scope, 'input', name, '', null));
    out.write(' => ');
    this.list(each.output, (name) => out.use(scope, name, null));
    out.write(' ');
    this.nodes(each.node, scope, symbol);
    out.close(symbol);
    return symbol;
  }
}

function textProperty(name: string, value: string): string[] {
  return value === '' ? [] : [`${name}: ${quoteText(value)}`];
}

function opsetsText(opsets: OperatorSetIdProto[]): string {
  return `[${opsets.map(({ domain, version }) => `${quoteText(domain)} : ${version}`).join(', ')}]`;
}
