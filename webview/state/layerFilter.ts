import { isNoise } from '../../engine/shared/format';
import type { LayerSummary } from '../../engine/shared/protocol/model';
import type { CauseKind } from '../../engine/shared/protocol/report';
import type { LayerRow } from './layerRows';
import { kindOf } from './layerState';
import { type Facets, stateKinds } from './state';

export const noFacets: Facets = {
  state: null,
  operator: null,
  cause: null,
  aboveNoise: false,
  decided: false,
};

/** Facets that an earlier view stored; what is not understood asks for nothing. */
export function restoreFacets(saved: unknown, causes: readonly CauseKind[]): Facets {
  if (typeof saved !== 'object' || saved === null) return noFacets;
  const of = saved as Record<string, unknown>;
  return {
    state: stateKinds.find((kind) => kind === of['state']) ?? null,
    operator: typeof of['operator'] === 'string' ? of['operator'] : null,
    cause: causes.find((kind) => kind === of['cause']) ?? null,
    aboveNoise: of['aboveNoise'] === true,
    decided: of['decided'] === true,
  };
}

/** How many of the facets ask for something. */
export function facetCount(facets: Facets): number {
  return Object.values(facets).filter((value) => value !== null && value !== false).length;
}

/** Tells whether the filter's text occurs in a layer's name, operator or weight, or its cause's title, in any case. */
export function textFilter(filter: string): (layer: LayerSummary, causeTitle?: string) => boolean {
  const needle = filter.trim().toLowerCase();
  if (needle === '') return () => true;
  return (layer, causeTitle = '') =>
    [layer.name, layer.opType, layer.weight ?? '', causeTitle].some((text) =>
      text.toLowerCase().includes(needle),
    );
}

/** Whether a row is like the facets ask. */
export function matchesFacets({ state, summary, report, alone }: LayerRow, facets: Facets): boolean {
  return (
    (facets.state === null || kindOf(state) === facets.state) &&
    (facets.operator === null || summary.opType === facets.operator) &&
    (facets.cause === null || report?.cause?.kind === facets.cause) &&
    (!facets.aboveNoise || (alone !== null && !isNoise(alone))) &&
    (!facets.decided || state.isDecided)
  );
}
