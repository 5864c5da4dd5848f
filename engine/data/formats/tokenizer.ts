import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText } from '../../shared/engineError';
import { parseJson } from '../../shared/parseJson';
import { badData } from '../samples/badData';
import { castTensor } from '../samples/castTensor';
import type { InputSpec, Tensor } from '../samples/dataset';
import { insideFolder } from '../samples/resolveInside';
import { readBounded } from '../samples/readBounded';

/** Turns a text into a sample's feeds; `where` is what errors call it. */
export type Tokenizer = (text: unknown, where: string) => Record<string, Tensor>;

/** What lies beside texts. */
export const TOKENIZER_NAME = 'tokenizer.json';
const MAX_FILE_BYTES = 2 ** 26;
/** Tokens of one text, where the model leaves the length open. */
const MOST_TOKENS = 128;

/** What feeds an input, by its name; all are [1, tokens]. */
const roles: readonly { pattern: RegExp; of: (ids: readonly number[], kept: number) => number[] }[] = [
  { pattern: /mask/i, of: (ids, kept) => ids.map((_, i) => (i < kept ? 1 : 0)) },
  { pattern: /type|segment/i, of: (ids) => ids.map(() => 0) },
  { pattern: /position/i, of: (ids) => ids.map((_, i) => i) },
  { pattern: /ids?$|tokens?$|input/i, of: (ids) => [...ids] },
];

/**
 * Opens the `tokenizer.json` of Hugging Face in a folder for a model that reads tokens: `input_ids`, and if it has them
 * `attention_mask`, `token_type_ids`, `position_ids`. Texts are cut to the model's length, or 128 tokens, and padded with token 0
 * where its length is fixed.
 * @throws EngineError `bad-data` when there is none, it is damaged, or the model takes something else
 */
export async function openTokenizer(folder: string, inputs: readonly InputSpec[]): Promise<Tokenizer> {
  const found = await stat(join(folder, TOKENIZER_NAME)).catch(() => null);
  if (found === null)
    throw badData(
      `There is no ${TOKENIZER_NAME} beside the text.`,
      `Put the model's ${TOKENIZER_NAME} into ${folder}.`,
    );
  const bytes = await readBounded(
    await insideFolder(folder, TOKENIZER_NAME, TOKENIZER_NAME),
    MAX_FILE_BYTES,
    TOKENIZER_NAME,
  );
  const fed = inputs.map((spec) => {
    const role = roles.find(({ pattern }) => pattern.test(spec.name));
    if (role !== undefined) return { spec, role };
    throw badData(`No tokens can feed the input "${spec.name}".`, 'Save samples as .npz files instead.');
  });
  let tokenizer: HuggingFaceTokenizer;
  try {
    tokenizer = new HuggingFaceTokenizer(parseJson(new TextDecoder().decode(bytes)) as object, {});
  } catch (error) {
    throw badData(`${TOKENIZER_NAME} cannot be used: ${errorText(error)}.`, "Take the model's own.", error);
  }
  const fixed = inputs.map((spec) => spec.dims?.[1]).find((dim) => typeof dim === 'number');
  return (text, where) => {
    if (typeof text !== 'string') throw badData(`${where} is no text.`, 'Write a text on each line.');
    const ids = encode(tokenizer, text, where).slice(0, fixed ?? MOST_TOKENS);
    if (ids.length === 0) throw badData(`${where} has no tokens.`, 'Remove that line.');
    const padded = fixed === undefined ? ids : [...ids, ...new Array<number>(fixed - ids.length).fill(0)];
    const feeds = fed.map(({ spec, role }) => {
      const data = Float64Array.from(role.of(padded, ids.length));
      const tensor: Tensor = { type: 'float64', dims: [1, padded.length], data };
      return [spec.name, castTensor(tensor, spec.type, `${where}: "${spec.name}"`)] as const;
    });
    return Object.fromEntries(feeds);
  };
}

function encode(tokenizer: HuggingFaceTokenizer, text: string, where: string): number[] {
  try {
    return tokenizer.encode(text).ids;
  } catch (error) {
    throw badData(
      `${where} cannot be turned into tokens: ${errorText(error)}.`,
      `Check ${TOKENIZER_NAME}.`,
      error,
    );
  }
}
