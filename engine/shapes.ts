import * as v from 'valibot';
import { shorten } from './format';

/** Whether two types are the same, in keys that may be left out too, however they are put together. */
export type Same<A, B> = [A, Known<A>] extends [B, Known<B>]
  ? [B, Known<B>] extends [A, Known<A>]
    ? true
    : false
  : false;
type Known<T> = T extends object ? { [K in keyof T]-?: Known<T[K]> } : T;

/** JSON writes NaN and infinities as `null`, which is no number. */
export const finite = v.pipe(v.number(), v.finite());
export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
export const text = v.string();
export const texts = v.array(text);
/** ISO 8601. */
export const date = v.pipe(
  text,
  v.check((value) => !Number.isNaN(Date.parse(value)), 'no date'),
);

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

/**
 * Why a value is none of a schema's: the key, what stands there, and what should: `layers[3].drop is null, where …`; `null` where
 * it is one.
 */
export function misfit(schema: v.GenericSchema, value: unknown): string | null {
  const { issues } = v.safeParse(schema, value, { abortEarly: true });
  if (issues === undefined) return null;
  const [first] = issues;
  const path = (first.path ?? []).map(({ key }) =>
    typeof key === 'number' ? `[${key}]` : `.${String(key)}`,
  );
  const key = path.join('').replace(/^\./, '');
  const wanted = first.type === 'literal' && first.expected !== null ? `, not ${first.expected}` : '';
  return `${key === '' ? 'it' : key} is ${shown(first.input)}${wanted}`;
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'object' && value !== null
    ? 'an object'
    : shorten(JSON.stringify(value), MOST_SHOWN);
}
