import type { Node } from 'jsonc-parser';
import { describeParseError, parseText, type ParsedText } from '../../recipe/parseRecipe';
import type { Place } from '../textFeatures';

/** A rule or a clip as it is written; `choice` is `null` where no text stands behind its key. */
export interface WrittenRule {
  match: string;
  /** With its quotes. */
  key: Place;
  value: Place | null;
  choice: string | null;
  /** From the key to the end of the value. */
  whole: Place;
}

export interface WrittenSetting {
  key: Place;
  value: Place;
  /** `null` for what is no text. */
  said: string | null;
}

/** A recipe's text as it stands, however broken: what can be made out of it. It is made once for a version of the text. */
export interface RecipeTree {
  text: string;
  /** What the parser made of it; `null` where it is nested too deeply. */
  parsed: ParsedText | null;
  errors: { message: string; place: Place }[];
  /** The whole object; `null` when there is none. */
  root: Place | null;
  settings: Map<string, WrittenSetting>;
  layers: WrittenRule[];
  operators: WrittenRule[];
  clips: WrittenRule[];
}

const placeOf = ({ offset, length }: Node): Place => ({ start: offset, end: offset + length });

function rulesOf(node: Node | undefined): WrittenRule[] {
  if (node?.type !== 'object') return [];
  return (node.children ?? []).flatMap((property): WrittenRule[] => {
    const [key, value] = property.children ?? [];
    if (key === undefined) return [];
    return [
      {
        match: String(key.value),
        key: placeOf(key),
        value: value === undefined ? null : placeOf(value),
        choice: value?.type === 'string' ? String(value.value) : null,
        whole: { start: key.offset, end: (value ?? key).offset + (value ?? key).length },
      },
    ];
  });
}

/** Reads a recipe that is being written; never throws. */
export function recipeTree(text: string): RecipeTree {
  const none = { layers: [], operators: [], clips: [] };
  const empty = { text, root: null, settings: new Map<string, WrittenSetting>(), ...none };
  const parsed = parseText(text);
  const { root, deepAt } = parsed;
  if (deepAt !== null) {
    const place = { start: deepAt, end: deepAt + 1 };
    return { ...empty, parsed: null, errors: [{ message: 'Nested too deeply.', place }] };
  }
  const found = parsed.errors.map((error) => ({
    message: `${describeParseError(error)}.`,
    // Where something is missing there is nothing to underline but what stands before.
    place: {
      start: Math.min(error.offset, Math.max(0, text.length - 1)),
      end: error.offset + Math.max(1, error.length),
    },
  }));
  if (root?.type !== 'object') return { ...empty, parsed, errors: found };
  const nodes = new Map<string, Node>();
  const settings = new Map<string, WrittenSetting>();
  for (const { children } of root.children ?? []) {
    const [key, value] = children ?? [];
    if (key === undefined || value === undefined) continue;
    const name = String(key.value);
    nodes.set(name, value);
    const said = value.type === 'string' ? String(value.value) : null;
    settings.set(name, { key: placeOf(key), value: placeOf(value), said });
  }
  return {
    ...{ text, parsed, errors: found, root: placeOf(root), settings },
    layers: rulesOf(nodes.get('layers')),
    operators: rulesOf(nodes.get('operators')),
    clips: rulesOf(nodes.get('clips')),
  };
}
