import fc from 'fast-check';

type Json = Record<string, unknown> | unknown[];

/** What may stand for any value: of each type, at the ends of what it can be. */
const odd: readonly unknown[] = [
  ...[
    null,
    true,
    0,
    -1,
    0.5,
    1e308,
    -1e308,
    2 ** 53,
    5e-324,
    '',
    'x',
    '__proto__',
    'y'.repeat(1e5),
    '2026-02-30',
  ],
  ...[
    [],
    [null],
    ['x'],
    [[]],
    {},
    { x: null },
    { length: 7 },
    JSON.parse('{"__proto__": 7}') as unknown,
    new Array(1000).fill(1e300),
  ],
];

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null;
}

/** Every place of a value, as the object or list and the key; of long lists the first entries. */
function places(value: unknown): [owner: Json, key: string][] {
  if (!isJson(value)) return [];
  return Object.entries(value)
    .slice(0, 60)
    .flatMap(([key, inner]): [Json, string][] => [[value, key], ...places(inner)]);
}

/** Values that are like `make()` but for one to three places of it, which are gone or something else. */
export function mutated(make: () => unknown): fc.Arbitrary<unknown> {
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(odd.length)), { minLength: 1, maxLength: 3 });
  return changes.map((some) => {
    const value: unknown = JSON.parse(JSON.stringify(make()));
    for (const [at, what] of some) {
      const all = places(value);
      const [owner, key] = all[at % all.length] ?? [[], ''];
      if (what < odd.length) Object.assign(owner, { [key]: structuredClone(odd[what]) });
      else if (Array.isArray(owner)) owner.splice(Number(key), 1);
      else Reflect.deleteProperty(owner, key);
    }
    return value;
  });
}
