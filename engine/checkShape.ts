import { EngineError } from './engineError';

/**
 * Throws where a value that came from another process is not of type T.
 * @param at where it stands, such as `params.path`
 */
export type Check<T> = ((value: unknown, at: string) => void) & { readonly of?: T };

/** A check for every key; those of T that may be left out are optional there. */
type Shape<T> = { [K in keyof T]-?: Check<object extends Pick<T, K> ? T[K] | undefined : T[K]> };

function fail(value: unknown, at: string, wanted: string): never {
  if (value === undefined)
    throw new EngineError('bad-option', `${at} is missing.`, `It has to be ${wanted}.`);
  const text = JSON.stringify(value);
  const shown = text.length > 80 ? `${text.slice(0, 77)}…` : text;
  throw new EngineError('bad-option', `${at} is ${shown}.`, `It has to be ${wanted}.`);
}

/** A text; of which ones there are, others know. */
export function text<T extends string>(): Check<T> {
  return (value, at) => {
    if (typeof value !== 'string') fail(value, at, 'a text');
  };
}

/** A number, as all that came by JSON are. */
export const number: Check<number> = (value, at) => {
  if (typeof value !== 'number') fail(value, at, 'a number');
};

/** How many of something that there has to be. */
export const count: Check<number> = (value, at) => {
  if (!Number.isSafeInteger(value) || (value as number) < 1) fail(value, at, 'a whole number from 1');
};

export const boolean: Check<boolean> = (value, at) => {
  if (typeof value !== 'boolean') fail(value, at, 'true or false');
};

export function oneOf<T extends string | number>(known: readonly T[]): Check<T> {
  return (value, at) => {
    const names = known.map((one) => JSON.stringify(one)).join(', ');
    if (!known.some((one) => one === value)) fail(value, at, `one of ${names}`);
  };
}

export function nullable<T>(check: Check<T>): Check<T | null> {
  return (value, at) => {
    if (value !== null) check(value, at);
  };
}

export function optional<T>(check: Check<T>): Check<T | undefined> {
  return (value, at) => {
    if (value !== undefined) check(value, at);
  };
}

export function listOf<T>(check: Check<T>): Check<T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) fail(value, at, 'a list');
    value.forEach((item, index) => check(item, `${at}[${index}]`));
  };
}

export function pairOf<A, B>(first: Check<A>, second: Check<B>): Check<[A, B]> {
  return (value, at) => {
    if (!Array.isArray(value) || value.length !== 2) fail(value, at, 'a list of two');
    first(value[0], `${at}[0]`);
    second(value[1], `${at}[1]`);
  };
}

/** An object with these keys; others are passed over, as the language server protocol wants it. */
export function shapeOf<T>(shape: Shape<T>): Check<T> {
  const keys = Object.keys(shape) as (keyof T & string)[];
  return (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      fail(value, at, `an object with ${keys.join(', ')}`);
    for (const key of keys) {
      const member: unknown = Object.hasOwn(value, key) ? value[key as keyof typeof value] : undefined;
      shape[key](member, `${at}.${key}`);
    }
  };
}
