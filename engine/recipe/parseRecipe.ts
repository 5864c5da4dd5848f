import { dirname, resolve } from 'node:path';
import { getNodeValue, parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser';
import { EngineError, errorText } from '../shared/engineError';
import { isSynthetic } from '../data/openSynthetic';
import { presetNames } from '../data/manifest/presets';
import { baseName } from '../shared/format';
import { TOO_DEEP, tooDeepAt } from '../shared/parseJson';
import { readRegularFile, UnreadableFile } from '../common/readRegularFile';
import { RECIPE_VERSION, type Recipe, type RecipeRule } from '../shared/protocol/recipe';
import type {
  Decisions,
  LayerChoice,
  OperatorChoice,
  ProfileChoice,
  RemedyName,
  TensorClip,
  WeightGranularity,
} from '../shared/protocol/choices';
import type { SettledSettings } from '../shared/protocol/settings';
import { layerChoice } from '../shared/shapes/modelShape';
import { parseCalibration, parseSamples, parseTargetDrop, profileChoices } from './parseSettings';

/** What a rule may make of a layer. */
export const layerChoices: readonly LayerChoice[] = layerChoice.options;
/** What a rule may make of an operator between the layers. */
export const operatorChoices: readonly OperatorChoice[] = ['int8', 'float'];
/** What `remedies` may name. */
export const remedyNames: readonly RemedyName[] = [
  'equalize',
  'split-depthwise',
  'gelu10',
  'round',
  'correct-bias',
];
/** Of a recipe with a rule for each of a million layers. */
const MAX_RECIPE_BYTES = 2 ** 26;
const granularities: readonly WeightGranularity[] = ['per-channel', 'per-tensor'];

/** What is wrong with a recipe, and where. */
export class RecipeError extends EngineError {
  constructor(
    file: string,
    line: number,
    /** Of the text, in UTF-16 code units. */
    readonly offset: number,
    said: string,
    hint: string,
  ) {
    super('bad-option', `${file}:${line}: ${said}`, hint);
  }
}

/** Reads the parts of one recipe; errors name the file and the line. */
class RecipeReader {
  constructor(
    private readonly text: string,
    private readonly file: string,
  ) {}

  fail(offset: number, said: string, hint: string): RecipeError {
    const line = this.text.slice(0, offset).split('\n').length;
    return new RecipeError(this.file, line, offset, said, hint);
  }

  /** Keys and values of an object, in order. */
  entries(node: Node, what: string): [key: string, value: Node][] {
    if (node.type !== 'object') throw this.fail(node.offset, `${what} is no object.`, 'Write { … }.');
    const seen = new Set<string>();
    return (node.children ?? []).flatMap(({ offset, children }): [string, Node][] => {
      const [key, value] = children ?? [];
      if (key === undefined || value === undefined) return [];
      const name = String(getNodeValue(key));
      if (seen.has(name)) throw this.fail(offset, `"${name}" is there twice.`, 'Leave one of them.');
      seen.add(name);
      return [[name, value]];
    });
  }

  oneOf<T extends string>(node: Node, what: string, known: readonly T[]): T {
    const value: unknown = getNodeValue(node);
    const found = known.find((k) => k === value);
    if (found !== undefined) return found;
    const said = this.text.slice(node.offset, node.offset + node.length);
    throw this.fail(node.offset, `there is no ${what} ${said}.`, `Use ${known.join(', ')}.`);
  }

  rules<T extends string>(node: Node, what: string, known: readonly T[]): RecipeRule<T>[] {
    return this.entries(node, `"${what}s"`).map(([match, value]) => ({
      match,
      choice: this.oneOf<T | 'auto'>(value, `choice for ${what} "${match}":`, [...known, 'auto']),
    }));
  }

  clips(node: Node): TensorClip[] {
    return this.entries(node, '"clips"').map(([tensor, value]) => {
      const clip: unknown = getNodeValue(value);
      if (typeof clip === 'number' && clip > 0 && Number.isFinite(clip)) return [tensor, clip];
      const said = this.text.slice(value.offset, value.offset + value.length);
      throw this.fail(
        value.offset,
        `${said} is no clip for tensor "${tensor}".`,
        'Write the largest magnitude that it keeps, such as 2.5.',
      );
    });
  }

  words(node: Node, key: string): string {
    const value: unknown = getNodeValue(node);
    if (typeof value === 'string' && value !== '') return value;
    throw this.fail(node.offset, `"${key}" is no text.`, 'Write it between quotes.');
  }

  /** A text, or a number as its text, read by what reads it from a command line. */
  parsed<T>(node: Node, key: string, parse: (text: string) => T): T {
    if (node.type !== 'string' && node.type !== 'number')
      throw this.fail(node.offset, `"${key}" is no text.`, 'Say what the option of the same name takes.');
    try {
      return parse(String(getNodeValue(node)));
    } catch (thrown) {
      if (thrown instanceof EngineError) throw this.fail(node.offset, thrown.message, thrown.hint);
      throw thrown;
    }
  }
}

/** A recipe's text, and what the parser of JSON made of it. */
export interface ParsedText {
  text: string;
  /** `undefined` where there is no value at all. */
  root: Node | undefined;
  errors: readonly ParseError[];
  /** Where it is nested too deeply to be parsed; `null` for others. */
  deepAt: number | null;
}

/** Parses JSON with comments and trailing commas; never throws. */
export function parseText(text: string): ParsedText {
  const errors: ParseError[] = [];
  const deepAt = tooDeepAt(text);
  if (deepAt !== null) return { text, root: undefined, errors, deepAt };
  const root = parseTree(text, errors, { allowTrailingComma: true });
  return { text, root, errors, deepAt };
}

/**
 * Reads a recipe: JSON with comments and trailing commas (docs/recipe.md).
 * @param file its name, for errors
 * @throws RecipeError that names the file, the line and what is wrong there
 */
export function parseRecipe(text: string, file: string): Recipe {
  return recipeIn(parseText(text), file);
}

/** Words for what jsonc-parser calls `CommaExpected`: `Comma expected`. */
export function describeParseError({ error }: ParseError): string {
  return printParseErrorCode(error).replaceAll(/(?<=[a-z])[A-Z]/g, (c) => ` ${c.toLowerCase()}`);
}

/**
 * The recipe in a text that is parsed already.
 * @throws RecipeError as {@link parseRecipe} does
 */
export function recipeIn({ text, root, errors, deepAt }: ParsedText, file: string): Recipe {
  const reader = new RecipeReader(text, file);
  if (deepAt !== null) throw reader.fail(deepAt, `it ${TOO_DEEP}.`, 'docs/recipe.md shows one.');
  const [broken] = errors;
  if (broken !== undefined || root === undefined) {
    const said = broken === undefined ? 'it is empty' : describeParseError(broken);
    throw reader.fail(
      broken?.offset ?? 0,
      `is no JSON (${said}).`,
      'Comments and trailing commas are allowed.',
    );
  }
  const recipe: Recipe = { version: RECIPE_VERSION, layers: [], operators: [] };
  const readers: Record<keyof Recipe, (node: Node) => void> = {
    version: (node) => {
      if (getNodeValue(node) === RECIPE_VERSION) return;
      const said = text.slice(node.offset, node.offset + node.length);
      throw reader.fail(
        node.offset,
        `version ${said} is not known.`,
        `This program reads version ${RECIPE_VERSION}.`,
      );
    },
    model: (node) => (recipe.model = reader.words(node, 'model')),
    data: (node) => (recipe.data = reader.words(node, 'data')),
    preset: (node) => (recipe.preset = reader.oneOf(node, 'preset', presetNames)),
    samples: (node) => (recipe.samples = reader.parsed(node, 'samples', parseSamples)),
    profile: (node) => (recipe.profile = reader.oneOf<ProfileChoice>(node, 'profile', profileChoices)),
    weights: (node) => (recipe.weights = reader.oneOf(node, 'weight granularity', granularities)),
    calibration: (node) => (recipe.calibration = reader.parsed(node, 'calibration', parseCalibration)),
    targetDrop: (node) => (recipe.targetDrop = reader.parsed(node, 'targetDrop', parseTargetDrop)),
    remedies: (node) => {
      if (node.type !== 'array') throw reader.fail(node.offset, '"remedies" is no list.', 'Write [ … ].');
      recipe.remedies = (node.children ?? []).map((child) => reader.oneOf(child, 'remedy', remedyNames));
    },
    layers: (node) => (recipe.layers = reader.rules(node, 'layer', layerChoices)),
    operators: (node) => (recipe.operators = reader.rules(node, 'operator', operatorChoices)),
    clips: (node) => (recipe.clips = reader.clips(node)),
  };
  const known = Object.keys(readers);
  const entries = reader.entries(root, 'A recipe');
  for (const [key, node] of entries) {
    const read = Object.entries(readers).find(([name]) => name === key)?.[1];
    if (read === undefined)
      throw reader.fail(node.offset, `there is no key "${key}".`, `Use ${known.join(', ')}.`);
    read(node);
  }
  if (!entries.some(([key]) => key === 'version'))
    throw reader.fail(0, 'it has no version.', `Begin with "version": ${RECIPE_VERSION}.`);
  return recipe;
}

/** A recipe whose data is named from the folder of its file, as the programs name it. */
export function withDataPath(recipe: Recipe, file: string): Recipe {
  const { data } = recipe;
  if (data === undefined || isSynthetic(data)) return recipe;
  return { ...recipe, data: resolve(dirname(file), data) };
}

/** @throws EngineError `not-found`, and as {@link parseRecipe} does */
export async function readRecipe(file: string): Promise<Recipe> {
  const bytes = await readRegularFile(file, MAX_RECIPE_BYTES).catch((thrown: unknown) => {
    const [why, hint] =
      thrown instanceof UnreadableFile
        ? [`it ${thrown.message}`, thrown.hint]
        : [errorText(thrown), 'Check the path.'];
    throw new EngineError('not-found', `Cannot read the recipe ${file}: ${why}.`, hint, { cause: thrown });
  });
  const text = new TextDecoder().decode(bytes);
  return withDataPath(parseRecipe(text, baseName(file)), file);
}

/**
 * The recipe by which a model is made again as it was decided: every part of it is decided. Parts that a remedy made, which the
 * file does not have, are left out.
 */
export function recipeOf(
  { method, weights, operators, choices, remedies, clips }: Decisions,
  {
    profile,
    targetDrop,
    preset,
    samples,
  }: Pick<SettledSettings, 'profile' | 'targetDrop' | 'preset' | 'samples'>,
  original: Record<'layers' | 'unreached' | 'operators', readonly { name: string }[]>,
): Recipe {
  const rules = <T>(
    parts: readonly { name: string }[],
    choiceOf: (name: string) => T | undefined,
  ): RecipeRule<T>[] =>
    parts.flatMap(({ name }) => {
      const choice = choiceOf(name);
      return choice === undefined ? [] : [{ match: name, choice }];
    });
  const integer = new Set(operators);
  // Names are anyone's: `constructor` is a key of every object.
  const chosen = new Map(Object.entries(choices));
  return {
    ...{ version: RECIPE_VERSION, profile, weights, calibration: method, remedies },
    // How many calibrate decides of every clip.
    ...(samples === null ? {} : { samples }),
    ...(preset === null ? {} : { preset }),
    ...(targetDrop > 0 ? { targetDrop } : {}),
    layers: [
      { match: '*', choice: 'int8' },
      ...rules([...original.layers, ...original.unreached], (name) => chosen.get(name)),
    ],
    operators: [
      { match: '*', choice: 'float' },
      ...rules<OperatorChoice>(original.operators, (name) => (integer.has(name) ? 'int8' : undefined)),
    ],
    ...(clips === undefined ? {} : { clips }),
  };
}
