import type { Camera } from './camera';

const colourings = ['drop', 'sqnr', 'numbers'] as const;
/** What a node's colour tells: what a layer costs, its noise, or what it is computed on. */
export type Colouring = (typeof colourings)[number];

/** What the user has set in the graph. */
export interface GraphState {
  colouring: Colouring;
  /** Hash of the model that the rest is about. */
  hash: string;
  /** Indices of open groups; `null` for those at first. */
  open: readonly number[] | null;
  /** Index of the node that has the focus, if one has. */
  focus: number | null;
  camera: Camera | null;
}

export const initialGraph: GraphState = {
  colouring: 'drop',
  hash: '',
  open: null,
  focus: null,
  camera: null,
};

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/** What an earlier view stored, field by field. */
export function restoreGraph(saved: unknown): GraphState {
  if (typeof saved !== 'object' || saved === null) return initialGraph;
  const { colouring, hash, open, focus, camera } = saved as Record<string, unknown>;
  const { x, y, scale } = (camera ?? {}) as Record<string, unknown>;
  return {
    colouring: colourings.find((known) => known === colouring) ?? initialGraph.colouring,
    hash: typeof hash === 'string' ? hash : '',
    open: Array.isArray(open) ? open.filter(isNumber) : null,
    focus: isNumber(focus) ? focus : null,
    camera: isNumber(x) && isNumber(y) && isNumber(scale) && scale > 0 ? { x, y, scale } : null,
  };
}
