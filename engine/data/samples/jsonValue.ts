import { badData } from './badData';

export interface NumberRule {
  integer?: boolean;
  min?: number;
  max?: number;
}

/** A value from a JSON file that knows where it stands, so that every complaint names file, key and value. */
export class JsonValue {
  constructor(
    private readonly file: string,
    private readonly path: string,
    readonly value: unknown,
  ) {}

  /** The error for this value; `hint` says what to write instead. */
  error(hint: string): Error {
    const text = textOf(this.value);
    const shown = text.length > 80 ? `${text.slice(0, 77)}…` : text;
    return badData(`${this.file}: ${this.path === '' ? 'the file' : this.path} is ${shown}.`, hint);
  }

  /**
   * The members of an object.
   * @throws EngineError `bad-data` when it is no object or has a key that is not among `known`
   */
  members(known: readonly string[]): Map<string, JsonValue> {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw this.error(`Write an object with ${known.join(', ')}.`);
    const members = new Map<string, JsonValue>();
    for (const [key, member] of Object.entries(value)) {
      const path = this.path === '' ? key : `${this.path}.${key}`;
      if (!known.includes(key))
        throw badData(`${this.file}: ${path} is not a known key.`, `Known here: ${known.join(', ')}.`);
      members.set(key, new JsonValue(this.file, path, member));
    }
    return members;
  }

  /** A member that must be there. */
  static required(owner: JsonValue, members: Map<string, JsonValue>, key: string): JsonValue {
    const member = members.get(key);
    if (member === undefined) throw owner.error(`Add the key "${key}".`);
    return member;
  }

  /** An item of a list. */
  item(index: number): JsonValue {
    const item: unknown = Array.isArray(this.value) ? this.value[index] : undefined;
    return new JsonValue(this.file, `${this.path}[${index}]`, item);
  }

  items(): JsonValue[] {
    if (!Array.isArray(this.value)) throw this.error('Write a list.');
    return this.value.map((_, index) => this.item(index));
  }

  string(): string {
    if (typeof this.value !== 'string' || this.value === '') throw this.error('Write a text in quotes.');
    return this.value;
  }

  boolean(): boolean {
    if (typeof this.value !== 'boolean') throw this.error('Write true or false.');
    return this.value;
  }

  number({ integer = false, min = -Infinity, max = Infinity }: NumberRule = {}): number {
    const { value } = this;
    const fits =
      typeof value === 'number' &&
      Number.isFinite(value) &&
      (!integer || Number.isInteger(value)) &&
      value >= min &&
      value <= max;
    if (fits) return value;
    const bounds = [
      ...(min === -Infinity ? [] : [`at least ${min}`]),
      ...(max === Infinity ? [] : [`at most ${max}`]),
    ].join(' and ');
    throw this.error(`Write a ${integer ? 'whole ' : ''}number${bounds === '' ? '' : ` of ${bounds}`}.`);
  }

  oneOf<T extends number | string>(allowed: readonly T[]): T {
    const found = allowed.find((one) => one === this.value);
    if (found === undefined)
      throw this.error(`Write one of ${allowed.map((one) => JSON.stringify(one)).join(', ')}.`);
    return found;
  }
}

/** As JSON; what JSON lacks, which a module may hold, in words. */
function textOf(value: unknown): string {
  const text = JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'bigint' ? String(member) : member,
  ) as string | undefined;
  return text ?? String(value);
}
