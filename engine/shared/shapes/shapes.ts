import * as v from 'valibot';
import { shorten } from '../format';
import { ownValue } from '../ownValue';

/** Whether two types are the same, in keys that may be left out too, however they are put together. */
export type Same<A, B> = [A, Known<A>] extends [B, Known<B>]
  ? [B, Known<B>] extends [A, Known<A>]
    ? true
    : false
  : false;
type Known<T> = T extends object ? { [K in keyof T]-?: Known<T[K]> } : T;

/** JSON writes NaN and infinities as `null`, which is no number. */
export const finite = v.pipe(v.number(), v.finite());
export const count = countFrom(0);
export const text = v.string();
export const texts = v.array(text);
/** ISO 8601. */
export const date = v.pipe(
  text,
  v.check((value) => !Number.isNaN(Date.parse(value)), 'no date'),
);

/** A whole number of at least `least`. */
export function countFrom(least: number) {
  return v.pipe(
    v.number(),
    v.safeInteger(),
    v.minValue(least),
    v.description(`a whole number from ${least}`),
  );
}

/** An object whose keys are anyone's names, `__proto__` among them, which records of the library leave out. */
export function named<T>(item: v.GenericSchema<T>): v.GenericSchema<Record<string, T>> {
  return v.pipe(
    v.custom<Record<string, T>>(isObject, 'no object'),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const input = dataset.value;
      for (const [key, value] of Object.entries(input))
        if (!v.is(item, value))
          addIssue({ input: value, path: [{ type: 'object', origin: 'value', input, key, value }] });
    }),
  );
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A long list of numbers, in which each is looked at without an object of its own. */
export function counts(most: number): v.GenericSchema<number[]> {
  return v.custom<number[]>(
    (value) =>
      Array.isArray(value) &&
      value.length <= most &&
      value.every((one) => typeof one === 'number' && Number.isSafeInteger(one) && one >= 0),
    `no list of at most ${most} counts`,
  );
}

const MOST_SHOWN = 60;

/** Why a value is none of a schema's: the key and what stands there: `layers[3].drop is null`; `null` where it is one. */
export function misfit(schema: v.GenericSchema, value: unknown): string | null {
  const first = firstMisfit(schema, value);
  if (first === null) return null;
  const key = first.place.replace(/^\./, '');
  return `${key === '' ? 'it' : key} is ${first.found}`;
}

/** Where a value is none of a schema's, such as `.layers[3].drop`, what is found there, and what has to be; `null` where it is one. */
export function firstMisfit(
  schema: v.GenericSchema,
  value: unknown,
): Record<'place' | 'found' | 'wanted', string> | null {
  const { issues } = v.safeParse(schema, value, { abortEarly: true });
  if (issues === undefined) return null;
  const [first] = issues;
  const keys = (first.path ?? []).map(({ key }) => key);
  const place = keys.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  const literal = first.type === 'literal' && first.expected !== null ? `, not ${first.expected}` : '';
  // More items than a list has to have.
  const wanted = first.expected === 'never' ? 'left out' : wordsOf(partAt(schema, keys));
  return { place, found: `${shown(first.input)}${literal}`, wanted };
}

/** A schema with those of its values' parts: of a member, an item, and what may be null or left out. */
interface Parts extends v.GenericSchema {
  entries?: Readonly<Record<string, Parts>>;
  items?: readonly Parts[];
  item?: Parts;
  wrapped?: Parts;
}

/** The schema of what stands at a place; of what is around it where that has none for it. */
function partAt(schema: Parts, keys: readonly unknown[]): Parts {
  const { entries = {}, items, item, wrapped } = schema;
  if (wrapped !== undefined) return partAt(wrapped, keys);
  const [key, ...others] = keys;
  const part = ownValue(entries, String(key)) ?? items?.[Number(key)] ?? item;
  return keys.length === 0 || part === undefined ? schema : partAt(part, others);
}

const kinds = new Map([
  ['string', 'a text'],
  ['number', 'a number'],
  ['boolean', 'true or false'],
  ['Array', 'a list'],
]);

function wordsOf(schema: Parts): string {
  const { entries, expects } = schema;
  if (entries !== undefined) return `an object with ${Object.keys(entries).join(', ')}`;
  const values = expects.replaceAll(/[()]/g, '').replaceAll(' | ', ', ');
  return v.getDescription(schema) ?? kinds.get(expects) ?? `one of ${values}`;
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'object' && value !== null
    ? 'an object'
    : shorten(JSON.stringify(value), MOST_SHOWN);
}
