/**
 * What a record has under a name of its own, and nothing of what every object has: names come from files, and a tensor may be
 * called `constructor` or `__proto__`.
 */
export function ownValue<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
