import { parseTree, findNodeAtLocation, type Edit, type Node, type ParseError } from 'jsonc-parser';
import { PartIndex, type Part } from './partIndex';
import { tooDeepAt } from '../parseJson';
import type { LayerChoice, RemedyName, WeightGranularity } from '../protocol/choices';

/** What a user decided of parts of a model, all in one. */
export interface RuleDecision {
  part: 'layers' | 'operators' | 'clips';
  /** Layers, operators or tensors by name. */
  keys: readonly string[];
  /** `null` leaves them open: their own rules go, and where a type or a pattern decides them yet, `auto` takes it back. */
  value: LayerChoice | number | null;
  /** The parts that the key of a rule speaks of as a type or a pattern, which comes before rules for names; `null` for a name. */
  partsOf: (key: string) => readonly string[] | null;
  /** Whether `partsOf` knows all that the model has: a rule that decides nothing but `keys` says `auto` itself then. */
  knowsAll: boolean;
}

/** What a user decided of the whole network; `null` takes the key out. */
export type NetworkKeyDecision =
  | { part: 'remedies'; value: readonly RemedyName[] | null }
  | { part: 'weights'; value: WeightGranularity | null }
  | { part: 'data'; value: string | null };

export type RecipeDecision = RuleDecision | NetworkKeyDecision;

/** What rules speak of in a model that has these parts. */
export function partsIn(parts: readonly Part[]): RuleDecision['partsOf'] {
  return partsAt(new PartIndex(parts));
}

/** As {@link partsIn}, of parts that were indexed before. */
export function partsAt(index: PartIndex<Part>): RuleDecision['partsOf'] {
  return (key) => {
    const { parts, by } = index.find(key);
    return by === 'name' ? null : parts.map(({ name }) => name);
  };
}

/** A new recipe that decides nothing yet. */
export function emptyRecipe(hash: string | null): string {
  const model = hash === null ? '' : `  "model": ${JSON.stringify(hash)},\n`;
  return `{\n  // Of rules that speak of the same layer, the last one counts.\n  "version": 1,\n${model}  "layers": {\n  }\n}\n`;
}

/** Whether `at` is followed by a comma, with nothing but blanks and comments between, and where that ends. */
function commaAfter(text: string, at: number): number | null {
  const found = /^(?:\s|\/\/[^\n]*|\/\*[^]*?\*\/)*,/.exec(text.slice(at));
  return found === null ? null : at + found[0].length;
}

function rulesOf(layers: Node): { name: string; property: Node; value: Node }[] {
  return (layers.children ?? []).flatMap((property) => {
    const [key, value] = property.children ?? [];
    return key === undefined || value === undefined ? [] : [{ name: String(key.value), property, value }];
  });
}

/** Takes a rule out, with its line where nothing else is on it. */
function removal(text: string, { offset, length }: Pick<Node, 'offset' | 'length'>): Edit[] {
  const end = commaAfter(text, offset + length);
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  const stop = end ?? offset + length;
  const lineEnd = text.indexOf('\n', stop);
  const isAlone =
    text.slice(lineStart, offset).trim() === '' && lineEnd >= 0 && /^\s*$/.test(text.slice(stop, lineEnd));
  return isAlone
    ? [{ offset: lineStart, length: lineEnd + 1 - lineStart, content: '' }]
    : [{ offset, length: stop - offset, content: '' }];
}

/** Puts rules behind all others, where they count; comments stay with the lines that they are on. */
function additions(text: string, layers: Node, left: Node[], added: readonly string[]): Edit[] {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const last = left.at(-1);
  const brace = layers.offset + layers.length - 1;
  const end = last === undefined ? layers.offset + 1 : last.offset + last.length;
  const isFollowed = last !== undefined && commaAfter(text, end) !== null;
  const final = layers.children?.at(-1);
  const trailing = final !== undefined && commaAfter(text, final.offset + final.length) !== null;
  const indentAt = (offset: number) =>
    /^[\t ]*/.exec(text.slice(text.lastIndexOf('\n', offset - 1) + 1))?.[0] ?? '';
  const outer = indentAt(layers.offset);
  const indent =
    last !== undefined && indentAt(last.offset) !== outer
      ? indentAt(last.offset)
      : outer + (outer.includes('\t') ? '\t' : '  ');
  const at = layers.offset + 1 + text.slice(layers.offset + 1, brace).trimEnd().length;
  const isBraceOnLine = !text.slice(at, brace).includes('\n');
  const lines = added.map((line) => `${eol}${indent}${line}`).join(',');
  const content = `${lines}${trailing ? ',' : ''}${isBraceOnLine ? `${eol}${outer}` : ''}`;
  const comma = last === undefined || isFollowed ? [] : [{ offset: end, length: 0, content: ',' }];
  return [...comma, { offset: at, length: 0, content }];
}

/**
 * The edits that make a recipe decide parts of a model or something of the whole network, or say nothing of it any more. All else,
 * comments and order with it, stays as it is.
 * @returns edits of the text as it is, in its order; `null` where it is no recipe that could be edited
 */
export function decideInRecipe(text: string, decision: RecipeDecision): Edit[] | null {
  if (tooDeepAt(text) !== null) return null;
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  return errors.length > 0 || root === undefined ? null : decideInTree(text, root, decision);
}

/**
 * As {@link decideInRecipe}, of a text that is parsed already.
 * @param root of the text, which has no errors
 */
export function decideInTree(text: string, root: Node, decision: RecipeDecision): Edit[] | null {
  if (root.type !== 'object') return null;
  const section = findNodeAtLocation(root, [decision.part]);
  if ('keys' in decision) return ruleEdits(text, root, section, decision);
  const { part, value } = decision;
  if (section === undefined) {
    const written = Array.isArray(value) ? listText(value) : JSON.stringify(value);
    return value === null ? [] : additions(text, root, root.children ?? [], [`"${part}": ${written}`]);
  }
  if (value === null) return removal(text, section.parent ?? section);
  if (part === 'remedies') return section.type === 'array' ? listEdits(text, section, value) : null;
  return [{ offset: section.offset, length: section.length, content: JSON.stringify(value) }];
}

function listText(words: readonly string[]): string {
  return `[${words.map((word) => JSON.stringify(word)).join(', ')}]`;
}

/** Leaves a list only these words: those that it has stay where they are, the others come behind them. */
function listEdits(text: string, list: Node, words: readonly string[]): Edit[] {
  const items = list.children ?? [];
  const wanted = new Set(words);
  const known = new Set(items.map((item) => String(item.value)));
  const left = items.filter((item) => wanted.has(String(item.value))).map((item) => String(item.value));
  const added = words.filter((word) => !known.has(word));
  if (left.length === items.length && added.length === 0) return [];
  const { offset, length } = list;
  if (!/\n|\/[/*]/.test(text.slice(offset, offset + length)))
    return [{ offset, length, content: listText([...left, ...added]) }];
  // What comes takes the place of what goes, as far as there are as many of both.
  const gone = items.filter((item) => !wanted.has(String(item.value)));
  const written = added.map((word) => JSON.stringify(word));
  const replaced = gone
    .slice(0, written.length)
    .map((item, i): Edit => ({ offset: item.offset, length: item.length, content: written[i] ?? '' }));
  const more = written.slice(gone.length);
  return inOrder([
    ...replaced,
    ...gone.slice(written.length).flatMap((item) => removal(text, item)),
    ...(more.length === 0 ? [] : additions(text, list, items, more)),
  ]);
}

function inOrder(edits: Edit[]): Edit[] {
  return edits.sort((a, b) => a.offset - b.offset || a.length - b.length);
}

type Rule = ReturnType<typeof rulesOf>[number];

/**
 * How parts are left open that types and patterns decide: by saying `auto` in rules that decide nothing else, and in own ones for the
 * other parts.
 */
function leftOpen(
  rules: readonly Rule[],
  decided: ReadonlySet<string>,
  { partsOf, knowsAll }: RuleDecision,
): { wide: ReadonlySet<Rule>; own: ReadonlySet<string> } {
  const wide = new Set<Rule>();
  const own = new Set<string>();
  const settled = new Set<string>();
  for (const rule of [...rules].reverse()) {
    if (decided.has(rule.name)) continue;
    const left = (partsOf(rule.name) ?? [rule.name]).filter((name) => !settled.has(name));
    for (const name of left) settled.add(name);
    const open = left.filter((name) => decided.has(name));
    if (open.length === 0 || rule.value.value === 'auto') continue;
    if (knowsAll && open.length === left.length) wide.add(rule);
    else for (const name of open) own.add(name);
  }
  return { wide, own };
}

function ruleEdits(
  text: string,
  root: Node,
  section: Node | undefined,
  decision: RuleDecision,
): Edit[] | null {
  const { part, keys, value: wanted, partsOf } = decision;
  if (section === undefined) return wanted === null ? [] : addSection(text, root, part, keys, wanted);
  if (section.type !== 'object') return null;
  const rules = rulesOf(section);
  const decided = new Set(keys);
  const lastPattern = rules.findLastIndex(({ name }) => partsOf(name) !== null && !decided.has(name));
  const open = wanted === null ? leftOpen(rules, decided, decision) : null;
  const edits: Edit[] = [...(open?.wide ?? [])].map(({ value: { offset, length } }) => ({
    ...{ offset, length, content: '"auto"' },
  }));
  const kept = new Set(rules.map(({ property }) => property));
  const added: string[] = [];
  const places = new Map(rules.map(({ name }, at) => [name, at]));
  for (const key of decided) {
    const value = wanted ?? (open?.own.has(key) === true ? 'auto' : null);
    const at = places.get(key) ?? -1;
    const rule = rules[at];
    if (rule !== undefined && value !== null && at > lastPattern) {
      const { offset, length } = rule.value;
      edits.push({ offset, length, content: JSON.stringify(value) });
      continue;
    }
    if (rule !== undefined) {
      edits.push(...removal(text, rule.property));
      kept.delete(rule.property);
    }
    if (value !== null) added.push(`${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  }
  const left = rules.map(({ property }) => property).filter((property) => kept.has(property));
  if (added.length > 0) edits.push(...additions(text, section, left, added));
  return inOrder(edits);
}

function addSection(
  text: string,
  root: Node,
  part: string,
  keys: readonly string[],
  value: LayerChoice | number,
): Edit[] {
  const lines = keys.map((key) => `    ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  return additions(text, root, root.children ?? [], [`"${part}": {\n${lines.join(',\n')}\n  }`]);
}

/** The data that a recipe names, however broken the rest of it; `null` where it names none, and for another tool's file. */
export function dataIn(text: string): string | null {
  if (tooDeepAt(text) !== null) return null;
  const root = parseTree(text, [], { allowTrailingComma: true });
  const valueOf = (key: string): unknown => root && findNodeAtLocation(root, [key])?.value;
  const data = valueOf('data');
  return typeof data === 'string' && typeof valueOf('version') === 'number' ? data : null;
}

/** The edits that take rules out of a recipe. */
export function removeRules(text: string, places: readonly { start: number; end: number }[]): Edit[] {
  return places.flatMap(({ start, end }) => removal(text, { offset: start, length: end - start }));
}
