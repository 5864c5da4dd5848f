import type { InputSpec } from '../samples/dataset';

/** What the thread of a user's module is started with. */
export interface ModuleStart {
  path: string;
  inputs: readonly InputSpec[];
}

/** What a module says of itself. */
export interface ModuleAbout {
  /** Number of samples that `load` answers; `null` for a module that yields them one after another. */
  length: number | null;
  /** As the module exports them, whatever they are. */
  metric: unknown;
  alphabet: unknown;
  threshold: unknown;
}

/** Asks for a sample by number, the next of a stream (`'next'`), or what the module is (`'about'`). */
export interface ModuleRequest {
  id: number;
  ask: number | 'next' | 'about';
}

/** `done` ends a stream. `value` is {@link ModuleAbout}, or a sample as the module made it, without its prototypes. */
export type ModuleResponse = { id: number } & (
  { kind: 'value'; value: unknown } | { kind: 'done' } | { kind: 'error'; text: string }
);
